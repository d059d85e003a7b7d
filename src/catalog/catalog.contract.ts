import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Image } from "#image";
import { fill, find, mail, type MakeCatalog, query, subjects } from "./asking.fixture.ts";
import { forgettingContract } from "./forgetting.contract.ts";
import { provisionalContract } from "./provisional.contract.ts";
import { type MomentAt, momentOf, type StoredBox } from "./stores.fixture.ts";

/** What every catalog does. */
export function catalogContract(
  name: string,
  make: MakeCatalog,
  { runs }: { readonly runs: number },
): void {
  describe(`${name} keeps the Catalog contract`, () => {
    searchContract(make);
    presenceContract(make);
    forgettingContract(make, runs);
    provisionalContract(make, Math.ceil(runs / 4));
    costContract(make);
  });
}

function searchContract(make: MakeCatalog): void {
  test("messages are found by words, fields, dates, sizes, places and flags, the newest first", async () => {
    await using catalog = await make();
    await fill(catalog, [
      {
        store: {
          "ada/INBOX": [{ number: 1 }, { number: 2, flags: "FS" }, { number: 3, flags: "" }],
          "ada/Archive": mail(4),
          "bob/INBOX": mail(4, 5),
        },
      },
    ]);
    const cases: readonly (readonly [string, readonly number[]])[] = [
      ["", [5, 4, 3, 2, 1]],
      ["even", [4, 2]],
      ["subject:even -number2", [4]],
      ["from:sender3@example.org", [3]],
      ["from:ada", []],
      ["to:ada number1", [1]],
      ['"text of message4"', [4]],
      ['"message4 of text"', []],
      ["body:things subject:odd", [5, 3, 1]],
      ["messa* number5", [5]],
      ["in:archive", [4]],
      ["in:INBOX/Archive even", [4]],
      ["-in:INBOX", [4]],
      ["is:flagged", [2]],
      ["is:unseen", [3]],
      ["is:present", [5, 4, 3, 2, 1]],
      ["is:missing", []],
      ["after:2026-10-04", [5, 4, 3]],
      ["before:2026-10-04", [2, 1]],
      ["-after:2026-10-04", [2, 1]],
      ["has:attachment", []],
      ["larger:10kB", []],
      ["smaller:10kB number2", [2]],
      ["-even", [5, 3, 1]],
      ["nothing", []],
    ];
    for (const [text, expected] of cases)
      assert.deepEqual(
        await subjects(catalog, text),
        expected.map((number) => `number${number}`),
        text,
      );
    const [bob] = (await catalog.accounts()).filter(({ root }) => root === "bob");
    assert.deepEqual(await subjects(catalog, "", { accounts: [bob?.id ?? 0] }), [
      "number5",
      "number4",
    ]);
    const [ranked] = await find(catalog, "message5 things", { sort: "relevance" });
    assert.match(ranked?.subject ?? "", /number5/);
  });

  test("pages come one after another, and what is no cursor is refused", async () => {
    await using catalog = await make();
    await fill(catalog, [{ store: { "ada/INBOX": mail(1, 2, 3, 4, 5) } }]);
    for (const sort of ["newest", "relevance"] as const) {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await catalog.find(query("things"), {
          limit: 2,
          sort,
          ...(cursor === undefined ? {} : { cursor }),
        });
        assert.ok(page.messages.length > 0 && page.messages.length <= 2);
        seen.push(...page.messages.map(({ messageId }) => messageId));
        cursor = page.next;
      } while (cursor !== undefined);
      assert.equal(new Set(seen).size, 5, sort);
      assert.equal(seen.length, 5, sort);
    }
    await assert.rejects(catalog.find(query("things"), { cursor: "page 2" }), {
      code: "catalog.cursor",
    });
  });

  test("a message is found by the beginning of its identity", async () => {
    await using catalog = await make();
    await fill(catalog, [{ store: { "ada/INBOX": mail(1, 2) } }]);
    const [first] = await find(catalog, "number1");
    const prefix = first?.identity.slice(0, 9) ?? "";
    const found = await catalog.messagesByIdentity(prefix, { limit: 2 });
    assert.deepEqual(found, [first]);
    assert.deepEqual(await catalog.messagesByIdentity("not hex", { limit: 2 }), []);
  });
}

