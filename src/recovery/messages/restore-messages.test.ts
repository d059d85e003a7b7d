import assert from "node:assert/strict";
import { test } from "node:test";
import { isRecoveryError } from "#errors";
import type { LivingAccount } from "../living/living-account.ts";
import {
  everything,
  livingAccount,
  pastAccount,
  restoreMessages,
  seen,
  stateFolder,
  type Told,
} from "./messages.fixture.ts";
import { planMessages } from "./plan-messages.ts";
import { undoMessages } from "./undo-messages.ts";

const told = (text: string, more: Partial<Told> = {}): Told => ({ text, ...more });
const inbox = ["a", "b", "c", "d"].map((text, index) =>
  told(text, { uid: index + 1, seconds: 1_600_000_000 + index, letters: "S" }),
);

test("what is missing is put back with flags, keywords and date; what is there stays", async () => {
  using state = stateFolder();
  const account = await pastAccount({
    INBOX: [...inbox, told("e", { letters: "FRa", seconds: 1_500_000_000 })],
  });
  const living = livingAccount({ INBOX: inbox.slice(0, 2).toReversed() });
  const { plan, result, jobId } = await restoreMessages(state.records, { account, living });
  assert.deepEqual(plan.counts, result.counts);
  assert.deepEqual(
    { ...result.counts },
    { created: 3, merged: 0, moved: 0, skipped: 2, deleted: 0, failed: 0 },
  );
  assert.equal(result.verified, 3);
  const after = livingAccount({
    INBOX: [...inbox, told("e", { letters: "FRa", seconds: 1_500_000_000 })],
  });
  assert.deepEqual(seen(living), seen(after));
  const again = await restoreMessages(state.records, { account, living });
  assert.equal(again.result.counts.created, 0);
  assert.equal(again.result.counts.skipped, 5);
  await using job = await state.records.take(jobId);
  const { counts } = await undoMessages({ living, job });
  assert.equal(counts.removed, 3);
  assert.deepEqual(seen(living), seen(livingAccount({ INBOX: inbox.slice(0, 2).toReversed() })));
});

test("what the UIDs say needs no reading; the rest is read only where the Message-ID or the size says so", async () => {
  using state = stateFolder();
  const withoutUids = inbox.map((one, index) =>
    index < 2 ? one : told(one.text, { letters: "S", seconds: one.seconds ?? 0 }),
  );
  const account = await pastAccount({ INBOX: withoutUids });
  const others = ["longer than x", "longer than y"].map((text) => told(text));
  const living = livingAccount({ INBOX: [...inbox.slice(0, 3), ...others] });
  const { result } = await restoreMessages(state.records, { account, living });
  assert.equal(result.counts.created, 1);
  // a and b are known by UID; c has no UID in the past; d was read back.
  assert.deepEqual(living.bytesRead, ["INBOX 3", "INBOX 6"]);
});

test("equal messages are counted: two in the past and one now means one is missing", async () => {
  using state = stateFolder();
  const account = await pastAccount({
    INBOX: [told("a"), told("a"), told("no-id"), told("no-id")],
  });
  const living = livingAccount({ INBOX: [told("a"), told("no-id"), told("no-id"), told("no-id")] });
  const { result } = await restoreMessages(state.records, { account, living });
  assert.deepEqual([result.counts.created, result.counts.skipped], [1, 3]);
  assert.equal(living.box("INBOX").messages.size, 5);
});

test("another delivery trace is no other message", async () => {
  using state = stateFolder();
  const account = await pastAccount({ INBOX: [told("a", { trace: "Return-Path: <x@y>\n" })] });
  const living = livingAccount({ INBOX: [told("a", { trace: "Delivered-To: me@example.org\n" })] });
  const { result } = await restoreMessages(state.records, { account, living });
  assert.deepEqual([result.counts.created, result.counts.skipped], [0, 1]);
});

