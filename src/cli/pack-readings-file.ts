import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "#errors";
import { writeDurably } from "#files";
import type { PackReading, PackReadings } from "#repository";
import { ownFolder, stateFolder } from "./folders.ts";
import type { CommandContext } from "./command.ts";
import { safeText } from "./text.ts";

/**
 * Which packs of one repository were read when: a file of the state folder.
 *
 *   "restante packs 1\n" ‖ repository ID [32] ‖ a pack: ID [32] ‖ i64 LE nanoseconds since 1970 ‖ u8 sound ‖ … ‖ sha256 [32] of all before
 */
const magic = Buffer.from("restante packs 1\n");
const idBytes = 32;
const entryBytes: number = idBytes + 8 + 1;
const headBytes: number = magic.length + idBytes;

export type PackReadingsFileOptions = {
  readonly folder: string;
  readonly repositoryId: string;
  /** Told once what keeps it from being read or written: then everything counts as not read. */
  readonly onProblem: (sentence: string) => void;
};

/** The readings of a run of the command line. */
export function readingsOf(
  { output, surroundings }: CommandContext,
  repositoryId: string,
): PackReadings {
  const folder = stateFolder(surroundings.environment, { isRoot: process.geteuid?.() === 0 });
  const onProblem = (sentence: string): void => output.warning(sentence);
  return packReadingsFile({ folder, repositoryId, onProblem });
}

export function packReadingsFile(options: PackReadingsFileOptions): PackReadings {
  const folder = join(options.folder, "packs-read");
  const path = join(folder, options.repositoryId);
  let isTold = false;
  const tell = (action: string, reason: string): void => {
    if (!isTold) options.onProblem(`${safeText(path)} was not ${action}: ${reason}`);
    isTold = true;
  };
  return {
    async load() {
      try {
        const readings = decodeReadings(await readFile(path), options.repositoryId);
        if (readings !== undefined) return readings;
        tell("used", "it is damaged; every pack counts as not read");
      } catch (error) {
        if (systemErrorCode(error) !== "ENOENT") tell("read", reasonOf(error));
      }
      return new Map();
    },
    async save(readings) {
      try {
        await ownFolder(folder);
        await writeDurably(path, encodeReadings(readings, options.repositoryId));
      } catch (error) {
        tell("written", `${reasonOf(error)}; what was read now is read again next time`);
      }
    },
  };
}

function reasonOf(error: unknown): string {
  return systemErrorCode(error) ?? safeText(String(error));
}

export function encodeReadings(
  readings: ReadonlyMap<string, PackReading>,
  repositoryId: string,
): Uint8Array {
  const bytes = Buffer.alloc(headBytes + readings.size * entryBytes);
  magic.copy(bytes);
  bytes.write(repositoryId, magic.length, "hex");
  let at = headBytes;
  for (const [packId, { atNs, isSound }] of readings) {
    bytes.write(packId, at, "hex");
    bytes.writeBigInt64LE(atNs, at + idBytes);
    bytes[at + idBytes + 8] = isSound ? 1 : 0;
    at += entryBytes;
  }
  return Buffer.concat([bytes, digestOf(bytes)]);
}

/** Undefined where the bytes are not the whole file of this repository. */
export function decodeReadings(
  bytes: Buffer,
  repositoryId: string,
): ReadonlyMap<string, PackReading> | undefined {
  const end = bytes.length - idBytes;
  const isWhole =
    end >= headBytes &&
    (end - headBytes) % entryBytes === 0 &&
    bytes.subarray(0, magic.length).equals(magic) &&
    bytes.toString("hex", magic.length, headBytes) === repositoryId &&
    digestOf(bytes.subarray(0, end)).equals(bytes.subarray(end));
  if (!isWhole) return undefined;
  const readings = new Map<string, PackReading>();
  for (let at = headBytes; at < end; at += entryBytes) {
    const isSound = bytes[at + idBytes + 8] === 1;
    const atNs = bytes.readBigInt64LE(at + idBytes);
    readings.set(bytes.toString("hex", at, at + idBytes), { atNs, isSound });
  }
  return readings;
}

function digestOf(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
