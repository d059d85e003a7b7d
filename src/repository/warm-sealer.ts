/**
 * The first use of each cipher costs its thread some dozen milliseconds, in which OpenSSL looks for it
 * and the direct way is tested: spent while another thread derives the key, which leaves this one idle.
 * So is the collection of what loading the program left: it falls due about when the key is there, and
 * would take 15 ms of a command that prints one message in 60.
 */
import { randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
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
    collectGarbage();
  }
  return await finding;
}

/** V8 hands its collector to contexts that are made while this flag is set, and to no others. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("globalThis.gc");
  setFlagsFromString("--no-expose-gc");
  if (typeof collect === "function") collect();
}
