/**
 * What a scan cache belongs to. A capture that found nothing changed writes these few facts beside
 * the file instead of the file's tens of megabytes once more.
 *
 * File: 8 hexadecimal digits, the crc32 of the rest ‖ JSON `{"of":…,"facts":…}`
 */
import { crc32 } from "node:zlib";
import { z } from "zod/mini";

const factsSchema = z.object({
  repositoryId: z.string(),
  snapshotId: z.string(),
  /** Volume identity: another volume's inodes mean nothing. */
  volumeId: z.string(),
  /** Index files of the repository at that time: while all are there, all blobs are. */
  indexIds: z.array(z.string()),
});
export type ScanFacts = {
  readonly repositoryId: string;
  readonly snapshotId: string;
  readonly volumeId: string;
  readonly indexIds: readonly string[];
};

const laterSchema = z.object({ of: z.string(), facts: factsSchema });
const sumDigits = 8;

/** Throws where the text is something else. */
export function parseFacts(json: string): ScanFacts {
  return factsSchema.parse(JSON.parse(json));
}

/** Facts of a later capture, about the scan cache of that `fileId`. */
export function encodeLaterFacts(fileId: string, facts: ScanFacts): Buffer {
  const json = JSON.stringify({ of: fileId, facts });
  return Buffer.from(crc32(json).toString(16).padStart(sumDigits, "0") + json);
}

/** Undefined where they are damaged, or about another file: its own facts count then. */
export function decodeLaterFacts(bytes: Buffer | undefined, fileId: string): ScanFacts | undefined {
  if (bytes === undefined) return undefined;
  try {
    const json = bytes.subarray(sumDigits);
    if (Number.parseInt(bytes.toString("latin1", 0, sumDigits), 16) !== crc32(json))
      return undefined;
    const later = laterSchema.parse(JSON.parse(json.toString("utf8")));
    return later.of === fileId ? later.facts : undefined;
  } catch {
    // Not what we write: as good as none.
    return undefined;
  }
}