function presenceContract(make: MakeCatalog): void {
  test("what was deleted is missing, with the moments between which it went", async () => {
    await using catalog = await make();
    await fill(catalog, [
      { store: { "ada/INBOX": mail(1) } },
      { store: { "ada/INBOX": mail(1, 2) } },
      { store: { "ada/INBOX": mail(1, 2) } },
      { store: { "ada/INBOX": mail(1) } },
    ]);
    const [gone, ...others] = await find(catalog, "is:missing");
    assert.deepEqual(others, []);
    const [placement] = gone?.placements ?? [];
    assert.equal(placement?.now, "gone");
    assert.deepEqual(
      placement.presence.map((level) =>
        level.map(({ notBefore, from, until, goneBy }) =>
          [notBefore, from, until, goneBy].map((one) => one?.id),
        ),
      ),
      [[["moment1", "moment2", "moment3", "moment4"]]],
    );
    assert.deepEqual(await subjects(catalog, "", { atNs: momentOf(3).atNs }), [
      "number2",
      "number1",
    ]);
    assert.deepEqual(await subjects(catalog, "", { atNs: momentOf(1).atNs + 5n }), ["number1"]);
    assert.deepEqual(await subjects(catalog, "", { atNs: momentOf(0).atNs }), []);
  });

  test("what moved to another folder of its owner is not missing", async () => {
    await using catalog = await make();
    await fill(catalog, [
      { store: { "ada/INBOX": mail(1, 2), "ada/Archive": mail(3) } },
      { store: { "ada/INBOX": mail(2), "ada/Archive": mail(1, 3) } },
    ]);
    assert.deepEqual(await subjects(catalog, "is:missing"), []);
    const [moved] = await find(catalog, "number1");
    assert.deepEqual(
      moved?.placements.map(({ mailbox, now: state }) => [mailbox, state]),
      [
        ["Archive", "present"],
        ["INBOX", "gone"],
      ],
    );
  });

  test("flags have a history", async () => {
    await using catalog = await make();
    await fill(catalog, [
      { store: { "ada/INBOX": [{ number: 1, flags: "", uid: 7 }] } },
      { store: { "ada/INBOX": [{ number: 1, flags: "S", uid: 7 }] } },
      { store: { "ada/INBOX": [{ number: 1, flags: "FS", uid: 7 }] } },
    ]);
    const [message] = await find(catalog, "is:flagged");
    assert.deepEqual(
      message?.placements[0]?.states.map(({ flags, uid, intervals }) => [
        flags.join(" "),
        uid,
        intervals[0]?.from.id,
        intervals[0]?.until.id,
      ]),
      [
        ["", 7, "moment1", "moment1"],
        ["\\Seen", 7, "moment2", "moment2"],
        ["\\Flagged \\Seen", 7, "moment3", "moment3"],
      ],
    );
    assert.equal(message?.placements[0]?.presence[0]?.length, 1);
  });

  test("a message that is in a mailbox twice counts twice", async () => {
    await using catalog = await make();
    const twice = [{ number: 1 }, { number: 1, copy: 1 }];
    await fill(catalog, [{ store: { "ada/INBOX": twice } }, { store: { "ada/INBOX": mail(1) } }]);
    const [message] = await find(catalog, "number1");
    const [once, again] = message?.placements[0]?.presence ?? [];
    assert.equal(once?.[0]?.until.id, "moment2");
    assert.equal(again?.[0]?.until.id, "moment1");
    assert.equal(again?.[0]?.goneBy?.id, "moment2");
  });

  const full: StoredBox = mail(1, 2);
  const losses: Readonly<Record<string, MomentAt>> = {
    "a mailbox that is not there": { store: { "ada/INBOX": full } },
    "a mailbox that is empty after it was full": { store: { "ada/INBOX": full, "ada/Old": [] } },
    "a mailbox that cannot be listed": { store: { "ada/INBOX": full, "ada/Old": "unlistable" } },
    "a mailbox that the capture did not get whole": {
      store: { "ada/INBOX": full, "ada/Old": mail(4) },
      missing: ["ada/.Old/cur/3.M0.mx1:2,S"],
    },
    "an account that is not there": { store: { "bob/INBOX": full } },
    "a store that is not there": { store: {} },
    "a moment that cannot be opened": { store: {}, isDamaged: true },
  };
  for (const [what, lossy] of Object.entries(losses)) {
    test(`${what} is told, and is no deletion of the mail in it`, async () => {
      await using catalog = await make();
      const before: MomentAt = {
        store: { "ada/INBOX": full, "ada/Old": mail(3, 4), "bob/INBOX": full },
      };
      await fill(catalog, [before]);
      const { problems } = await fill(catalog, [before, lossy]);
      if (what !== "a mailbox that is empty after it was full")
        assert.ok(problems.length > 0, "nothing was told");
      const [lost] = await find(catalog, "number3");
      assert.deepEqual(
        [lost?.placements[0]?.now, lost?.placements[0]?.presence[0]?.[0]?.goneBy],
        ["unknown", undefined],
      );
      // It is said to be missing, and that nobody knows.
      assert.ok((await subjects(catalog, "is:missing")).includes("number3"));
      const doubtful = (await catalog.mailboxes()).filter(({ isDoubtful }) => isDoubtful);
      assert.ok(
        doubtful.some(({ name: one }) => one === "Old"),
        "not said to be doubtful",
      );
      // Back as it was, nothing has happened; back without it, it is gone.
      await fill(catalog, [before, lossy, before]);
      assert.deepEqual(await subjects(catalog, "is:missing"), []);
      const [back] = await find(catalog, "number3");
      assert.equal(back?.placements[0]?.presence[0]?.length, 1);
      await fill(catalog, [
        before,
        lossy,
        { store: { ...before.store, "ada/Old": mail(4) }, id: 9 },
      ]);
      assert.deepEqual(await subjects(catalog, "is:missing"), ["number3"]);
      const [gone] = await find(catalog, "number3");
      assert.equal(gone?.placements[0]?.now, "gone");
      assert.equal(gone.placements[0]?.presence[0]?.[0]?.goneBy?.id, "moment9");
    });
  }
}

