/** The calls of the system that fanotify needs (fanotify(7), open_by_handle_at(2)). */
import { existsSync, readlinkSync } from "node:fs";
import { systemErrorCode } from "#errors";
import { openNativeLibrary } from "#files";
import { fanotifyMask } from "./fanotify-events.ts";

/** FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_DIR_FID | FAN_REPORT_NAME; the queue is 0x10 larger where it is not bounded. */
const initFlags = 0x1 | 0x2 | 0x400 | 0x800;
const unlimitedQueue = 0x10;
/** FAN_MARK_ADD | FAN_MARK_FILESYSTEM */
const markFlags = 0x1 | 0x100;
/** O_PATH | O_CLOEXEC | O_NOFOLLOW */
const handleFlags = 0o10000000 | 0o2000000 | 0o400000;
const fionread = 0x541bn;
const currentFolder = -100;
/** O_RDONLY | O_DIRECTORY | O_CLOEXEC */
const folderFlags = 0o200000 | 0o2000000;
/** O_NONBLOCK | O_CLOEXEC */
const pipeFlags = 0o4000 | 0o2000000;

const watched =
  fanotifyMask.modify |
  fanotifyMask.attributes |
  fanotifyMask.closeWrite |
  fanotifyMask.movedFrom |
  fanotifyMask.movedTo |
  fanotifyMask.create |
  fanotifyMask.delete |
  fanotifyMask.onFolder;

export type FanotifyCalls = {
  /** A group's descriptor, or -1. */
  init(): number;
  /** Watches the whole filesystem that a folder lies on. */
  mark(group: number, folder: string): boolean;
  openFolder(path: string): number;
  /** The filesystem's identity as events have it; undefined where it has none. */
  filesystemOf(folder: number): string | undefined;
  /** Whether folders can be opened by their handles here: a right of its own. */
  canResolve(mount: number, folder: string): boolean;
  /** Where the folder with this handle is now, one character per byte; undefined where it is gone. */
  resolve(mount: number, handle: string): string | undefined;
  /** Waits until one of the descriptors has something; whether one has. */
  wait(descriptors: readonly number[], timeoutMs: number): boolean;
  /** Bytes that wait to be read. */
  waiting(descriptor: number): number;
  /** Bytes read; 0 or less where there are none now. */
  read(descriptor: number, into: Buffer): number;
  pipe(): readonly [reading: number, writing: number] | undefined;
  close(descriptor: number): void;
};

const definitions = {
  fanotify_init: { arguments: ["u32", "u32"], return: "i32" },
  fanotify_mark: { arguments: ["i32", "u32", "u64", "i32", "buffer"], return: "i32" },
  open_by_handle_at: { arguments: ["i32", "buffer", "i32"], return: "i32" },
  name_to_handle_at: { arguments: ["i32", "buffer", "buffer", "buffer", "i32"], return: "i32" },
  open: { arguments: ["buffer", "i32"], return: "i32" },
  fstatfs: { arguments: ["i32", "buffer"], return: "i32" },
  poll: { arguments: ["buffer", "u64", "i32"], return: "i32" },
  read: { arguments: ["i32", "buffer", "u64"], return: "i64" },
  pipe2: { arguments: ["buffer", "i32"], return: "i32" },
  ioctl: { arguments: ["i32", "u64", "buffer"], return: "i32" },
  close: { arguments: ["i32"], return: "i32" },
} as const;

/** Undefined where Node cannot call the system. Descriptors are the system's own: only `close` here closes them. */
export function fanotifyCalls(): FanotifyCalls | undefined {
  const c = openNativeLibrary(["libc.so.6", "libc.so"], definitions);
  if (c === undefined) return undefined;
  const polled = Buffer.alloc(16);
  const statfs = Buffer.alloc(256);
  return {
    init() {
      const group = c.fanotify_init(initFlags | unlimitedQueue, 0);
      return group >= 0 ? group : c.fanotify_init(initFlags, 0);
    },
    mark: (group, folder) =>
      c.fanotify_mark(group, markFlags, watched, currentFolder, terminated(folder)) === 0,
    openFolder: (path) => c.open(terminated(path), folderFlags),
    filesystemOf(folder) {
      if (c.fstatfs(folder, statfs) !== 0) return undefined;
      const identity = statfs.toString("latin1", fsidAt, fsidAt + 8);
      return /^\0*$/.test(identity) ? undefined : identity;
    },
    canResolve(mount, folder) {
      const handle = Buffer.alloc(8 + largestHandle);
      handle.writeUInt32LE(largestHandle, 0);
      const path = terminated(folder);
      if (c.name_to_handle_at(currentFolder, path, handle, Buffer.alloc(4), 0) !== 0) return false;
      const found = c.open_by_handle_at(mount, handle, handleFlags);
      if (found >= 0) c.close(found);
      return found >= 0;
    },
    resolve(mount, handle) {
      const found = c.open_by_handle_at(mount, Buffer.from(handle, "latin1"), handleFlags);
      if (found < 0) return undefined;
      try {
        const path = readlinkSync(`/proc/self/fd/${found}`, { encoding: "latin1" });
        const isGone = path.endsWith(" (deleted)") && !existsSync(Buffer.from(path, "latin1"));
        return isGone ? undefined : path;
      } catch (error) {
        if (systemErrorCode(error) === undefined) throw error;
        return undefined;
      } finally {
        c.close(found);
      }
    },
    wait(descriptors, timeoutMs) {
      for (const [index, descriptor] of descriptors.entries()) {
        polled.writeInt32LE(descriptor, index * 8);
        polled.writeInt32LE(1, index * 8 + 4);
      }
      return c.poll(polled, BigInt(descriptors.length), timeoutMs) > 0;
    },
    waiting(descriptor) {
      return c.ioctl(descriptor, fionread, statfs) === 0 ? statfs.readInt32LE(0) : 0;
    },
    read: (descriptor, into) => Number(c.read(descriptor, into, BigInt(into.length))),
    pipe() {
      const both = Buffer.alloc(8);
      return c.pipe2(both, pipeFlags) === 0
        ? [both.readInt32LE(0), both.readInt32LE(4)]
        : undefined;
    },
    close: (descriptor) => void c.close(descriptor),
  };
}

/** MAX_HANDLE_SZ (open_by_handle_at(2)). */
const largestHandle = 128;
/** struct statfs of 64-bit Linux: seven words of 8 bytes, then f_fsid. */
const fsidAt = 56;

function terminated(text: string): Buffer {
  return Buffer.from(`${text}\0`, "latin1");
}
