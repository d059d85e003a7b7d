/** Restores and undos that end in the middle, at every change of the server in turn, and connections that break. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LivingError } from "../living/living-error.ts";
import type { MemoryChange } from "../living/memory-account.fixture.ts";
import {
  livingAccount,
  pastAccount,
  restoreMessages,
  seen,
  stateFolder,
  type Told,
} from "./messages.fixture.ts";
import { settleMessages, undoMessages } from "./undo-messages.ts";

/** As a kill: nothing in the program answers to it. */
class Killed extends Error {}

const past: Readonly<Record<string, readonly Told[]>> = {
  INBOX: [
    { text: "a", uid: 1 },
    { text: "b", uid: 2, letters: "S" },
    { text: "same" },
    { text: "same" },
    { text: "no-id" },
  ],
  "Old/Deep": [{ text: "deep", letters: "Fa" }],
};
const now: Readonly<Record<string, readonly Told[]>> = {
  INBOX: [
    { text: "a", uid: 1, letters: "F" },
    { text: "b", uid: 2 },
    { text: "same" },
    { text: "came later", letters: "S" },
  ],
};

for (const mode of ["additive", "exact"] as const) {
  for (const tellsUids of [true, false]) {
    const title = `${mode}${tellsUids ? "" : ", by a server that tells no UIDs"}`;
    test(`a restore that is killed at any change is finished by running it again: ${title}`, async () => {
      const wanted = await finished(mode);
      let kills = 0;
      for (let at = 1; ; at++) {
        using state = stateFolder();
        const living = killing(at, tellsUids);
        const account = await pastAccount(past);
        const options = { account, living, mode, flags: "past" } as const;
        const isKilled = await wasKilled(
          async () => void (await restoreMessages(state.records, options)),
        );
        if (!isKilled) break;
        kills++;
        const { result } = await restoreMessages(state.records, options);
        assert.equal(result.counts.failed, 0);
        assert.deepEqual(seen(living), wanted, `killed at change ${at}`);
        const { plan } = await restoreMessages(state.records, options);
        assert.equal(plan.counts.created + plan.counts.merged + plan.counts.deleted, 0);
      }
      assert.ok(kills >= 12, `${kills} kills`);
    });

    test(`a restore that is killed at any change is undone: ${title}`, async () => {
      const before = seen(livingAccount(now));
      for (let at = 1; ; at++) {
        using state = stateFolder();
        let isUndoing = false;
        const living = killing(at, tellsUids, () => !isUndoing);
        const account = await pastAccount(past);
        const options = { account, living, mode, flags: "past" } as const;
        const isKilled = await wasKilled(
          async () => void (await restoreMessages(state.records, options)),
        );
        isUndoing = true;
        const [summary] = await state.records.list();
        await using job = await state.records.take(summary?.id ?? "");
        const { counts } = await undoMessages({ living, job });
        assert.equal(counts.failed, 0);
        assert.deepEqual(seen(living), before, `killed at change ${at}`);
        if (!isKilled) break;
      }
    });

    test(`of a restore that is killed at any change and the one after it, each is undone by itself: ${title}`, async () => {
      const before = seen(livingAccount(now));
      for (let at = 1; ; at++) {
        using state = stateFolder();
        let isOver = false;
        const living = killing(at, tellsUids, () => !isOver);
        const account = await pastAccount(past);
        const options = { account, living, mode, flags: "past" } as const;
        const isKilled = await wasKilled(
          async () => void (await restoreMessages(state.records, options)),
        );
        isOver = true;
        const [first] = await state.records.list();
        {
          await using job = await state.records.take(first?.id ?? "");
          await settleMessages({ living, job });
        }
        const { jobId: second } = await restoreMessages(state.records, options);
        for (const id of [second, first?.id ?? ""]) {
          await using job = await state.records.take(id);
          await undoMessages({ living, job });
        }
        assert.deepEqual(seen(living), before, `killed at change ${at}`);
        if (!isKilled) break;
      }
    });

    test(`an undo that is killed at any change is finished by running it again: ${title}`, async () => {
      const before = seen(livingAccount(now));
      let kills = 0;
      for (let at = 1; ; at++) {
        using state = stateFolder();
        let isUndoing = false;
        const living = killing(at, tellsUids, () => isUndoing);
        const account = await pastAccount(past);
        const options = { account, living, mode, flags: "past" } as const;
        const { jobId } = await restoreMessages(state.records, options);
        isUndoing = true;
        const undo = async (): Promise<void> => {
          await using job = await state.records.take(jobId);
          await undoMessages({ living, job });
        };
        const isKilled = await wasKilled(undo);
        if (isKilled) await undo();
        assert.deepEqual(seen(living), before, `killed at change ${at} of the undo`);
        if (!isKilled) break;
        kills++;
      }
      assert.ok(kills >= 10, `${kills} kills`);
    });
  }
}

