import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { openDirectoryImage } from "./directory-image.ts";
import { extendedAttributeSupport } from "./extended-attributes.ts";
import { imageContract } from "./image.contract.ts";
import type { Image } from "./image.ts";
import { isImageError } from "./image-error.ts";
import { openLiveImage } from "./live-image.ts";
import { churn, makeChurnStore, seededRandom } from "./maildir-churn.fixture.ts";
import type { MemoryNodes } from "./memory-image.ts";
import { rawPathFromText, type RawPath, rootPath } from "./raw-path.ts";
import { readAll } from "./read-all.ts";
import { walkImage } from "./walk.ts";
import { writeMemoryNodes } from "./write-memory-nodes.ts";

const base = await realpath(await mkdtemp(join(tmpdir(), "restante-live-")));
after(() => rm(base, { recursive: true, force: true }));
let count = 0;

function newFolder(): string {
  const folder = join(base, String(count++));
  mkdirSync(folder);
  return folder;
}

async function newStore(nodes: MemoryNodes): Promise<string> {
  const folder = newFolder();
  await writeMemoryNodes(rawPathFromText(folder), nodes);
  return folder;
}

async function filesOf(image: Image): Promise<string[]> {
  const found: string[] = [];
  for await (const { path, entry } of walkImage(image, rootPath))
    if (entry.type === "file") found.push(path);
  return found;
}

async function textOf(image: Image, path: string): Promise<string> {
  return Buffer.from(await readAll(image, path as RawPath)).toString();
}

const maildir: MemoryNodes = {
  "cur/1:2,": "one",
  "cur/2:2,S": "two",
  "new/3": "three",
  "tmp/4": "half",
  ".Trash/cur/5:2,S": "five",
  ".Trash/new": {},
  ".Trash/tmp": {},
  "dovecot-uidlist": "3 V1 N6\n",
};

imageContract(
  "a live image",
  async (nodes) => openLiveImage(rawPathFromText(await newStore(nodes))),
  { extendedAttributes: extendedAttributeSupport() === "ffi" },
);

test("a store at rest is listed without problems, and without the content of Maildirs' tmp", async () => {
  const store = await newStore(maildir);
  await using image = await openLiveImage(rawPathFromText(store));
  assert.equal(image.consistency, "fuzzy");
  assert.deepEqual(await filesOf(image), [
    ".Trash/cur/5:2,S",
    "cur/1:2,",
    "cur/2:2,S",
    "dovecot-uidlist",
    "new/3",
  ]);
  assert.equal((await image.list("tmp" as RawPath)).length, 0);
  assert.deepEqual(image.problems, []);
});

test("a folder named tmp that belongs to no Maildir is listed like any other", async () => {
  await using image = await openLiveImage(
    rawPathFromText(await newStore({ "tmp/file": "x", "sub/tmp/file": "y" })),
  );
  assert.deepEqual(await filesOf(image), ["sub/tmp/file", "tmp/file"]);
});

for (const passLimit of [1, 10]) {
  const move = (store: string) =>
    renameSync(join(store, "cur/1:2,"), join(store, ".Trash/cur/1:2,"));
  const back = (store: string) =>
    renameSync(join(store, ".Trash/cur/1:2,"), join(store, "cur/1:2,"));

  test(`a message that moves behind the walk's back is in one folder (${passLimit} passes)`, async () => {
    // The walk lists cur; then the message moves to a folder that is still to come, or that was listed before.
    for (const trigger of ["cur", ".Trash/cur"]) {
      const store = await newStore(maildir);
      let done = false;
      const onListed = (path: RawPath) => {
        if (path === trigger && !done) {
          move(store);
          done = true;
        }
      };
      await using image = await openLiveImage(rawPathFromText(store), { onListed, passLimit });
      const places = (await filesOf(image)).filter((path) => path.endsWith("/1:2,"));
      assert.equal(places.length, 1, `${trigger}: ${places.join(" ")}`);
      assert.equal(await textOf(image, places[0] as string), "one");
    }
  });

  test(`a message that moves to and fro at every listing is in one folder (${passLimit} passes)`, async () => {
    const store = await newStore(maildir);
    let isHome = true;
    const onListed = (path: RawPath) => {
      if (!path.endsWith("cur")) return;
      (isHome ? move : back)(store);
      isHome = !isHome;
    };
    await using image = await openLiveImage(rawPathFromText(store), { onListed, passLimit });
    const places = (await filesOf(image)).filter((path) => path.endsWith("/1:2,"));
    assert.equal(places.length, 1, places.join(" "));
    assert.equal(await textOf(image, places[0] as string), "one");
    assert.ok(image.problems.some(({ code }) => code === "still-changing"));
  });
}

