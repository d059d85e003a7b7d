/**
 * The first use of each cipher costs its thread some dozen milliseconds, in which OpenSSL looks for it
 * and the direct way is tested: spent while another thread derives the key, which leaves this one idle.
 */
import { randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { masterKeyFromBytes, openSealer } from "./crypto.ts";

/** By then the key file has been read, and the half second of scrypt has begun. */
const startOfDerivationMs = 5;
let isWarm = false;

export async function withWarmSealer<Found>(finding: Promise<Found>): Promise<Found> {
  if (!isWarm) {
    isWarm = true;
    // It is awaited below; until then its failure must not count as unhandled.
    finding.catch(() => undefined);
    await setTimeout(startOfDerivationMs);
    const sealer = openSealer(masterKeyFromBytes(randomBytes(64)));
    sealer.open(sealer.seal(randomBytes(16)));
  }
  return await finding;
}
