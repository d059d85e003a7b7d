import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { UidsByName } from "./uids-by-name.ts";

test("names in any order have the UIDs that a map would give them", () => {
  const names = fc.array(fc.stringMatching(/^[a-c]{1,3}$/), { maxLength: 40 });
  fc.assert(
    fc.property(names, names, (added, asked) => {
      const uids = new UidsByName();
      const map = new Map<string, number>();
      for (const [index, name] of added.entries()) {
        assert.equal(uids.add(name, index + 1), !map.has(name));
        map.set(name, index + 1);
      }
      for (const name of [...asked, ...added.toSorted(), ...asked.toReversed()])
        assert.equal(uids.get(name), map.get(name));
    }),
    { numRuns: 1000 },
  );
});
