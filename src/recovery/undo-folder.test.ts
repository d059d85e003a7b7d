import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type RawPath, rawPathFromText } from "#image";
import { isUndoName, UndoFolder, undoFolderFor } from "./undo-folder.ts";

const folder = mkdtempSync(join(tmpdir(), "restante-undo-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const nowMs = Date.UTC(2026, 10, 23, 14, 3, 7);

function storeWith(name: string, text: string): RawPath {
  const store = join(folder, name);
  mkdirSync(join(store, "cur"), { recursive: true });
  writeFileSync(join(store, "cur/1"), text);
  return rawPathFromText(store);
}

test("two restores in the same second have an undo folder each, and neither takes what the other kept", () => {
  const root = storeWith("mail", "first");
  const path = undoFolderFor(root, nowMs);
  using one = new UndoFolder(path);
  one.take(`${root}/cur/1` as RawPath, "cur/1" as RawPath);
  writeFileSync(join(root, "cur/1"), "second");
  using other = new UndoFolder(undoFolderFor(root, nowMs));
  other.take(`${root}/cur/1` as RawPath, "cur/1" as RawPath);
  assert.notEqual(one.path, other.path);
  assert.equal(readFileSync(join(one.path, "cur/1"), "utf8"), "first");
  assert.equal(readFileSync(join(other.path, "cur/1"), "utf8"), "second");
  for (const { path: made } of [one, other]) assert.ok(isUndoName(made.slice(folder.length + 1)));
});

test("what is kept is in both places until it is replaced, and stays in the undo folder then", () => {
  const root = storeWith("kept", "old");
  using undo = new UndoFolder(undoFolderFor(root, nowMs + 60_000));
  undo.keep(`${root}/cur/1` as RawPath, "cur/1" as RawPath);
  undo.sync();
  assert.equal(readFileSync(join(root, "cur/1"), "utf8"), "old");
  rmSync(join(root, "cur/1"));
  writeFileSync(join(root, "cur/1"), "new");
  assert.equal(readFileSync(join(undo.path, "cur/1"), "utf8"), "old");
});

test("an undo folder that nothing came to is not made", () => {
  using undo = new UndoFolder(undoFolderFor(storeWith("untouched", "x"), nowMs + 120_000));
  undo.sync();
  assert.equal(undo.isUsed, false);
  assert.equal(existsSync(undo.path), false);
});
