/** SIGKILL at every storage operation of a change of password, and of what only reads. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { isRecoveryError } from "#errors";
import { openRepository } from "#repository";
import { directoryStorage } from "#storage";
import { killEverywhere } from "./support/kill-everywhere.ts";
import { contentsOfFolder, contentsOfImage, makeMaildir } from "./support/mail-store.ts";
import { filesIn, password, Site } from "./support/recovery-site.ts";
import { newPassword } from "./support/repository-child.ts";

const template = new Site();
after(() => template[Symbol.dispose]());
makeMaildir(template.store, 12);
await template.init();
const { snapshot } = await template.capture();
const expected = contentsOfFolder(template.store);
const branch = (name: string): Site => template.branch(name);

/** Which of the passwords open it, and the moment with each. */
async function passwordsThatOpen(site: Site, name: string): Promise<readonly string[]> {
  const opening: string[] = [];
  for (const one of [password, newPassword]) {
    try {
      await using repository = await openRepository(directoryStorage(site.repository), {
        password: one,
      });
      const image = await repository.image(snapshot);
      assert.deepEqual(await contentsOfImage(image), expected, name);
      opening.push(one);
    } catch (error) {
      assert.ok(isRecoveryError(error) && error.code === "repository.wrong-password", name);
    }
  }
  return opening;
}

test("a change of password killed at any storage operation leaves one password that opens, or both", async (t) => {
  const kills = await killEverywhere(
    { action: "key-change" },
    async ({ name, site, end }) => {
      const opening = await passwordsThatOpen(site, name);
      assert.ok(opening.length > 0, `${name}: nothing opens it any more`);
      if (end.outcome.done !== undefined) assert.deepEqual(opening, [newPassword], name);
      // The next command that wants the repository for itself goes on without help.
      await using repository = await openRepository(directoryStorage(site.repository), {
        password: opening[0] as string,
      });
      await repository.replaceTags(snapshot, [...snapshot.tags, "looked-at"]);
      assert.deepEqual(filesIn(site, "locks"), [], name);
    },
    { branch },
  );
  t.diagnostic(`killed ${kills} times`);
  assert.ok(kills >= 6, `only ${kills} kills`);
});

test("a verification killed at any storage operation changes nothing and stands in nobody's way", async (t) => {
  const before = filesIn(template, "index");
  const kills = await killEverywhere(
    { action: "verify" },
    async ({ name, site }) => {
      assert.deepEqual(filesIn(site, "index"), before, name);
      await using repository = await site.open();
      await repository.replaceTags(snapshot, [...snapshot.tags, "looked-at"]);
      assert.deepEqual(filesIn(site, "locks"), [], name);
    },
    { branch, selections: [{}] },
  );
  t.diagnostic(`killed ${kills} times`);
  assert.ok(kills >= 10, `only ${kills} kills`);
});
