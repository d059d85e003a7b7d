/** What the tests of this folder share. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmdirSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  extendedAttributeSupport,
  type Image,
  isImageError,
  openDirectoryImage,
  rawPathFromText,
  type RawPath,
  readAll,
  rootPath,
  statModeOf,
  walkImage,
  writeExtendedAttribute,
} from "#image";
import { run } from "./loop-filesystem.fixture.ts";
import { removeTree } from "./remove-tree.ts";

const isRoot = process.getuid?.() === 0;

export interface Ground extends AsyncDisposable {
  readonly folder: string;
  readonly store: RawPath;
  /** A folder for snapshots. */
  readonly shelf: string;
  /** A place on the shelf. */
  at(name: string): RawPath;
  /** Names on the shelf, hidden ones too. */
  names(): string[];
}

/** A store and a shelf, both empty, in a folder of their own below `parent`. */
export function ground(
  parent: string = scratch(),
  makeStore: (path: string) => void = mkdirSync,
): Ground {
  const folder = mkdtempSync(join(parent, "restante-snapshots-"));
  const [store, shelf] = [join(folder, "store"), join(folder, "shelf")];
  makeStore(store);
  mkdirSync(shelf);
  return {
    folder,
    store: rawPathFromText(store),
    shelf,
    at: (name) => rawPathFromText(join(shelf, name)),
    names: () => readdirSync(shelf).sort(),
    [Symbol.asyncDispose]: async () => {
      // Read-only subvolumes of btrfs snapshots.
      for (const name of readdirSync(shelf))
        run("btrfs", ["property", "set", "-ts", join(shelf, name, "frozen"), "ro", "false"]);
      await removeTree(rawPathFromText(folder));
    },
  };
}

/** A filesystem in memory where there is one that keeps attributes: a snapshot is synced to its disk. */
function scratch(): string {
  const probe = existsSync("/dev/shm") ? mkdtempSync("/dev/shm/restante-probe-") : undefined;
  try {
    if (probe !== undefined && extendedAttributeSupport() === "ffi") {
      const attribute = { name: "user.probe", value: Buffer.from("x") };
      writeExtendedAttribute(rawPathFromText(probe), attribute);
      return "/dev/shm";
    }
  } catch (error) {
    if (!isImageError(error)) throw error;
  } finally {
    if (probe !== undefined) rmdirSync(probe);
  }
  return realpathSync(tmpdir());
}

export type ShownEntry = Readonly<Record<string, unknown>>;

/** Everything an Image has, but for what a copy cannot keep (inode, change time). Hard links as groups. */
export async function describeImage(image: Image): Promise<Record<string, ShownEntry>> {
  const shown: Record<string, ShownEntry> = {};
  const linked = new Map<bigint, string>();
  for await (const { path, entry } of walkImage(image, rootPath)) {
    const attributes = await image.extendedAttributes(path);
    const first = linked.get(entry.inode) ?? path;
    linked.set(entry.inode, first);
    shown[path] = {
      mode: statModeOf(entry).toString(8),
      owner: `${entry.uid}:${entry.gid}`,
      mtimeNs: entry.mtimeNs,
      links: entry.type === "directory" ? 0 : entry.links,
      first: entry.type === "directory" ? path : first,
      linkTarget: entry.linkTarget,
      device: entry.device,
      attributes: attributes.map(
        ({ name, value }) => `${name}=${Buffer.from(value).toString("hex")}`,
      ),
      ...(entry.type === "file"
        ? { hash: await hashOf(image, path), sizeBytes: entry.sizeBytes }
        : {}),
    };
  }
  return shown;
}

export async function contentOf(image: Image): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  for await (const { path, entry } of walkImage(image, rootPath))
    if (entry.type === "file") content[path] = Buffer.from(await readAll(image, path)).toString();
  return content;
}

async function hashOf(image: Image, path: RawPath): Promise<string> {
  return createHash("sha256")
    .update(await readAll(image, path))
    .digest("hex");
}

/** Everything that a store may hold. */
export function fillStore({ folder }: Ground): void {
  const store = join(folder, "store");
  const odd = ["with space", "line\nbreak", "caf\xe9\xff", "-dash", "\x01\x7f", "..."];
  mkdirSync(join(store, "odd"));
  for (const name of odd)
    writeFileSync(Buffer.from(`${store}/odd/${name}`, "latin1"), `bytes of ${name}`);
  for (const part of ["cur", "new", "tmp"]) mkdirSync(join(store, part), { mode: 0o700 });
  for (let index = 0; index < 40; index++)
    writeFileSync(join(store, "cur", `${index}.M1.host:2,S`), `message ${index}`, { mode: 0o640 });
  linkSync(join(store, "cur/1.M1.host:2,S"), join(store, "new/copy.M2.host"));
  writeFileSync(join(store, "mbox"), "From a\n\nbody\n");
  writeFileSync(join(store, "empty"), "");
  writeFileSync(join(store, "large"), Buffer.alloc(3 * 1024 * 1024 + 17, "0123456789abcdef"));
  writeFileSync(join(store, "holes"), "start");
  truncateSync(join(store, "holes"), 2 * 1024 * 1024);
  symlinkSync("cur/1.M1.host:2,S", join(store, "link"));
  symlinkSync(Buffer.from("/nowhere/\xff", "latin1"), join(store, "dangling"));
  execFileSync("mkfifo", [join(store, "pipe")]);
  mkdirSync(join(store, "deep/er"), { recursive: true });
  writeFileSync(join(store, "deep/er/file"), "deep", { mode: 0o400 });
  if (extendedAttributeSupport() === "ffi") {
    for (const name of ["mbox", "odd"])
      writeExtendedAttribute(rawPathFromText(join(store, name)), {
        name: "user.note",
        value: Buffer.from("\0\xff"),
      });
  }
  if (isRoot) execFileSync("chown", ["-R", "1234:2345", join(store, "cur")]);
  if (isRoot) execFileSync("setfacl", ["-m", "u:4321:r", join(store, "mbox"), join(store, "odd")]);
  chmodSync(join(store, "large"), 0o4755);
  lutimesSync(join(store, "link"), 1_400_000_000.25, 1_400_000_000.25);
  for (const name of ["cur/2.M1.host:2,S", "mbox", "deep/er", "deep", "odd"])
    utimesSync(join(store, name), 1_500_000_000.5, 1_500_000_000.123456);
  chmodSync(join(store, "deep"), 0o550);
  chmodSync(store, 0o2750);
}

export async function describeStore(store: RawPath): Promise<Record<string, ShownEntry>> {
  await using image = await openDirectoryImage(store);
  return await describeImage(image);
}
