import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Image } from "#image";
import { fill, mail, type MakeCatalog, subjects } from "./asking.fixture.ts";
import { dumpOf } from "./dump.fixture.ts";
import type { MomentAt, StoredBox } from "./stores.fixture.ts";

const box: fc.Arbitrary<StoredBox> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .uniqueArray(
        fc.record({
          number: fc.integer({ min: 1, max: 5 }),
          copy: fc.nat(1),
          flags: fc.constantFrom("", "S", "FS"),
          uid: fc.constantFrom(undefined, 1, 2),
        }),
        { selector: ({ number, copy }) => `${number} ${copy}`, maxLength: 5 },
      )
      .map((all) => all.map(({ uid, ...one }) => (uid === undefined ? one : { ...one, uid }))),
  },
  { weight: 1, arbitrary: fc.constant("unlistable" as const) },
);
export const moment: fc.Arbitrary<MomentAt> = fc.record({
  store: fc.dictionary(fc.constantFrom("ada/INBOX", "ada/Old", "bob/INBOX"), box, { maxKeys: 3 }),
  missing: fc.oneof(
    { weight: 5, arbitrary: fc.constant([] as readonly string[]) },
    { weight: 1, arbitrary: fc.constantFrom(["ada/.Old/cur/x"], [""]) },
  ),
});

/** Whatever a catalog forgets is as if it had never been. */
export function forgettingContract(make: MakeCatalog, numRuns: number): void {
  test("whatever was and whatever is forgotten, filling step by step equals rebuilding", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(moment, { minLength: 1, maxLength: 7 }),
        fc.array(fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }), { maxLength: 3 }),
        async (history, expiries) => {
          await using catalog = await make();
          let kept: (MomentAt & { readonly id: number })[] = [];
          const steps = Math.max(1, expiries.length);
          for (let step = 0; step < steps; step++) {
            const from = Math.floor((history.length * step) / steps);
            const until = Math.floor((history.length * (step + 1)) / steps);
            for (let index = from; index < until; index++)
              kept.push({ ...(history[index] as MomentAt), id: index + 1 });
            await fill(catalog, kept);
            kept = kept.filter(({ id }) => expiries[step]?.[id - 1] ?? true);
            await fill(catalog, kept);
          }
          await using rebuilt = await make();
          await fill(rebuilt, kept);
          assert.equal(await dumpOf(catalog), await dumpOf(rebuilt));
        },
      ),
      { numRuns },
    );
  });

  test("a moment that turns up between two that are known takes its place", async () => {
    const [a, b, c] = [mail(1), mail(1, 2), mail(2)].map((one, index) => ({
      store: { "ada/INBOX": one },
      id: index + 1,
    }));
    await using catalog = await make();
    await fill(catalog, [a, c] as MomentAt[]);
    await fill(catalog, [a, b, c] as MomentAt[]);
    await using rebuilt = await make();
    await fill(rebuilt, [a, b, c] as MomentAt[]);
    assert.equal(await dumpOf(catalog), await dumpOf(rebuilt));
  });

  test("what no moment has any more is not found by its words", async () => {
    await using catalog = await make();
    await fill(catalog, [
      { store: { "ada/INBOX": mail(1, 2) } },
      { store: { "ada/INBOX": mail(2) } },
    ]);
    await fill(catalog, [{ store: { "ada/INBOX": mail(2) }, id: 2 }]);
    assert.deepEqual(await subjects(catalog, "things"), ["number2"]);
    assert.equal((await catalog.status()).messages, 1);
  });

  test("a fill that fails half-way leaves what was, and the next one goes on", async () => {
    await using catalog = await make();
    const first: MomentAt = { store: { "ada/INBOX": mail(1) } };
    const second: MomentAt = { store: { "ada/INBOX": mail(1, 2), "bob/INBOX": mail(3) } };
    await fill(catalog, [first]);
    const before = await dumpOf(catalog);
    const list =
      (target: Image): Image["list"] =>
      async (path) => {
        if (path.startsWith("bob/")) throw new Error("pulled");
        return await target.list(path);
      };
    const failing = (image: Image): Image =>
      new Proxy(image, {
        get: (target, key) => {
          if (key === "list") return list(target);
          const value: unknown = Reflect.get(target, key, target);
          return typeof value === "function" ? (value.bind(target) as unknown) : value;
        },
      });
    await assert.rejects(fill(catalog, [first, second], failing), /pulled/);
    assert.equal(await dumpOf(catalog), before);
    await fill(catalog, [first, second]);
    await using rebuilt = await make();
    await fill(rebuilt, [first, second]);
    assert.equal(await dumpOf(catalog), await dumpOf(rebuilt));
  });
}
