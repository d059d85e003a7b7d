import { openNativeLibrary } from "#files";
import { ImageError } from "./image-error.ts";
import type { ExtendedAttribute } from "./entry.ts";
import { displayPath, type RawPath } from "./raw-path.ts";

/*
 * Node has no call for extended attributes (ACLs, labels, user.*). Since Node 26 it can call the
 * C library's: llistxattr(2), lgetxattr(2), lsetxattr(2), lremovexattr(2), the calls that do not
 * follow symbolic links. Where it cannot, there are none, and `extendedAttributeSupport` says so.
 */

/** XATTR_LIST_MAX and XATTR_SIZE_MAX of Linux (xattr(7)): nothing is ever larger. */
const largestBytes = 65_536;
/** How often a list is read again when an attribute went away between list and get. */
const attempts = 4;

type Calls = {
  readonly list: (path: Buffer, list: Buffer, sizeBytes: bigint) => bigint;
  readonly get: (path: Buffer, name: Buffer, value: Buffer, sizeBytes: bigint) => bigint;
  readonly set: (
    path: Buffer,
    name: Buffer,
    value: Buffer,
    sizeBytes: bigint,
    flags: number,
  ) => number;
  readonly remove: (path: Buffer, name: Buffer) => number;
  readonly listOfDescriptor: (descriptor: number, list: Buffer, sizeBytes: bigint) => bigint;
  readonly names: Buffer;
  readonly value: Buffer;
};

let loaded: Calls | "none" | undefined;

/** Whether extended attributes can be read and written here. */
export function extendedAttributeSupport(): "ffi" | "none" {
  return calls() === undefined ? "none" : "ffi";
}

export type ReadExtendedAttributesOptions = {
  /** Told the name of an attribute that is listed and cannot be had. */
  readonly onUnreadable?: (name: string) => void;
};

/** Attributes of the entry at an absolute path, ascending by name; [] where there is no support or there are none. */
export function readExtendedAttributes(
  path: RawPath,
  options: ReadExtendedAttributesOptions = {},
): ExtendedAttribute[] {
  const c = calls();
  if (c === undefined) return [];
  const pathBytes = terminated(path);
  let unreadable: string[] = [];
  let found: ExtendedAttribute[] = [];
  for (let attempt = 0; attempt < attempts; attempt++) {
    const length = Number(c.list(pathBytes, c.names, BigInt(largestBytes)));
    // errno is out of reach: the entry is gone, or its filesystem has no attributes.
    if (length <= 0) return [];
    const names = c.names.toString("latin1", 0, length).split("\0").slice(0, -1).sort();
    unreadable = [];
    found = [];
    for (const name of names) {
      const size = Number(c.get(pathBytes, terminated(name), c.value, BigInt(largestBytes)));
      if (size < 0) unreadable.push(name);
      else found.push({ name, value: Uint8Array.prototype.slice.call(c.value, 0, size) });
    }
    if (unreadable.length === 0) return found;
  }
  for (const name of unreadable) options.onUnreadable?.(name);
  return found;
}

/** Whether the open file has any: one quick call where it has none, as nearly all mail. */
export function hasExtendedAttributes(descriptor: number): boolean {
  const c = calls();
  return c !== undefined && c.listOfDescriptor(descriptor, c.names, BigInt(largestBytes)) > 0n;
}

/** Creates or replaces one attribute. Throws ImageError `image.attribute-failed`. */
export function writeExtendedAttribute(path: RawPath, attribute: ExtendedAttribute): void {
  const { name, value } = attribute;
  const c = calls();
  const done = c?.set(
    terminated(path),
    terminated(name),
    // An empty buffer has no address to pass.
    value.length === 0 ? Buffer.alloc(1) : Buffer.from(value),
    BigInt(value.length),
    0,
  );
  if (done !== 0) throw attributeFailed("write", path, name);
}

/** Throws ImageError `image.attribute-failed` when it cannot be removed, or is not there. */
export function removeExtendedAttribute(path: RawPath, name: string): void {
  if (calls()?.remove(terminated(path), terminated(name)) !== 0)
    throw attributeFailed("remove", path, name);
}

function attributeFailed(action: string, path: RawPath, name: string): ImageError {
  const state =
    calls() === undefined
      ? "this version of Node cannot"
      : "the system refused (filesystem without attributes, missing right, or no space)";
  return new ImageError(
    "image.attribute-failed",
    `Cannot ${action} extended attribute "${name}" of "${displayPath(path)}": ${state}`,
    { hint: "Use Node 26 on Linux and a filesystem with extended attributes, or leave them out." },
  );
}

function terminated(text: string): Buffer {
  return Buffer.from(`${text}\0`, "latin1");
}

function calls(): Calls | undefined {
  loaded ??= load() ?? "none";
  return loaded === "none" ? undefined : loaded;
}

function load(): Calls | undefined {
  const functions = openNativeLibrary(["libc.so.6", "libc.so"], {
    llistxattr: { arguments: ["buffer", "buffer", "u64"], return: "i64" },
    lgetxattr: { arguments: ["buffer", "buffer", "buffer", "u64"], return: "i64" },
    lsetxattr: { arguments: ["buffer", "buffer", "buffer", "u64", "i32"], return: "i32" },
    lremovexattr: { arguments: ["buffer", "buffer"], return: "i32" },
    flistxattr: { arguments: ["i32", "buffer", "u64"], return: "i64" },
  });
  if (functions === undefined) return undefined;
  return {
    list: functions.llistxattr,
    get: functions.lgetxattr,
    set: functions.lsetxattr,
    remove: functions.lremovexattr,
    listOfDescriptor: functions.flistxattr,
    names: Buffer.alloc(largestBytes),
    value: Buffer.alloc(largestBytes),
  };
}
