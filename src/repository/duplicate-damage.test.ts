/** Bytes that are damaged, lost or did not arrive, on either side. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FaultRule, Storage } from "#storage";
import { sha256 } from "./crypto.ts";
import {
  captureNodes,
  contentOf,
  damageBlob,
  duplicate,
  duplicateScene,
  filesOf,
  messages,
  openFaulty,
  reopen,
  startNs,
} from "./duplicate.fixture.ts";
import type { DuplicateResult } from "./duplicate-result.ts";
import type { Repository } from "./repository.ts";

const counts = ({ copied, skipped, refused }: DuplicateResult): number[] => [
  copied.length,
  skipped.length,
  refused.length,
];
const text = `Subject: rare\n\n${"z".repeat(999)}\n`;
const rare = { id: sha256(Buffer.from(text)), type: "data" } as const;

/** Three moments; the second alone has the message. */
async function threeMoments(from: Repository): Promise<readonly [string, string, string]> {
  const stores = [messages(10), { ...messages(10), "cur/rare": text }, messages(12)];
  const ids: string[] = [];
  for (const [at, nodes] of stores.entries())
    ids.push((await captureNodes(from, nodes, { second: at * 60 })).id);
  return ids as [string, string, string];
}

async function assertSound(storage: Storage): Promise<void> {
  const { findings } = await (await reopen(storage)).verify({ readData: true });
  assert.deepEqual(findings, []);
}

test("a moment with a damaged blob is refused with its file named, the others are copied", async () => {
  const { fromStorage, toStorage, from, to } = await duplicateScene();
  const [first, second, third] = await threeMoments(from);
  await damageBlob(fromStorage, rare);
  const result = await duplicate(from, to);
  assert.deepEqual(counts(result), [2, 0, 1]);
  assert.deepEqual(
    result.copied.map(({ from: { id } }) => id),
    [first, third],
  );
  const [refused] = result.refused;
  assert.equal(refused?.id, second);
  assert.equal(refused.error.code, "repository.moment-damaged");
  assert.match(refused.error.message, /1 name in it .* "\/mail\/cur\/rare"/);
  assert.deepEqual(refused.losses, [
    { path: "/mail/cur/rare", reason: "a part of it cannot be read in the source" },
  ]);
  await assertSound(toStorage);
});

test("a folder whose tree is damaged is named, and so is a later moment that shares it", async () => {
  const { fromStorage, toStorage, from, to } = await duplicateScene();
  const shared = { "a/one": "1", "b/two": "2" };
  await captureNodes(from, { ...shared, "c/three": "3" });
  const [snapshot] = await from.snapshots();
  assert.ok(snapshot !== undefined);
  await captureNodes(from, { ...shared, "d/four": "4" }, { second: 60 });
  await captureNodes(from, { "e/five": "5" }, { second: 120 });
  const image = await from.image(snapshot);
  const tree = await image.fingerprint("a" as Parameters<typeof image.fingerprint>[0]);
  assert.match(String(tree), /^tree:[0-9a-f]{64}$/);
  await damageBlob(fromStorage, {
    id: Buffer.from(String(tree).slice("tree:".length), "hex"),
    type: "tree",
  });
  const result = await duplicate(await reopen(fromStorage), to);
  assert.deepEqual(counts(result), [1, 0, 2]);
  for (const { losses } of result.refused)
    assert.deepEqual(
      losses.map(({ path }) => path),
      ["/mail/a"],
    );
  await assertSound(toStorage);
});

test("what the source has lost and the far side still has keeps no moment back", async () => {
  const { fromStorage, toStorage, from, to } = await duplicateScene();
  await captureNodes(from, { ...messages(3), "cur/rare": text });
  await duplicate(from, to);
  await captureNodes(from, { ...messages(4), "cur/rare": text }, { second: 60 });
  await damageBlob(fromStorage, rare);
  const result = await duplicate(await reopen(fromStorage), to);
  assert.deepEqual(counts(result), [1, 1, 0]);
  const last = (await to.snapshots()).at(-1);
  assert.ok(last !== undefined);
  assert.equal((await contentOf(to, last))["cur/rare"], text);
  await assertSound(toStorage);
});