test("a UID that the server gave to another message decides nothing", async () => {
  using state = stateFolder();
  const account = await pastAccount({ INBOX: [told("a", { uid: 1, seconds: 5 })] });
  for (const now of [told("bb", { uid: 1, seconds: 5 }), told("b", { uid: 1, seconds: 6 })]) {
    const living = livingAccount({ INBOX: [now] });
    const { result } = await restoreMessages(state.records, { account, living });
    assert.equal(result.counts.created, 1);
  }
  const other = await pastAccount(
    { INBOX: [told("a", { uid: 1, seconds: 5 })] },
    { uidValidity: 7 },
  );
  const living = livingAccount({ INBOX: [told("b", { uid: 1, seconds: 5 })] });
  assert.equal(
    (await restoreMessages(state.records, { account: other, living })).result.counts.created,
    1,
  );
  // The same UID, date and size: only comparing all tells.
  const same = livingAccount({ INBOX: [told("b", { uid: 1, seconds: 5 })] });
  const plan = await planMessages({
    account,
    living: same,
    selection: everything,
    compareAll: true,
  });
  assert.equal(plan.counts.created, 1);
});

test("a message that lies in another mailbox is moved, not missing, unless that is asked for", async () => {
  using state = stateFolder();
  const account = await pastAccount({ INBOX: [told("a"), told("b")], Archive: [told("b")] });
  const now = { INBOX: [], Archive: [told("b")], Trash: [told("a")] };
  const living = livingAccount(now);
  const { plan, result } = await restoreMessages(state.records, { account, living });
  // The b of the archive is its own.
  assert.deepEqual([result.counts.created, result.counts.moved, result.counts.skipped], [1, 1, 1]);
  assert.ok(plan.steps.some((step) => step.kind === "moved" && step.at === "Trash"));
  const even = livingAccount(now);
  const second = await restoreMessages(state.records, { account, living: even, evenMoved: true });
  assert.equal(second.result.counts.created, 2);
});

test("flags become what is chosen, and undo gives them back where they still are as the restore left them", async () => {
  const past = [
    told("a", { uid: 1, letters: "Sa" }),
    told("b", { uid: 2 }),
    told("c", { uid: 3, letters: "T" }),
  ];
  const now = [
    told("a", { uid: 1, letters: "F" }),
    told("b", { uid: 2, letters: "R" }),
    told("c", { uid: 3 }),
  ];
  const expected = {
    past: [["Wichtig", "\\Seen"], [], []],
    now: [["\\Flagged"], ["\\Answered"], []],
    union: [["Wichtig", "\\Flagged", "\\Seen"], ["\\Answered"], []],
  };
  for (const flags of ["past", "now", "union"] as const) {
    using state = stateFolder();
    const account = await pastAccount({ INBOX: past });
    const living = livingAccount({ INBOX: now });
    const { plan, result, jobId } = await restoreMessages(state.records, {
      account,
      living,
      flags,
    });
    assert.deepEqual([plan.counts.merged, result.counts.merged], [2, 2], flags);
    const flagsNow = (): string[][] =>
      [...living.box("INBOX").messages.values()].map((message) => [...message.flags].sort());
    assert.deepEqual(flagsNow(), expected[flags], flags);
    // Somebody reads b after the restore.
    const b = living.box("INBOX").messages.get(2);
    if (b !== undefined) b.flags = new Set([...b.flags, "\\Seen"]);
    await using job = await state.records.take(jobId);
    const { counts } = await undoMessages({ living, job });
    assert.deepEqual(flagsNow()[0], ["\\Flagged"], flags);
    assert.ok(flagsNow()[1]?.includes("\\Seen"), flags);
    assert.equal(counts.left, flags === "past" ? 1 : 0, flags);
  }
});

