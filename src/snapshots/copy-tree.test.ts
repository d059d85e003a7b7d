import assert from "node:assert/strict";
import { linkSync, lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Image, openDirectoryImage, rawPathFromText } from "#image";
import { copyTree } from "./copy-tree.ts";
import { writeBytes } from "./copy-file.ts";
import { resolveStore } from "./store-identity.ts";

const base = mkdtempSync(join(tmpdir(), "restante-copy-"));
after(() => rmSync(base, { recursive: true, force: true }));

test("a message that is listed before it is linked elsewhere, and there, is one file of two names", async () => {
  const store = join(base, "store");
  const to = join(base, "copy");
  for (const name of ["a", "b"]) mkdirSync(join(store, name), { recursive: true });
  writeFileSync(join(store, "a/1"), "one");
  const openImage = async (): Promise<Image> => {
    const image = await openDirectoryImage(rawPathFromText(store));
    const list = image.list.bind(image);
    image.list = async (path, signal) => {
      const listing = await list(path, signal);
      if (path === "a") linkSync(join(store, "a/1"), join(store, "b/2"));
      return listing;
    };
    return image;
  };
  await copyTree({
    store: resolveStore(rawPathFromText(store)),
    to: rawPathFromText(to),
    openImage,
    copyBytes: writeBytes,
    mustStandStill: false,
    roundLimit: 1,
  });
  assert.equal(lstatSync(join(to, "a/1")).ino, lstatSync(join(to, "b/2")).ino);
});
