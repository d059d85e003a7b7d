/**
 * How much of a dbox file is whole messages. Dovecot writes a message as a header of zero bytes and
 * the body, then the metadata, and puts the header in last: until then the message is not there, and
 * what was read of it has to be read again.
 */
import { rawBaseName, type RawPath } from "#image";
import { parseDboxFileHeader, parseDboxMessageHeader, parseDboxMetadata } from "#mail";

/** Messages that are looked at in one call; the next goes on from there. */
const messagesAtOnce = 256;
const fileHeaderBytes = 256;
const metadataBytes = 4096;

/** Bytes at a place of the file; fewer where it ends. */
export type ReadAt = (offset: number, lengthBytes: number) => Promise<Uint8Array>;

export function isDboxFile(path: RawPath): boolean {
  return /^[mu]\.[0-9]+$/.test(rawBaseName(path));
}

/** `from`: what an earlier call returned, 0 at first. Returns the end of the last whole message. */
export async function validatedEnd(read: ReadAt, from: number): Promise<number> {
  const header = parseDboxFileHeader(await read(0, fileHeaderBytes));
  if (header === undefined) return 0;
  let at = Math.max(from, header.lengthBytes);
  for (let count = 0; count < messagesAtOnce; count++) {
    const bodyBytes = parseDboxMessageHeader(await read(at, header.messageHeaderBytes));
    if (bodyBytes === undefined) return at;
    const metadataAt = at + header.messageHeaderBytes + bodyBytes;
    const metadata = parseDboxMetadata(await read(metadataAt, metadataBytes));
    if (metadata === undefined) return at;
    at = metadataAt + metadata.lengthBytes;
  }
  return at;
}