test("a naive walk of the same store has the message twice, or not at all", async () => {
  const store = await newStore(maildir);
  await using image = await openDirectoryImage(rawPathFromText(store));
  const names = async (path: string) => (await image.list(path as RawPath)).names;
  const first = await names("cur");
  renameSync(join(store, "cur/1:2,"), join(store, ".Trash/cur/1:2,"));
  const second = await names(".Trash/cur");
  assert.equal([...first, ...second].filter((name) => name === "1:2,").length, 2);
  const third = await names("cur");
  renameSync(join(store, ".Trash/cur/1:2,"), join(store, "cur/1:2,"));
  const fourth = await names(".Trash/cur");
  assert.equal([...third, ...fourth].filter((name) => name === "1:2,").length, 0);
});

test("a hard link is a second message, and stays one when its flags change at every listing", async () => {
  const store = await newStore(maildir);
  linkSync(join(store, "cur/1:2,"), join(store, ".Trash/cur/9:2,"));
  let flags = "";
  const onListed = (path: RawPath) => {
    if (path !== ".Trash/cur") return;
    const next = flags === "" ? "S" : "";
    renameSync(join(store, `.Trash/cur/9:2,${flags}`), join(store, `.Trash/cur/9:2,${next}`));
    flags = next;
  };
  await using image = await openLiveImage(rawPathFromText(store), { onListed, passLimit: 3 });
  const bases = (await filesOf(image)).map((path) => path.replace(/:2,.*/, ""));
  assert.equal(bases.filter((path) => path === "cur/1").length, 1);
  assert.equal(bases.filter((path) => path === ".Trash/cur/9").length, 1);
});

