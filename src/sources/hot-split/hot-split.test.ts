import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  memoryImage,
  type MemoryNodes,
  rawPathFromText,
  type RawPath,
  readAll,
  rootPath,
  writeMemoryNodes,
} from "#image";
import { storeValidator, type Validator } from "#servers";
import { plainCopies } from "#snapshots";
import { removeTree } from "./remove-tree.fixture.ts";
import { sourceContract } from "../source.contract.ts";
import { hotSplitSource, type HotSplitOptions } from "./hot-split.ts";
import { sweepHotSplits } from "./sweep-splits.ts";

const scratch = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const base = realpathSync(mkdtempSync(join(scratch, "restante-split-")));
after(() => removeTree(base));

const whole = "From: a@example.test\n\nhello\n";
const maildir: MemoryNodes = {
  "cur/1:2,S": whole,
  "new/2": whole,
  ".Sent/cur/3,S=27:2,": "From: a@example.test\n\nhi\nho\n".slice(0, 27),
  ".Sent/new": {},
  tmp: {},
};

type Place = {
  readonly store: RawPath;
  readonly work: RawPath;
  readonly workNames: () => string[];
};

async function place(nodes: MemoryNodes = maildir): Promise<Place> {
  const folder = mkdtempSync(join(base, "place-"));
  mkdirSync(join(folder, "store"));
  mkdirSync(join(folder, "work"));
  const store = rawPathFromText(join(folder, "store"));
  await writeMemoryNodes(store, nodes);
  return {
    store,
    work: rawPathFromText(join(folder, "work")),
    workNames: () => readdirSync(join(folder, "work")),
  };
}

function source(
  { work }: Place,
  options: Partial<HotSplitOptions> = {},
): ReturnType<typeof hotSplitSource> {
  return hotSplitSource({
    provider: plainCopies(),
    workFolder: work,
    validators: [storeValidator()],
    ...options,
  });
}

sourceContract("the hot split", async (nodes, { clock }) => {
  const at = await place();
  const folder = rawPathFromText(mkdtempSync(join(base, "store-")));
  await writeMemoryNodes(folder, nodes);
  const provider = plainCopies({ clock });
  return { source: source(at, { provider, validators: [], clock }), folder };
});

test("a hot split is validated, says what was found, and is gone when it is closed", async () => {
  const at = await place();
  {
    await using image = await source(at, { clock: () => 7n }).stableImage({ folder: at.store });
    assert.equal(image.evidence?.provider, "plain copy");
    assert.equal(image.evidence.kind, "clone");
    assert.deepEqual(image.evidence.rejected, []);
    assert.deepEqual(image.evidence.validations, [
      {
        validator: "mail reader",
        version: "2",
        atNs: 7n,
        valid: true,
        mailboxes: 2,
        messages: 3,
        counts: [
          { account: "", mailbox: "INBOX", messages: 2 },
          { account: "", mailbox: "Sent", messages: 1 },
        ],
        findings: [],
      },
    ]);
    assert.equal(at.workNames().length, 1);
    assert.equal(Buffer.from(await readAll(image, "new/2" as RawPath)).toString(), whole);
  }
  assert.deepEqual(at.workNames(), []);
});

test("what is not usable is rejected with its reason and made again, and only the good one stays", async () => {
  const at = await place();
  let looks = 0;
  const moody: Validator = {
    name: "moody",
    validate: async ({ clock }) => {
      const valid = ++looks === 3;
      const findings = valid ? [] : [`look ${looks} was bad.`];
      return {
        validator: "moody",
        version: "0",
        atNs: clock(),
        valid,
        mailboxes: 0,
        messages: 0,
        counts: [],
        findings,
      };
    },
  };
  await using image = await source(at, { validators: [moody] }).stableImage({ folder: at.store });
  assert.deepEqual(
    image.evidence?.rejected.map(({ attempt, reason }) => `${attempt} ${reason}`),
    ["1 moody: look 1 was bad.", "2 moody: look 2 was bad."],
  );
  assert.equal(at.workNames().length, 1);
});

test("a store that is never usable ends after so many attempts, with the reason, and nothing stays", async () => {
  const at = await place({ ...maildir, "cur/9,S=500:2,": whole });
  const rejected: number[] = [];
  const split = source(at, { repeat: 2, onRejected: ({ attempt }) => void rejected.push(attempt) });
  await assert.rejects(split.stableImage({ folder: at.store }), (error: Error) => {
    assert.equal((error as { code?: string }).code, "source.split-unusable");
    assert.match(error.message, /all 2 were rejected.*9,S=500.*28 bytes.*says 500/);
    return true;
  });
  assert.deepEqual(rejected, [1, 2]);
  assert.deepEqual(at.workNames(), []);
});

