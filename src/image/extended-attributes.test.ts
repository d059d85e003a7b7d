import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  extendedAttributeSupport,
  readExtendedAttributes,
  removeExtendedAttribute,
  writeExtendedAttribute,
} from "./extended-attributes.ts";
import { rawPathFromText } from "./raw-path.ts";

const folder = await mkdtemp(join(tmpdir(), "restante-attributes-"));
after(() => rm(folder, { recursive: true, force: true }));
const path = rawPathFromText(join(folder, "Grüße"));
await writeFile(join(folder, "Grüße"), "x");
const skip = extendedAttributeSupport() === "ffi" ? false : "this Node has no node:ffi";

test("attributes are written, replaced, read in order and removed", { skip }, () => {
  assert.deepEqual(readExtendedAttributes(path), []);
  writeExtendedAttribute(path, { name: "user.b", value: Buffer.from([0, 255, 0]) });
  writeExtendedAttribute(path, { name: "user.a", value: Buffer.alloc(0) });
  writeExtendedAttribute(path, { name: "user.b", value: Buffer.from("new") });
  const read = readExtendedAttributes(path).map(({ name, value }) => [
    name,
    String(Buffer.from(value)),
  ]);
  assert.deepEqual(read, [
    ["user.a", ""],
    ["user.b", "new"],
  ]);
  removeExtendedAttribute(path, "user.a");
  assert.deepEqual(
    readExtendedAttributes(path).map(({ name }) => name),
    ["user.b"],
  );
  assert.throws(() => removeExtendedAttribute(path, "user.a"), { code: "image.attribute-failed" });
});

test("an entry that is not there has no attributes, and cannot be given one", () => {
  const absent = rawPathFromText(join(folder, "absent"));
  assert.deepEqual(readExtendedAttributes(absent), []);
  assert.throws(() => writeExtendedAttribute(absent, { name: "user.a", value: Buffer.from("x") }), {
    code: "image.attribute-failed",
  });
});
