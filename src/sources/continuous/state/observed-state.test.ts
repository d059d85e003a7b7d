import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { RawPath } from "#image";
import type { ObservedFile } from "./observed-file.ts";
import { ObservedState } from "./observed-state.ts";

function file(type: "file" | "directory", inode: bigint): ObservedFile {
  const state = { type, mode: 0o644, uid: 1, gid: 2, mtimeNs: 3n, ctimeNs: 4n, inode, links: 1 };
  return { state, sizeBytes: 7 };
}

test("everything that is said of a file comes back", () => {
  using state = new ObservedState(":memory:");
  const whole: ObservedFile = {
    state: {
      ...file("file", 2n ** 64n - 1n).state,
      mtimeNs: -5n,
      extendedAttributes: [{ name: "user.x", value: Uint8Array.of(0, 255) }],
      device: 9n,
      linkTarget: "caf\xe9" as RawPath,
    },
    sizeBytes: 2 ** 40,
    content: { blockBytes: 4096, digests: new Uint8Array(16) },
    validatedBytes: 12,
  };
  state.set("a/\xff name" as RawPath, whole);
  const { path, name, ...found } = state.get("a/\xff name" as RawPath) ?? {};
  assert.deepEqual([path, name], ["a/\xff name", "\xff name"]);
  assert.deepEqual(found, whole);
  assert.equal(state.withInode(2n ** 64n - 1n)[0]?.path, "a/\xff name");
});

test("what is not committed is gone, and what is committed says of which journal", () => {
  using state = new ObservedState(":memory:");
  state.begin();
  state.set("a" as RawPath, file("file", 1n));
  assert.equal(state.journal, undefined);
  state.commit({ id: "j", sequence: 12 });
  assert.deepEqual(state.journal, { id: "j", sequence: 12 });
  state.clear();
  assert.deepEqual([state.journal, state.entries], [undefined, 0]);
});

/** A store of paths, as simple as can be. */
class Model {
  readonly paths = new Map<string, bigint>();

  set(path: string, inode: bigint): void {
    for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1))
      if (!this.paths.has(path.slice(0, at))) this.paths.set(path.slice(0, at), 0n);
    this.paths.set(path, inode);
  }

  remove(path: string): void {
    for (const one of this.paths.keys())
      if (one === path || one.startsWith(`${path}/`)) this.paths.delete(one);
  }

  rename(path: string, to: string): void {
    if (!this.paths.has(path) || path === to) return;
    this.remove(to);
    for (const [one, inode] of Array.from(this.paths)) {
      if (one !== path && !one.startsWith(`${path}/`)) continue;
      this.paths.delete(one);
      this.set(to + one.slice(path.length), inode);
    }
  }
}

test("any changes leave what a plain list of paths has", () => {
  const name = fc.constantFrom("a", "b", "c");
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join("/"));
  const step = fc.record({
    kind: fc.constantFrom("set", "set", "rename", "remove"),
    path,
    to: path,
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      using state = new ObservedState(":memory:");
      const model = new Model();
      let inode = 0n;
      for (const { kind, path: at, to } of steps) {
        const isInside = to.startsWith(`${at}/`) || at.startsWith(`${to}/`);
        if (kind === "set") {
          inode++;
          model.set(at, inode);
          state.set(at as RawPath, file("directory", inode));
        } else if (kind === "remove") {
          model.remove(at);
          state.remove(at as RawPath);
        } else if (!isInside) {
          model.rename(at, to);
          state.rename(at as RawPath, to as RawPath);
        }
      }
      const found = [...state.folders()].slice(1);
      assert.deepEqual(found.toSorted(), [...model.paths.keys()].toSorted());
      for (const one of found) assert.equal(state.get(one)?.state.inode, model.paths.get(one));
      assert.equal(state.entries, model.paths.size);
    }),
    { numRuns: 60 },
  );
});
