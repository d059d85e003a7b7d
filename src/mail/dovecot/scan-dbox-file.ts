import { type Image, isImageError, type RawPath } from "#image";
import { usualFileHeader } from "./dbox-format.ts";
import { type DboxRecord, readFileHeader, readRecord, recordEnd } from "./dbox-record.ts";
import { FileWindow } from "./file-window.ts";

export type ScannedMessage = { readonly record: DboxRecord };

export type ScannedFile = {
  readonly messages: readonly ScannedMessage[];
  /** In plain words. */
  readonly damage: readonly string[];
};

const readAheadBytes = 256 * 1024;
/** How a message header starts. */
const magic = Buffer.from("\x01\x02N ", "latin1");
const damageLimit = 20;

/**
 * The messages of a dbox file one after another, by their headers and metadata. After what is
 * damaged the next header is searched for.
 */
export async function scanDboxFile(
  image: Image,
  { path, sizeBytes }: { readonly path: RawPath; readonly sizeBytes: number },
): Promise<ScannedFile> {
  const messages: ScannedMessage[] = [];
  const damage: string[] = [];
  const complain = (text: string): void => {
    if (damage.length < damageLimit) damage.push(text);
  };
  try {
    const file = new FileWindow(image, path, { readAheadBytes });
    const header = await readFileHeader(file);
    if (header === undefined) complain("it does not start as a dbox file does");
    let offset = header?.lengthBytes ?? usualFileHeader.lengthBytes;
    while (offset < sizeBytes) {
      const result = await readRecord(file, offset, header ?? usualFileHeader);
      if ("record" in result) {
        messages.push({ record: result.record });
        offset = recordEnd(result.record);
        continue;
      }
      complain(`at byte ${offset}: ${result.damage}`);
      const next = await nextHeader(file, offset + 1, sizeBytes);
      if (next === undefined) break;
      offset = next;
    }
  } catch (error) {
    if (!isImageError(error)) throw error;
    complain(error.message);
  }
  return { messages, damage };
}

async function nextHeader(
  file: FileWindow,
  from: number,
  end: number,
): Promise<number | undefined> {
  for (let offset = from; offset < end;) {
    const bytes = await file.bytes(offset, readAheadBytes);
    const found = bytes.indexOf(magic);
    if (found >= 0) return offset + found;
    if (bytes.length < magic.length) return undefined;
    offset += bytes.length - magic.length + 1;
  }
  return undefined;
}
