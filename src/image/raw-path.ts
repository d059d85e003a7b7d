/**
 * Names are bytes. A mail store's names may be any bytes but "/" and NUL, and often are not
 * UTF-8. Inside Restante a name is a string with one character per byte (latin1): V8 keeps it
 * in one byte per character, `<` orders it as the raw bytes do (as restic's trees need), and it
 * goes to the system as `Buffer.from(name, "latin1")`. Only `displayPath` turns it into text.
 */
declare const raw: unique symbol;
/** One name, one character per byte; never "", ".", ".." and without "/" and NUL. */
export type RawName = string & { readonly [raw]: "name" | "path" };
/** Names joined by "/". "" is the root of an Image. Absolute paths of this machine start with "/". */
export type RawPath = string & { readonly [raw]: "path" | "name" };

export const rootPath: RawPath = "" as RawPath;

/** From text as a person or a configuration writes it (UTF-8). */
export function rawPathFromText(text: string): RawPath {
  return Buffer.from(text, "utf8").toString("latin1") as RawPath;
}

export function rawPathFromBytes(bytes: Uint8Array): RawPath {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
    "latin1",
  ) as RawPath;
}

/** The bytes that the operating system is given. */
export function rawPathToBytes(path: RawPath | RawName): Buffer {
  return Buffer.from(path, "latin1");
}

export function joinRawPath(folder: RawPath, name: RawName | RawPath): RawPath {
  if (folder === "") return name;
  return (folder.endsWith("/") ? folder + name : `${folder}/${name}`) as RawPath;
}

export function rawParent(path: RawPath): RawPath {
  const slash = path.lastIndexOf("/");
  if (slash === 0) return "/" as RawPath;
  return (slash < 0 ? "" : path.slice(0, slash)) as RawPath;
}

export function rawBaseName(path: RawPath): RawName {
  return path.slice(path.lastIndexOf("/") + 1) as RawName;
}

/** Whether a path is this folder or lies in it; all do in the root, "" or "/". */
export function isWithin(path: RawPath, folder: RawPath): boolean {
  if (folder === rootPath || path === folder) return true;
  return path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/**
 * For messages and logs: UTF-8 where it is valid, and \xNN for bytes that are not, and for control characters, so that
 * a hostile file name can neither break a line nor move a cursor.
 */
export function displayPath(path: RawPath | RawName): string {
  const bytes = Buffer.from(path, "latin1");
  const text = bytes.toString("utf8");
  // oxlint-disable-next-line no-control-regex
  const control = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/gu;
  if (Buffer.from(text, "utf8").equals(bytes)) {
    return text.replace(control, (character) => escapeBytes(Buffer.from(character, "utf8")));
  }
  let shown = "";
  for (const byte of bytes) {
    shown += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : escapeBytes([byte]);
  }
  return shown;
}

function escapeBytes(bytes: Iterable<number>): string {
  let text = "";
  for (const byte of bytes) text += `\\x${byte.toString(16).padStart(2, "0")}`;
  return text;
}