test("flags of which a killed restore had set some, and taken none away yet, are given back", async () => {
  using state = stateFolder();
  const account = await pastAccount({ INBOX: [told("a", { uid: 1, letters: "S" })] });
  const living = livingAccount({ INBOX: [told("a", { uid: 1, letters: "F" })] });
  const { jobId } = await restoreMessages(state.records, { account, living, flags: "past" });
  const message = living.box("INBOX").messages.get(1);
  assert.deepEqual([...(message?.flags ?? [])], ["\\Seen"]);
  if (message !== undefined) message.flags = new Set(["\\Flagged", "\\Seen"]);
  await using job = await state.records.take(jobId);
  assert.equal((await undoMessages({ living, job })).counts.flagsBack, 1);
  assert.deepEqual([...(message?.flags ?? [])], ["\\Flagged"]);
});

test("a mark for deletion comes back with exact only", async () => {
  using state = stateFolder();
  const account = await pastAccount({ INBOX: [told("a", { letters: "ST" })] });
  for (const [mode, flags] of [
    ["additive", ["\\Seen"]],
    ["exact", ["\\Deleted", "\\Seen"]],
  ] as const) {
    const living = livingAccount({ INBOX: [] });
    await restoreMessages(state.records, { account, living, mode });
    const [message] = living.box("INBOX").messages.values();
    assert.deepEqual([...(message?.flags ?? [])].sort(), flags);
  }
});

test("exact removes what came later, keeps it, and undo brings it back", async () => {
  using state = stateFolder();
  const account = await pastAccount({ INBOX: [told("a", { uid: 1 })], Old: [told("o")] });
  const now = {
    INBOX: [told("a", { uid: 1, letters: "F" }), told("x", { letters: "Sa", seconds: 77 })],
    Later: [told("y")],
  };
  const living = livingAccount(now);
  const { plan, result, jobId } = await restoreMessages(state.records, {
    account,
    living,
    mode: "exact",
  });
  assert.deepEqual(plan.counts, result.counts);
  assert.deepEqual(
    { ...result.counts },
    { created: 1, merged: 1, moved: 0, skipped: 0, deleted: 2, failed: 0 },
  );
  assert.deepEqual(result.mailboxesMade, ["Old"]);
  assert.equal(living.box("INBOX").messages.size, 1);
  assert.equal(living.box("Later").messages.size, 0);
  await using job = await state.records.take(jobId);
  const { counts } = await undoMessages({ living, job });
  assert.deepEqual(
    { ...counts },
    { removed: 1, flagsBack: 1, putBack: 2, mailboxesRemoved: 1, left: 0, failed: 0 },
  );
  assert.deepEqual(seen(living), seen(livingAccount(now)));
});

test("exact removes nothing on the word of a listing that is not whole, or empty", async () => {
  const empty = await pastAccount({ INBOX: [] });
  const living = livingAccount({ INBOX: [told("x")] });
  await assert.rejects(
    planMessages({ account: empty, living, selection: everything, mode: "exact" }),
    (error) => isRecoveryError(error) && error.code === "restore.image-empty",
  );
  const account = await pastAccount({ INBOX: [told("a")], Other: [told("b")] });
  const partial = {
    ...account,
    messages: async (mailbox: Parameters<typeof account.messages>[0]) => {
      const found = await account.messages(mailbox);
      return { ...found, problems: [{ code: "unreadable", message: "no" } as const] };
    },
  };
  const plan = await planMessages({
    account: partial,
    living,
    selection: everything,
    mode: "exact",
  });
  assert.equal(plan.counts.deleted, 0);
  assert.ok(plan.warnings.some((warning) => warning.includes("Nothing is removed")));
  await assert.rejects(
    planMessages({
      account,
      living,
      selection: { wantsMailbox: () => true, wantsMessage: () => true },
      mode: "exact",
    }),
    (error) => isRecoveryError(error) && error.code === "restore.target-invalid",
  );
});

test("--into puts what is missing into a folder of its own", async () => {
  using state = stateFolder();
  const account = await pastAccount({
    INBOX: [told("a", { uid: 1 }), told("b")],
    Sent: [told("s")],
  });
  const living = livingAccount({ INBOX: [told("a", { uid: 1 })] });
  const one = await restoreMessages(state.records, {
    account,
    living,
    selection: { wantsMailbox: ({ name }) => name === "INBOX" },
    into: "Restored",
  });
  assert.deepEqual([one.result.counts.created, one.result.counts.moved], [1, 1]);
  assert.equal(living.box("Restored").messages.size, 1);
  const all = await restoreMessages(state.records, { account, living, into: "Restored" });
  assert.equal(living.box("Restored/Sent").messages.size, 1);
  assert.equal(all.result.counts.created, 1);
});

