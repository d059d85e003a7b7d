import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fill, find, mail, type MakeCatalog, subjects } from "./asking.fixture.ts";
import type { Catalog } from "./catalog.ts";
import { dumpOf } from "./dump.fixture.ts";
import { fillProvisionally, type Provisional } from "./fill/fill-provisional.ts";
import { moment } from "./forgetting.contract.ts";
import { firstNs, imageOf, type MomentAt, momentOf, opener } from "./stores.fixture.ts";

type Numbered = MomentAt & { readonly id: number };

async function suppose(
  catalog: Catalog,
  supposed: readonly Numbered[],
  known: readonly Numbered[],
): Promise<Provisional> {
  const byId = new Map([...supposed, ...known].map((one) => [`moment${one.id}`, one]));
  return await fillProvisionally(catalog, {
    moments: supposed.map(({ id }) => momentOf(id)),
    open: opener(byId),
    openKnown: async ({ id }) => imageOf((byId.get(id) as Numbered).store),
    workers: 0,
  });
}

async function answers(catalog: Catalog, moments: number): Promise<string> {
  const all = [await dumpOf(catalog)];
  for (let number = 1; number <= moments; number++) {
    const { atNs } = momentOf(number);
    for (const text of ["", "is:seen", "is:missing", "in:Old"]) {
      const found = await find(catalog, text, { atNs });
      all.push(`${number} ${text}: ${found.map(({ identity }) => identity).join(" ")}`);
    }
  }
  return all.join("\n");
}

/** A moment that no copy holds is told for as long as somebody asks. */
export function provisionalContract(make: MakeCatalog, numRuns: number): void {
  test("moments told provisionally, wherever they lie, answer as if a copy had them, and leave nothing behind", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(moment, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(5), { minLength: 1, maxLength: 2 }),
        async (history, chosen) => {
          const all = history.map((one, index): Numbered => ({ ...one, id: index + 1 }));
          const supposed = all.filter(({ id }) => chosen.includes(id - 1));
          const known = all.filter((one) => !supposed.includes(one));
          await using catalog = await make();
          await fill(catalog, known);
          const before = await answers(catalog, all.length);
          await using whole = await make();
          await fill(whole, all);
          {
            await using _supposed = await suppose(catalog, supposed, known);
            assert.equal(await answers(catalog, all.length), await answers(whole, all.length));
          }
          assert.equal(await answers(catalog, all.length), before);
          // What was undone is in nobody's way.
          await fill(catalog, all);
          assert.equal(await answers(catalog, all.length), await answers(whole, all.length));
        },
      ),
      { numRuns },
    );
  });

  test("what came and went between two moments is found at a provisional one, by its words, and said to be gone", async () => {
    const known: readonly Numbered[] = [
      { store: { "ada/INBOX": mail(1), "bob/INBOX": mail(9) }, id: 1 },
      { store: { "ada/INBOX": mail(1), "bob/INBOX": mail(9) }, id: 3 },
    ];
    const between: Numbered = {
      store: { "ada/INBOX": mail(1, 2), "bob/INBOX": mail(9) },
      id: 2,
    };
    await using catalog = await make();
    await fill(catalog, known);
    assert.deepEqual(await subjects(catalog, "message2"), []);
    const supposed = await suppose(catalog, [between], known);
    const [found] = await find(catalog, "message2", { atNs: momentOf(2).atNs });
    assert.equal(found?.placements[0]?.now, "gone");
    const [interval] = found?.placements[0]?.presence[0] ?? [];
    assert.deepEqual(
      [interval?.notBefore?.id, interval?.from.id, interval?.until.id, interval?.goneBy?.id],
      ["moment1", "moment2", "moment2", "moment3"],
    );
    assert.deepEqual(await subjects(catalog, "is:missing"), ["number2"]);
    assert.deepEqual(await subjects(catalog, "message2", { atNs: firstNs + 1n }), []);
    await supposed[Symbol.asyncDispose]();
    assert.deepEqual(await subjects(catalog, "message2"), []);
    assert.equal((await catalog.status()).messages, 2);
  });

  test("a provisional moment that cannot be opened throws, and the catalog is as it was", async () => {
    const known: readonly Numbered[] = [{ store: { "ada/INBOX": mail(1) }, id: 1 }];
    await using catalog = await make();
    await fill(catalog, known);
    const before = await dumpOf(catalog);
    const damaged: Numbered = { store: {}, isDamaged: true, id: 2 };
    await assert.rejects(suppose(catalog, [damaged], known), /Cannot open "moment2"/);
    assert.equal(await dumpOf(catalog), before);
    await fill(catalog, [...known, { store: { "ada/INBOX": mail(1, 2) }, id: 2 }]);
    assert.deepEqual(await subjects(catalog, "message2"), ["number2"]);
  });
}
