/** What a journal's events amount to, and what a store has: for tests that both say the same. */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { JournalEvent, JournalRecord, ContentPiece, FileState } from "#journal";

export type ReplayedFile = {
  readonly type: FileState["type"];
  readonly mode: number;
  readonly uid: number;
  readonly mtimeNs?: bigint;
  readonly links?: number;
  readonly bytes?: string;
  readonly linkTarget?: string;
};

type Replayed = { state: FileState; bytes: Buffer };

/** The store at a sequence, from nothing. One character per byte. */
export function replayed(
  records: readonly JournalRecord[],
  until: number = Infinity,
): Map<string, ReplayedFile> {
  const files = new Map<string, Replayed>();
  const data = new Map<number, Uint8Array>();
  const bytesOf = (pieces: readonly ContentPiece[]): Buffer =>
    Buffer.concat(
      pieces.map(({ data: at, offset, lengthBytes }) =>
        (data.get(at) as Uint8Array).subarray(offset, offset + lengthBytes),
      ),
    );
  for (const { sequence, event } of records) {
    if (sequence > until) break;
    if (event.type === "data") data.set(sequence, event.bytes);
    else apply(files, event, bytesOf);
  }
  const all = [...files].map(([path, { state, bytes }]) => [path, shown(state, bytes)] as const);
  return new Map(all.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function apply(
  files: Map<string, Replayed>,
  event: JournalEvent,
  bytesOf: (pieces: readonly ContentPiece[]) => Buffer,
): void {
  const at = (path: string): Replayed => {
    const file = files.get(path);
    if (file === undefined) throw new Error(`${event.type} of "${path}", which is not there`);
    return file;
  };
  switch (event.type) {
    case "put":
      files.set(event.path, { state: event.state, bytes: bytesOf(event.content) });
      return;
    case "write": {
      const bytes = Buffer.alloc(event.sizeBytes);
      at(event.path).bytes.copy(bytes);
      bytesOf(event.content).copy(bytes, event.offset);
      files.set(event.path, { state: event.state, bytes });
      return;
    }
    case "truncate":
      files.set(event.path, {
        state: event.state,
        bytes: at(event.path).bytes.subarray(0, event.sizeBytes),
      });
      return;
    case "link":
      files.set(event.to, at(event.path));
      return;
    case "rename":
      move(files, event.path, event.to);
      return;
    case "remove":
    case "rmdir":
      at(event.path);
      files.delete(event.path);
      return;
    case "mkdir":
      files.set(event.path, { state: event.state, bytes: Buffer.alloc(0) });
      return;
    case "attributes":
      files.set(event.path, { ...at(event.path), state: event.state });
      return;
    default:
  }
}

function move(files: Map<string, Replayed>, from: string, to: string): void {
  if (!files.has(from)) throw new Error(`rename of "${from}", which is not there`);
  for (const path of files.keys()) if (path === to || path.startsWith(`${to}/`)) files.delete(path);
  for (const [path, file] of Array.from(files)) {
    if (path !== from && !path.startsWith(`${from}/`)) continue;
    files.delete(path);
    files.set(to + path.slice(from.length), file);
  }
}

function shown(state: FileState, bytes: Buffer): ReplayedFile {
  const { type, mode, uid, mtimeNs, links, linkTarget } = state;
  if (type === "directory") return { type, mode, uid };
  return {
    type,
    mode,
    uid,
    mtimeNs,
    links,
    ...(type === "file" ? { bytes: inShort(bytes) } : {}),
    ...(linkTarget === undefined ? {} : { linkTarget }),
  };
}

function inShort(bytes: Buffer): string {
  if (bytes.length <= 64) return bytes.toString("latin1");
  return `${bytes.length} bytes ${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The living store; a Maildir's tmp is left out. */
export function storeNow(root: string): Map<string, ReplayedFile> {
  const found: (readonly [string, ReplayedFile])[] = [];
  const walk = (folder: string): void => {
    const names = readdirSync(join(root, folder), { encoding: "latin1" });
    const isMaildir = ["cur", "new", "tmp"].every((name) => names.includes(name));
    for (const name of names) {
      const path = folder === "" ? name : `${folder}/${name}`;
      const system = Buffer.from(`${root}/${path}`, "latin1");
      const stats = lstatSync(system, { bigint: true });
      const type = stats.isDirectory()
        ? "directory"
        : stats.isSymbolicLink()
          ? "symlink"
          : stats.isFile()
            ? "file"
            : "fifo";
      const state: FileState = {
        type,
        mode: Number(stats.mode) & 0o7777,
        uid: Number(stats.uid),
        gid: Number(stats.gid),
        mtimeNs: stats.mtimeNs,
        ctimeNs: stats.ctimeNs,
        inode: stats.ino,
        links: Number(stats.nlink),
        ...(type === "symlink"
          ? { linkTarget: readlinkSync(system, { encoding: "latin1" }) as never }
          : {}),
      };
      found.push([path, shown(state, type === "file" ? readFileSync(system) : Buffer.alloc(0))]);
      if (type === "directory" && !(isMaildir && name === "tmp")) walk(path);
    }
  };
  walk("");
  return new Map(found.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