test("one message, and what equals it and is not asked for", async () => {
  using state = stateFolder();
  const account = await pastAccount({ INBOX: [told("a", { uid: 1 }), told("a", { uid: 2 })] });
  const living = livingAccount({ INBOX: [told("a")] });
  const { result } = await restoreMessages(state.records, {
    account,
    living,
    selection: { wantsMailbox: () => true, wantsMessage: ({ uid }) => uid === 2 },
  });
  assert.equal(result.counts.created, 1);
  assert.equal(living.box("INBOX").messages.size, 2);
});

test("what the server refuses is failed, and the rest goes on", async () => {
  using state = stateFolder();
  const account = await pastAccount({ INBOX: [told("a"), told("b".repeat(300)), told("c")] });
  const living = livingAccount({ INBOX: [] }, { appendLimitBytes: 200 });
  const { result, jobId } = await restoreMessages(state.records, { account, living });
  assert.deepEqual([result.counts.created, result.counts.failed], [2, 1]);
  assert.match(result.failures[0]?.message ?? "", /too large/);
  await using job = await state.records.take(jobId);
  assert.equal((await undoMessages({ living, job })).counts.removed, 2);
});

test("a message that the server has and does not give out is no reason to append it again", async () => {
  const account = await pastAccount({ INBOX: [told("a")] });
  const living = livingAccount({ INBOX: [told("a", { uid: 9 })] });
  living.unreadable.add(9);
  const plan = await planMessages({ account, living, selection: everything });
  assert.deepEqual([plan.counts.created, plan.counts.failed], [0, 1]);
});

test("a living mailbox that cannot be listed ends in an error, or in failed rows, never in copies", async () => {
  const account = await pastAccount({ INBOX: [told("a")] });
  const living = livingAccount({ INBOX: [told("a")] });
  const broken: LivingAccount = Object.assign(Object.create(living) as LivingAccount, {
    mailboxes: () => living.mailboxes(),
    nameHere: (name: string) => living.nameHere(name),
    messages: async () => {
      throw new Error("no");
    },
  });
  await assert.rejects(planMessages({ account, living: broken, selection: everything }));
});

test("a message that the server keeps in another form is taken back and failed", async () => {
  using state = stateFolder();
  const account = await pastAccount({ INBOX: [told("a"), told("b")] });
  const living = livingAccount({ INBOX: [] });
  const append = living.append.bind(living);
  living.append = async (name, message) => {
    const isA = Buffer.from(message.bytes).includes("Body of a");
    return await append(
      name,
      isA ? { ...message, bytes: Buffer.from("X: other\r\n\r\n") } : message,
    );
  };
  const { result } = await restoreMessages(state.records, { account, living });
  assert.deepEqual([result.counts.created, result.counts.failed], [1, 1]);
  assert.equal(living.box("INBOX").messages.size, 1);
});

test("what came since the preview is not appended again", async () => {
  using state = stateFolder();
  const account = await pastAccount({ INBOX: [told("a"), told("b")] });
  const living = livingAccount({ INBOX: [] });
  const { applyMessages } = await import("./apply-messages.ts");
  const { beginJob, bytesOf } = await import("./messages.fixture.ts");
  const { withCrlf } = await import("../living/living-identity.ts");
  const plan = await planMessages({ account, living, selection: everything });
  const bytes = withCrlf(bytesOf(told("a")));
  await living.append("INBOX", { bytes, flags: [], keywords: [] });
  await using job = await beginJob(state.records, living.location);
  const result = await applyMessages(plan, { account, living, job });
  assert.deepEqual([result.counts.created, result.counts.skipped], [1, 1]);
  assert.equal(living.box("INBOX").messages.size, 2);
});