test("bytes are read from where a message has gone since, and an expunged one is a problem", async () => {
  const store = await newStore(maildir);
  await using image = await openLiveImage(rawPathFromText(store));
  renameSync(join(store, "cur/1:2,"), join(store, "cur/1:2,FS"));
  renameSync(join(store, "cur/2:2,S"), join(store, ".Trash/cur/2:2,ST"));
  mkdirSync(join(store, ".New/cur"), { recursive: true });
  renameSync(join(store, ".Trash/cur/5:2,S"), join(store, ".New/cur/5:2,S"));
  unlinkSync(join(store, "new/3"));
  assert.equal(await textOf(image, "cur/1:2,"), "one");
  assert.equal(await textOf(image, "cur/2:2,S"), "two");
  assert.equal(await textOf(image, ".Trash/cur/5:2,S"), "five");
  await assert.rejects(textOf(image, "new/3"), { code: "image.not-found" });
  assert.deepEqual(
    image.problems.map(({ path, code }) => `${path} ${code}`),
    ["new/3 vanished"],
  );
  const paths = ["cur/1:2,", ".Trash/cur/5:2,S", "new/3", "dovecot-uidlist", "absent"] as RawPath[];
  const places = await image.local?.relocate(paths);
  assert.deepEqual(
    [...(places ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    [
      [".Trash/cur/5:2,S", ".New/cur/5:2,S"],
      ["cur/1:2,", "cur/1:2,FS"],
      ["dovecot-uidlist", "dovecot-uidlist"],
    ],
  );
});

test("a new message that got the inode number or the name of another is not taken for it", async () => {
  const store = await newStore(maildir);
  await using image = await openLiveImage(rawPathFromText(store));
  const { ino } = lstatSync(join(store, "new/3"));
  unlinkSync(join(store, "new/3"));
  const others = Array.from({ length: 50 }, (_, index) => join(store, `new/again-${index}`));
  for (const path of others) writeFileSync(path, "other");
  // One of them has the number as a rule, whichever: a filesystem that others use gives it to any.
  const other = others.find((path) => lstatSync(path).ino !== ino) ?? "";
  renameSync(other, join(store, "new/3"));
  await assert.rejects(textOf(image, "new/3"), { code: "image.not-found" });
  assert.equal((await image.local?.relocate(["new/3" as RawPath]))?.size, 0);
});

test("an index that was replaced or has grown since is read as it is now", async () => {
  const store = await newStore({ ...maildir, "dovecot.index.log": "a" });
  await using image = await openLiveImage(rawPathFromText(store));
  writeFileSync(join(store, "lock"), "3 V1 N7\n");
  renameSync(join(store, "lock"), join(store, "dovecot-uidlist"));
  appendFileSync(join(store, "dovecot.index.log"), "b");
  assert.equal(await textOf(image, "dovecot-uidlist"), "3 V1 N7\n");
  assert.equal(await textOf(image, "dovecot.index.log"), "ab");
});

test("folders that come, go and are renamed while the store is listed take their messages along", async () => {
  for (const trigger of ["", ".Trash", ".Trash/cur", "cur"]) {
    const store = await newStore(maildir);
    let done = false;
    const onListed = (path: RawPath) => {
      if (path !== trigger || done) return;
      done = true;
      renameSync(join(store, ".Trash"), join(store, ".Deleted"));
    };
    await using image = await openLiveImage(rawPathFromText(store), { onListed });
    assert.deepEqual(
      (await filesOf(image)).filter((path) => path.includes("5:2,S")),
      [".Deleted/cur/5:2,S"],
      trigger,
    );
  }
});

test("a store that goes away while it is listed is an error, not an empty image", async () => {
  const store = await newStore(maildir);
  const onListed = (path: RawPath) => {
    if (path === "cur") rmSync(store, { recursive: true, force: true });
  };
  await assert.rejects(openLiveImage(rawPathFromText(store), { onListed }), (error) =>
    isImageError(error),
  );
});

test("a symbolic link in a folder's place is not followed", async () => {
  const store = await newStore(maildir);
  const outside = await newStore({ "cur/secret": "secret" });
  let done = false;
  const onListed = (path: RawPath) => {
    if (path !== "" || done) return;
    done = true;
    rmSync(join(store, ".Trash"), { recursive: true });
    symlinkSync(outside, join(store, ".Trash"));
  };
  await using image = await openLiveImage(rawPathFromText(store), { onListed });
  assert.ok(!(await filesOf(image)).some((path) => path.includes("secret")));
});

test("a message whose move takes its server longer than a look is in one folder", async () => {
  const store = await newStore(maildir);
  const [from, to] = [join(store, "cur/1:2,"), join(store, ".Trash/cur/1:2,")];
  let removed: Promise<void> | undefined;
  const onListed = (path: RawPath) => {
    if (path !== ".Trash/cur" || removed !== undefined) return;
    // Dovecot links all messages of a command before it removes the first.
    linkSync(from, to);
    removed = setTimeout(200).then(() => rmSync(from));
  };
  await using image = await openLiveImage(rawPathFromText(store), { onListed, passLimit: 1 });
  await removed;
  const places = (await filesOf(image)).filter((path) => path.endsWith("/1:2,"));
  assert.deepEqual(places, [".Trash/cur/1:2,"]);
});

test("a seeded run of changes, one at every listing, neither loses nor doubles a message", async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const store = newFolder();
    const kept = makeChurnStore(store, 25);
    const changes = churn(store, seededRandom(seed));
    const onListed = () => void changes.next();
    await using image = await openLiveImage(rawPathFromText(store), {
      onListed,
      passLimit: 1 + (seed % 4),
    });
    await assertEachOnce(image, kept, `seed ${seed}`);
  }
});

test("a store that another process changes without pause loses and doubles nothing in a capture", async (t) => {
  const seed = Date.now() % 1_000_000;
  t.diagnostic(`seed ${seed}`);
  const store = newFolder();
  const kept = makeChurnStore(store, 120);
  const program = join(import.meta.dirname, "maildir-churn.fixture.ts");
  const child = spawn(process.execPath, [program, store, String(seed), "200000"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  await once(child.stdout, "data");
  try {
    for (let capture = 0; capture < 6; capture++) {
      await using image = await openLiveImage(rawPathFromText(store));
      await assertEachOnce(image, kept, `seed ${seed}, capture ${capture}`);
    }
    assert.equal(child.exitCode, null, "the store was changed to the end");
  } finally {
    child.stdin.end();
    await ended;
  }
});

async function assertEachOnce(image: Image, kept: readonly string[], label: string): Promise<void> {
  const seen = new Map<string, number>();
  for (const path of await filesOf(image)) {
    try {
      const identity = await textOf(image, path);
      seen.set(identity, (seen.get(identity) ?? 0) + 1);
    } catch (error) {
      // Passing messages may be expunged before they are read; that permanent ones are there is counted below.
      if (!isImageError(error, "image.not-found")) throw error;
    }
  }
  const wrong = kept
    .filter((identity) => seen.get(identity) !== 1)
    .map((identity) => `${identity}: ${seen.get(identity) ?? 0}`);
  assert.deepEqual(wrong, [], label);
}