test("a validator that cannot be had ends the split at once, and nothing stays", async () => {
  const at = await place();
  const broken: Validator = {
    name: "broken",
    validate: async () => {
      throw new Error("no such program");
    },
  };
  await assert.rejects(source(at, { validators: [broken] }).stableImage({ folder: at.store }), {
    message: "no such program",
  });
  assert.deepEqual(at.workNames(), []);
});

test("an Image that was handed over reads in its new place, and closing it removes nothing", async () => {
  const at = await place();
  const to = `${at.work}/../k\xffept` as RawPath;
  {
    await using image = await source(at).stableImage({ folder: at.store });
    const handed = await image.handOver?.(to);
    assert.equal(handed?.root, `${to}/frozen`);
    assert.equal(await image.handOver?.(`${to}2` as RawPath), undefined, "given once only");
    assert.deepEqual(at.workNames(), []);
    assert.equal(Buffer.from(await readAll(image, "new/2" as RawPath)).toString(), whole);
  }
  await using kept = await plainCopies().open(to);
  assert.equal((await kept.list(rootPath)).length, 4);
});

test("handing over refuses a name that is taken, and the Image stays as it was", async () => {
  const at = await place();
  await using image = await source(at).stableImage({ folder: at.store });
  mkdirSync(Buffer.from(`${at.work}/taken`, "latin1"));
  await assert.rejects(async () => await image.handOver?.(`${at.work}/taken` as RawPath), {
    code: "source.split-folder",
  });
  assert.equal((await image.list(rootPath)).length, 4);
});

test("what a killed split left is swept by the next start, and what a living one holds is not", async () => {
  const at = await place();
  const program = join(import.meta.dirname, "killed-split.fixture.ts");
  const child = spawn(process.execPath, [program, at.store, at.work], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  assert.equal(at.workNames().length, 1);
  const alive = await sweepHotSplits(at.work);
  assert.deepEqual([alive.removed, alive.kept], [[], []]);
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
  const swept: string[] = [];
  const next = source(at, { onSwept: ({ removed }) => void swept.push(...removed) });
  await using image = await next.stableImage({ folder: at.store });
  assert.equal(swept.length, 1);
  assert.equal(at.workNames().length, 1, "its own only");
  assert.equal((await image.list(rootPath)).length, 4);
});

for (const [name, nodes, finding] of [
  ["an empty folder is no mail store", {}, /no Maildir/],
  ["an empty message", { "cur/1": "", new: {} }, /"cur\/1" is empty/],
  ["a message of zeros", { "cur/1": "\0".repeat(64), new: {} }, /zero bytes in its header/],
  ["a header cut off", { "cur/1": "From: a@exa", new: {} }, /ends in the middle of its header/],
  ["a message cut short", { "cur/1,S=99": whole, new: {} }, /has 28 bytes, and its name says 99/],
  [
    "a mailbox that cannot be listed",
    { "cur/1": whole, new: { type: "directory", failure: new Error("EIO: i/o error, scandir") } },
    /Cannot list "new": EIO/,
  ],
  [
    "a message that cannot be read",
    { "cur/1": { bytes: whole, failure: new Error("EIO: i/o error, read") }, new: {} },
    /"cur\/1" cannot be read/,
  ],
] as readonly (readonly [string, MemoryNodes, RegExp])[]) {
  test(`our reader finds: ${name}`, async () => {
    await using image = memoryImage(nodes);
    const validation = await storeValidator().validate({
      image,
      path: rootPath,
      writableCopy: async () => assert.fail("it writes nothing"),
      clock: () => 1n,
    });
    assert.equal(validation.valid, false);
    assert.match(validation.findings.join(" "), finding);
  });
}

test("our reader takes a compressed message and a header without a body as whole", async () => {
  const packed = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0]);
  await using image = memoryImage({ "cur/1,S=900": packed, "cur/2": "Subject: x\n", new: {} });
  const { valid, findings } = await storeValidator().validate({
    image,
    path: rootPath,
    writableCopy: async () => assert.fail("it writes nothing"),
    clock: () => 1n,
  });
  assert.deepEqual([valid, findings], [true, []]);
});

test("findings are bounded, and say how many more there are", async () => {
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`cur/${n}`, ""]));
  await using image = memoryImage({ ...many, new: {} });
  const { findings } = await storeValidator().validate({
    image,
    path: rootPath,
    writableCopy: async () => assert.fail("it writes nothing"),
    clock: () => 1n,
  });
  assert.equal(findings.length, 20);
  assert.equal(findings.at(-1), "31 more like these.");
});

test("a work folder that is not there is named", async () => {
  const at = await place();
  const split = source({ ...at, work: `${at.work}/none` as RawPath });
  await assert.rejects(split.stableImage({ folder: at.store }), { code: "source.split-folder" });
});
