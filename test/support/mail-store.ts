/** Small mail stores on disk, and what is in a folder or an Image as comparable text. */
import { createHash } from "node:crypto";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Image, readAll, rootPath, walkImage } from "#image";

export const mailFolders: readonly string[] = ["", ".Archive.2026", ".Sent", ".&BB0EMA-"];

/** A Maildir with a few folders; every message has a body of its own. */
export function makeMaildir(folder: string, messages = 24): void {
  for (const name of mailFolders) {
    for (const part of ["cur", "new", "tmp"])
      mkdirSync(join(folder, name, part), { recursive: true });
    writeFileSync(join(folder, name, "dovecot-uidlist"), `3 V1 N${messages} G0\n`);
  }
  for (let number = 0; number < messages; number++) deliver(folder, number);
}

/** One more message; returns its path below `folder`. */
export function deliver(folder: string, number: number): string {
  const home = mailFolders[number % mailFolders.length] as string;
  const part = number % 3 === 0 ? "new" : "cur";
  const path = join(
    home,
    part,
    `${1_700_000_000 + number}.M${number}P1.mx1${part === "new" ? "" : ":2,S"}`,
  );
  writeFileSync(join(folder, path), messageText(number));
  return path;
}

/** Reproducible, and of sizes from half a KiB to some 10 KiB. */
export function messageText(number: number): string {
  const line = (index: number): string =>
    createHash("sha256").update(`${number} ${index}`).digest("base64");
  const lines = Array.from({ length: 10 + ((number * 37) % 200) }, (_, index) => line(index));
  return `From: a${number}@example.test\r\nTo: b@example.test\r\nSubject: message ${number}\r\n\r\n${lines.join("\r\n")}\r\n`;
}

/** Relative path → kind and digest, of all that a capture of the folder must hold. */
export function contentsOfFolder(folder: string): Map<string, string> {
  const contents = new Map<string, string>();
  const waiting = [""];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    for (const name of readdirSync(rawBytes(`${folder}/${path}`), { encoding: "latin1" })) {
      const inner = path === "" ? name : `${path}/${name}`;
      const place = rawBytes(`${folder}/${inner}`);
      const stats = lstatSync(place);
      if (stats.isDirectory()) {
        contents.set(inner, "directory");
        if (name !== "tmp") waiting.push(inner);
      } else if (stats.isFile()) contents.set(inner, digestOf(readFileSync(place)));
      else if (stats.isSymbolicLink())
        contents.set(inner, `symlink ${readlinkSync(place, { encoding: "latin1" })}`);
      else contents.set(inner, "other");
    }
  }
  return sorted(contents);
}

/** The same of an Image, every byte read. */
export async function contentsOfImage(image: Image): Promise<Map<string, string>> {
  const contents = new Map<string, string>();
  for await (const { path, entry } of walkImage(image, rootPath)) {
    if (path === "") continue;
    if (entry.type === "directory") contents.set(path, "directory");
    else if (entry.type === "file") contents.set(path, digestOf(await readAll(image, path)));
    else if (entry.type === "symlink") contents.set(path, `symlink ${entry.linkTarget ?? ""}`);
    else contents.set(path, "other");
  }
  return sorted(contents);
}

export function digestOf(bytes: Uint8Array): string {
  return `${bytes.length} ${createHash("sha256").update(bytes).digest("hex")}`;
}

function rawBytes(path: string): Buffer {
  return Buffer.from(path, "latin1");
}

function sorted(contents: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...contents].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