/** Counts what is read and listed of an Image. */
function counting(counts: { reads: number; lists: string[] }): (image: Image) => Image {
  return (image) =>
    new Proxy(image, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        return (...given: unknown[]) => {
          if (key === "read" && String(given[0]).includes("/cur/")) counts.reads++;
          if (key === "list") counts.lists.push(String(given[0]));
          return Reflect.apply(value as (...all: unknown[]) => unknown, target, given);
        };
      },
    });
}

function costContract(make: MakeCatalog): void {
  test("what a moment costs is what changed in it", async () => {
    await using catalog = await make();
    const many = Array.from({ length: 40 }, (_, index) => index + 1);
    const store = {
      "ada/INBOX": mail(...many),
      "ada/Old": mail(50, 51),
      "bob/INBOX": mail(...many),
    };
    const counts = { reads: 0, lists: [] as string[] };
    const step = async (moments: readonly MomentAt[]): Promise<void> => {
      counts.reads = 0;
      counts.lists = [];
      await fill(catalog, moments, counting(counts));
    };
    const first = { store };
    await step([first]);
    // The same message for two people is read once.
    assert.equal(counts.reads, 42);
    await step([first, first]);
    assert.deepEqual(counts, { reads: 0, lists: [] });
    const second = { store: { ...store, "ada/INBOX": mail(...many, 60) } };
    await step([first, first, second]);
    assert.equal(counts.reads, 1);
    assert.deepEqual(
      counts.lists.filter((path: string) => path.endsWith("/cur")),
      ["ada/cur"],
    );
    const flagged = {
      store: { ...second.store, "bob/INBOX": many.map((number) => ({ number, flags: "FS" })) },
    };
    await step([first, first, second, flagged]);
    assert.equal(counts.reads, 0);
    assert.equal((await find(catalog, "is:flagged", { limit: 100 })).length, 40);
  });

  test("images whose fingerprints say nothing cost their lists, and what is new", async () => {
    await using catalog = await make();
    let images = 0;
    const counts = { reads: 0, lists: [] as string[] };
    const wrap = (image: Image): Image => {
      const scope = `image ${++images}`;
      return new Proxy(counting(counts)(image), {
        get: (target, key) =>
          key === "fingerprintScope" ? scope : (Reflect.get(target, key, target) as unknown),
      });
    };
    const first = { store: { "ada/INBOX": mail(1, 2, 3) } };
    const second = {
      store: { "ada/INBOX": [{ number: 1, flags: "FS" }, { number: 2 }, { number: 4 }] },
    };
    await fill(catalog, [first], wrap);
    assert.equal(counts.reads, 3);
    await fill(catalog, [first, second], wrap);
    assert.equal(counts.reads, 4);
    assert.deepEqual(await subjects(catalog, "is:missing"), ["number3"]);
    assert.deepEqual(await subjects(catalog, "is:flagged"), ["number1"]);
  });
}
