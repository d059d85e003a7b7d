import { volumeSerialOf } from "../drive/index.ts";
import {
  encodeMemberHeaders,
  endOfArchive,
  paddingOf,
  type ReadmeFacts,
  readmeIdentifier,
  readmeName,
  readmeText,
} from "../format/index.ts";
import type { TapeDrive } from "../drive/index.ts";
import { TapeFileWriter } from "./tape-file-writer.ts";
import { TapeSession } from "./tape-session.ts";

/** Where the first set begins on every tape: behind the labels, the description, and its labels. */
export const labelledEndFile = 3;

/**
 * Writes the beginning of a tape: VOL1, and the description of the medium in its own file. Everything that was on it is
 * gone. Reads it back. Returns the number of the tape's file where the first set begins.
 */
export async function writeLabel(
  drive: TapeDrive,
  options: ReadmeFacts & { readonly signal?: AbortSignal | undefined },
): Promise<number> {
  const { barcode, labelledAtNs, blockBytes, signal } = options;
  await drive.rewind(signal);
  const session = new TapeSession({ barcode, drive, firstFile: 0 });
  const file = await TapeFileWriter.begin(session, {
    fileIdentifier: readmeIdentifier,
    fileSet: volumeSerialOf(barcode),
    section: 1,
    sequence: 1,
    createdAtNs: labelledAtNs,
    expiresAtNs: 0n,
    blockBytes,
    withVolumeLabel: true,
    signal,
  });
  const text = Buffer.from(readmeText(options));
  const headers = encodeMemberHeaders({
    path: readmeName as Parameters<typeof encodeMemberHeaders>[0]["path"],
    type: "file",
    mode: 0o644,
    uid: 0,
    gid: 0,
    sizeBytes: text.length,
    mtimeNs: labelledAtNs,
    attributes: [],
  });
  await file.finish(
    Buffer.concat([headers, text, Buffer.alloc(paddingOf(text.length)), endOfArchive]),
  );
  await file.end("EOF");
  const endFile = session.file;
  await session.mark(signal);
  await session.verify(signal);
  return endFile;
}