test("an interrupted restore that was settled before the next is undone without touching what the next appended", async () => {
  using state = stateFolder();
  const account = await pastAccount({ INBOX: [{ text: "x" }, { text: "y" }] });
  // Killed before the first append: nobody knows from the record whether it came.
  const living = killing(1, true);
  assert.ok(
    await wasKilled(async () => void (await restoreMessages(state.records, { account, living }))),
  );
  const [first] = await state.records.list();
  {
    await using job = await state.records.take(first?.id ?? "");
    await settleMessages({ living, job });
  }
  await restoreMessages(state.records, { account, living });
  const there = seen(living);
  await using job = await state.records.take(first?.id ?? "");
  const { counts } = await undoMessages({ living, job });
  assert.equal(counts.removed, 0);
  assert.deepEqual(seen(living), there);
});

test("connections that break at any append leave every message there once", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
      fc.boolean(),
      async (breaks, tellsUids) => {
        using state = stateFolder();
        let call = 0;
        const living = livingAccount(now, {
          tellsUids,
          onChange: ({ kind }: MemoryChange) => {
            if (kind === "append" && breaks[call++] === true)
              throw new LivingError("living.lost", "the connection broke", { retryable: true });
          },
        });
        const account = await pastAccount(past);
        const again = async (): Promise<number> => {
          const { result } = await restoreMessages(state.records, {
            account,
            living,
            flags: "past",
          });
          return result.counts.failed;
        };
        // Three breaks in a row end the attempts at one message; twelve of them are told at most.
        for (let run = 0; run < 5 && (await again()) > 0;) run++;
        assert.deepEqual(seen(living), await finished("additive"));
      },
    ),
    { numRuns: 25 },
  );
});

test("any two sides: nothing is lost, nothing is there twice, again changes nothing, undo puts it back", async () => {
  const side = fc.dictionary(
    fc.constantFrom("INBOX", "Sent", "Old"),
    fc.array(
      fc.record(
        {
          text: fc.constantFrom("a", "b", "c", "no-id"),
          letters: fc.constantFrom("", "S", "FS", "a", "T"),
          uid: fc.integer({ min: 1, max: 6 }),
          trace: fc.constantFrom("", "Return-Path: <x@y>\n"),
        },
        { requiredKeys: ["text"] },
      ),
      { maxLength: 5 },
    ),
    { noNullPrototype: true },
  );
  await fc.assert(
    fc.asyncProperty(
      side,
      side,
      fc.constantFrom("additive", "exact" as const),
      async (then, here, mode) => {
        using state = stateFolder();
        const account = await pastAccount({ INBOX: [], ...withOwnUids(then) });
        const living = livingAccount(withOwnUids(here));
        const before = seen(living);
        const options = {
          account,
          living,
          mode,
          flags: "past",
          evenMoved: true,
          compareAll: true,
        } as const;
        if (mode === "exact" && Object.values(then).flat().length === 0) return;
        const { plan, result, jobId } = await restoreMessages(state.records, options);
        assert.deepEqual({ ...result.counts }, { ...plan.counts });
        for (const name of ["INBOX", "Sent", "Old"]) {
          const texts = [...(living.boxes.get(name)?.messages.values() ?? [])].map(({ bytes }) =>
            Buffer.from(bytes)
              .toString()
              .replace(/^[^]*Body of /, "")
              .trim(),
          );
          for (const text of ["a", "b", "c", "no-id"]) {
            const wasThen = (then[name] ?? []).filter((one) => one.text === text).length;
            const wasHere = (here[name] ?? []).filter((one) => one.text === text).length;
            const most = mode === "exact" ? wasThen : Math.max(wasThen, wasHere);
            assert.equal(texts.filter((one) => one === text).length, most, `${text} in ${name}`);
          }
        }
        const again = await restoreMessages(state.records, options);
        assert.equal(
          again.plan.counts.created + again.plan.counts.merged + again.plan.counts.deleted,
          0,
        );
        await using job = await state.records.take(jobId);
        await undoMessages({ living, job });
        assert.deepEqual(seen(living), before);
      },
    ),
    { numRuns: 60 },
  );
});

function withOwnUids(
  boxes: Readonly<Record<string, readonly Told[]>>,
): Readonly<Record<string, readonly Told[]>> {
  return Object.fromEntries(
    Object.entries(boxes).map(([name, messages]) => {
      const taken = new Set<number>();
      return [
        name,
        messages.map(({ uid, ...told }) => {
          if (uid === undefined || taken.has(uid)) return told;
          taken.add(uid);
          return { ...told, uid };
        }),
      ];
    }),
  );
}

function killing(at: number, tellsUids: boolean, counts: () => boolean = () => true) {
  let changes = 0;
  return livingAccount(now, {
    tellsUids,
    onChange: () => {
      if (counts() && ++changes === at) throw new Killed();
    },
  });
}

async function wasKilled(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return false;
  } catch (error) {
    if (error instanceof Killed) return true;
    throw error;
  }
}

async function finished(mode: "additive" | "exact"): Promise<string[]> {
  using state = stateFolder();
  const living = livingAccount(now);
  const account = await pastAccount(past);
  await restoreMessages(state.records, { account, living, mode, flags: "past" });
  return seen(living);
}
