import assert from "node:assert/strict";
import { test } from "node:test";
import { isImageError, memoryImage } from "#image";
import { openMailStore } from "#mail";
import { cyrusNodes, type FixtureNodes } from "./cyrus.fixture.ts";
import { all, moved } from "./cyrus-summary.fixture.ts";
import { twoskipFile } from "./twoskip.fixture.ts";

type Seen = { readonly fingerprints: string; readonly list: string };

const places = { cyrus: { seenBy: "cass" } };

/** By unique ID: the fingerprints of what the list depends on, and the list. */
async function lists(nodes: FixtureNodes): Promise<ReadonlyMap<string, Seen>> {
  const image = memoryImage(nodes);
  const found = new Map<string, Seen>();
  for (const account of (await openMailStore(image, { places })).accounts) {
    for (const { guid = "", path, dependsOn } of await account.mailboxes()) {
      const fingerprints = [];
      for (const one of dependsOn)
        fingerprints.push(`${one} ${await orAbsent(image.fingerprint(one))}`);
      const list = await orAbsent(account.messages({ path }));
      const text = JSON.stringify(list, (_, value: unknown) =>
        typeof value === "bigint" ? String(value) : value,
      );
      found.set(guid, { fingerprints: fingerprints.join("\n"), list: text });
    }
  }
  return found;
}

async function orAbsent<T>(value: Promise<T>): Promise<T | "absent"> {
  try {
    return await value;
  } catch (error) {
    if (isImageError(error)) return "absent";
    throw error;
  }
}

test("a list of messages changes with nothing but what it depends on", async () => {
  const one = cyrusNodes(all);
  const seen: FixtureNodes = {
    "config/user/c/cass.seen": twoskipFile([{ put: "d4news", value: "1 1 5 1 5" }]),
  };
  const spread = moved(one, (path) =>
    path.endsWith("d4news/5.") ? path.replace("spool", "archive") : path,
  );
  let changed = 0;
  const stores: readonly FixtureNodes[] = [one, { ...one, ...seen }, { ...spread, ...seen }];
  for (const nodes of stores) {
    const before = await lists(nodes);
    assert.equal(before.size, all.length);
    for (const file of [
      ...Object.keys(nodes),
      "spool/uuid/a/1/a1inbox/3.",
      "config/user/O/cass.seen",
    ]) {
      if (file === "spool" || file.endsWith(".db")) continue;
      const { [file]: _, ...without } = nodes;
      for (const after of [await lists(without), await lists({ ...nodes, [file]: "other bytes" })])
        for (const [id, { fingerprints, list }] of before) {
          const now = after.get(id);
          assert.ok(now !== undefined, id);
          if (now.list === list) continue;
          changed++;
          assert.notEqual(now.fingerprints, fingerprints, `${id} does not depend on ${file}`);
        }
    }
  }
  assert.ok(changed > 20);
});