test("with verify data, what the far side cannot read back is told by file, also of a moment that is there", async () => {
  const { toStorage, from, to } = await duplicateScene();
  await captureNodes(from, { ...messages(3), "cur/rare": text });
  const sent = await duplicate(from, to, { verify: "data" });
  assert.deepEqual(counts(sent), [1, 0, 0]);
  assert.ok(sent.bytesVerified >= sent.bytesStored);
  await damageBlob(toStorage, rare);
  const second = await captureNodes(from, { "cur/rare": text }, { second: 60 });
  const third = await captureNodes(from, messages(4), { second: 120 });
  const unaware = await duplicate(from, await reopen(toStorage), { snapshots: [third] });
  assert.deepEqual(counts(unaware), [1, 0, 0]);
  const result = await duplicate(from, await reopen(toStorage), { verify: "data" });
  assert.deepEqual(counts(result), [0, 1, 2]);
  for (const { error, losses } of result.refused) {
    assert.equal(error.code, "repository.moment-damaged");
    assert.deepEqual(losses, [
      { path: "/mail/cur/rare", reason: "a part of it does not read back from the target" },
    ]);
  }
  assert.ok(!(await to.snapshots()).some(({ original }) => original === second.id));
});

test("with verify data, what the far side has lost of a moment that is there is sent again", async () => {
  const { toStorage, from, to } = await duplicateScene();
  await captureNodes(from, messages(6));
  await duplicate(from, to);
  for (const type of ["data", "index"] as const) {
    for (const name of await filesOf(toStorage, type)) await toStorage.remove({ type, name });
  }
  const result = await duplicate(from, await reopen(toStorage), { verify: "data" });
  assert.deepEqual(counts(result), [0, 1, 0]);
  assert.ok(result.blobsCopied > 6);
  await assertSound(toStorage);
});

test("a pack that arrives cut short is no moment, and the next run sends it again", async () => {
  const { toStorage, from } = await duplicateScene();
  await captureNodes(from, messages(6));
  const cut: FaultRule = {
    kind: "truncate",
    action: "save",
    type: "data",
    at: 1,
    keepBytes: 100,
    report: "success",
  };
  const target = await openFaulty(toStorage, { rules: [cut] });
  await assert.rejects(duplicate(from, target), { code: "repository.not-arrived" });
  assert.deepEqual(await filesOf(toStorage, "snapshot"), []);
  assert.deepEqual(counts(await duplicate(from, await reopen(toStorage))), [1, 0, 0]);
  const { findings } = await (await reopen(toStorage)).verify({ readData: true });
  assert.deepEqual(
    findings.filter(({ severity }) => severity === "error"),
    [],
  );
});

test("a far side that is full says so, keeps the moments that arrived, and takes the rest later", async () => {
  const { toStorage, from } = await duplicateScene();
  await captureNodes(from, messages(4));
  await duplicate(from, await reopen(toStorage));
  await captureNodes(from, messages(40), { second: 60 });
  const full = await openFaulty(toStorage, { capacityBytes: 20_000 });
  await assert.rejects(duplicate(from, full), { code: "storage.full" });
  assert.equal((await (await reopen(toStorage)).snapshots()).length, 1);
  assert.deepEqual(counts(await duplicate(from, await reopen(toStorage))), [1, 1, 0]);
  await assertSound(toStorage);
});

test("a source that goes away in the middle is no damage: the run ends, and says what is gone", async () => {
  const { fromStorage, toStorage, from } = await duplicateScene();
  await captureNodes(from, messages(4));
  const gone = [
    { kind: "fail", action: "load", type: "data", when: "before", code: "storage.not-found" },
    {
      kind: "fail",
      action: "stat",
      type: "config",
      at: 3,
      when: "before",
      code: "storage.not-found",
    },
  ] as const satisfies readonly FaultRule[];
  const source = await openFaulty(fromStorage, { rules: gone });
  await assert.rejects(
    source.duplicateTo(await reopen(toStorage), {
      snapshots: await from.snapshots(),
      now: () => startNs,
    }),
    { code: "repository.not-found", message: /site1/ },
  );
  assert.deepEqual(await filesOf(toStorage, "snapshot"), []);
});

test("a source that goes away before its moments are looked up is not a source whose moments were removed", async () => {
  const { fromStorage, from, to } = await duplicateScene();
  await captureNodes(from, messages(4));
  const snapshots = await from.snapshots();
  const gone = { kind: "fail", when: "before", code: "storage.not-found" } as const;
  const rules: readonly FaultRule[] = [
    { ...gone, action: "load", type: "snapshot" },
    { ...gone, action: "stat", type: "config", at: 3 },
  ];
  const source = await openFaulty(fromStorage, { rules });
  await assert.rejects(duplicate(source, to, { snapshots }), { code: "repository.not-found" });
});

test("a source that does not answer for a while ends the run with an error that may pass", async () => {
  const { fromStorage, from, to } = await duplicateScene();
  await captureNodes(from, messages(4));
  const rules = [
    { kind: "fail", action: "load", type: "data", when: "before", retryable: true },
  ] as const;
  const source = await openFaulty(fromStorage, { rules });
  await assert.rejects(duplicate(source, to), { code: "storage.failed", retryable: true });
  assert.deepEqual(counts(await duplicate(from, to)), [1, 0, 0]);
});
