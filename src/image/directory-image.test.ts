import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFile,
  mkdir,
  mkdtemp,
  realpath,
  rm,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { withoutRootRights } from "../files/unprivileged.fixture.ts";
import { openDirectoryImage } from "./directory-image.ts";
import { extendedAttributeSupport } from "./extended-attributes.ts";
import { imageContract } from "./image.contract.ts";
import { isImageError } from "./image-error.ts";
import { rawPathFromText, type RawPath, rootPath } from "./raw-path.ts";
import { readAll } from "./read-all.ts";
import { pieceBytes } from "./read-file.ts";
import { writeMemoryNodes } from "./write-memory-nodes.ts";

const base = await realpath(await mkdtemp(join(tmpdir(), "restante-directory-")));
after(() => rm(base, { recursive: true, force: true }));
let count = 0;

async function newFolder(): Promise<string> {
  const folder = join(base, String(count++));
  await mkdir(folder);
  return folder;
}

imageContract(
  "a directory image",
  async (nodes) => {
    const folder = rawPathFromText(await newFolder());
    await writeMemoryNodes(folder, nodes);
    return openDirectoryImage(folder);
  },
  { extendedAttributes: extendedAttributeSupport() === "ffi" },
);

test("a file that changes while it is read is refused, even when its size and mtime are put back", async () => {
  const folder = await newFolder();
  const file = join(folder, "mbox");
  await writeFile(file, Buffer.alloc(3 * pieceBytes));
  await utimes(file, 1000, 1000);
  await using image = await openDirectoryImage(rawPathFromText(folder));
  for (const [length, restore] of [
    [10, false],
    [0, true],
  ] as const) {
    let pieces = 0;
    const read = async () => {
      for await (const _ of image.read("mbox" as RawPath)) {
        if (pieces++ > 0) continue;
        await appendFile(file, Buffer.alloc(length));
        if (restore) await utimes(file, 1000, 1000);
      }
    };
    await assert.rejects(read, { code: "image.changed" });
    await utimes(file, 1000, 1000);
  }
});

test("a file that shrinks while it is read is refused", async () => {
  const folder = await newFolder();
  const file = join(folder, "mbox");
  await writeFile(file, Buffer.alloc(3 * pieceBytes));
  await using image = await openDirectoryImage(rawPathFromText(folder));
  await assert.rejects(
    async () => {
      for await (const _ of image.read("mbox" as RawPath)) await writeFile(file, "short");
    },
    { code: "image.changed" },
  );
});

test("a symbolic link that takes a folder's place cannot lead out of the image", async () => {
  const folder = await newFolder();
  await mkdir(join(folder, "box"));
  await writeFile(join(folder, "box", "file"), "inside");
  await using image = await openDirectoryImage(rawPathFromText(folder));
  assert.equal(String(Buffer.from(await readAll(image, "box/file" as RawPath))), "inside");
  const outside = await newFolder();
  await writeFile(join(outside, "file"), "secret");
  await mkdir(join(outside, "deeper"));
  await rm(join(folder, "box"), { recursive: true });
  await symlink(outside, join(folder, "box"));
  await assert.rejects(readAll(image, "box/file" as RawPath), { code: "image.not-found" });
  await assert.rejects(image.list("box/deeper" as RawPath), { code: "image.not-found" });
  await assert.rejects(image.fingerprint("box/file" as RawPath), (error) => isImageError(error));
});

test("pipes are listed and never waited for", async () => {
  const folder = await newFolder();
  execFileSync("mkfifo", [join(folder, "pipe")]);
  await using image = await openDirectoryImage(rawPathFromText(folder));
  assert.equal((await image.list(rootPath)).entry(0).type, "fifo");
  await assert.rejects(readAll(image, "pipe" as RawPath), { code: "image.not-a-file" });
});

test("a folder that is not there, and a file, cannot be opened", async () => {
  const folder = await newFolder();
  await writeFile(join(folder, "file"), "");
  await assert.rejects(openDirectoryImage(rawPathFromText(join(folder, "absent"))), {
    code: "image.not-found",
  });
  await assert.rejects(openDirectoryImage(rawPathFromText(join(folder, "file"))), {
    code: "image.not-a-folder",
  });
});

test("moment, group, consistency and owner names are those that were asked for", async () => {
  const folder = await newFolder();
  await writeFile(join(folder, "file"), "");
  let now = 100n;
  await using image = await openDirectoryImage(rawPathFromText(folder), {
    group: "mx1/all",
    sequence: 7,
    generation: "g",
    consistency: "offline",
    clock: () => now++,
    ownerNames: { userOf: (uid) => `user ${uid}`, groupOf: () => undefined },
  });
  assert.deepEqual(image.at, {
    group: "mx1/all",
    sequence: 7,
    generation: "g",
    fromNs: 100n,
    toNs: 100n,
  });
  const entry = (await image.list(rootPath)).entry(0);
  assert.equal(image.at.toNs, 101n);
  assert.equal(image.consistency, "offline");
  assert.equal(entry.user, `user ${entry.uid}`);
  assert.equal("group" in entry, false);
  assert.equal(image.local?.root, folder);
});

test("a folder without permission is an error, not an empty list", async () => {
  const folder = await newFolder();
  const closed = join(folder, "closed");
  await mkdir(closed, { mode: 0 });
  await withoutRootRights([dirname(folder), folder, closed], async () => {
    await using image = await openDirectoryImage(rawPathFromText(folder));
    await assert.rejects(image.list("closed" as RawPath), { code: "image.unlistable" });
  });
});
