import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { findCommand } from "./command-table.ts";
import { guessOpening, openingVerbs } from "./early-derivation.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-early-"));
  await writeFile(join(folder, "password"), "\uFEFF of a file\n");
  await mkdir(join(folder, "configured"));
  await writeFile(join(folder, "configured", "restante.yaml"), "");
});
after(async () => await rm(folder, { recursive: true }));

type Guess = readonly [folder: string, password: string] | undefined;

async function guess(
  argv: readonly string[],
  environment: Record<string, string> = { RESTANTE_PASSWORD: "secret" },
  workingFolder: string = folder,
): Promise<Guess> {
  const opening = await guessOpening({ argv, environment, workingFolder });
  return opening === undefined ? undefined : [opening.folder, opening.password];
}

test("the guess is what the command line and the environment say", async () => {
  const copy = join(folder, "copy");
  assert.deepEqual(await guess(["ls", "/m", "--copy", "copy"]), [copy, "secret"]);
  assert.deepEqual(await guess(["ls", "/m", "--copy=local:copy"]), [copy, "secret"]);
  const variables = { RESTIC_REPOSITORY: copy, RESTIC_PASSWORD: "restic's" };
  assert.deepEqual(await guess(["status"], variables), [copy, "restic's"]);
  const file = { RESTANTE_PASSWORD_FILE: join(folder, "password"), RESTIC_PASSWORD: "later" };
  assert.deepEqual(await guess(["ls", "--copy", copy], file), [copy, "of a file"]);
});

test("nothing is guessed where something else may be opened, or nothing at all", async () => {
  const variables = { RESTANTE_REPOSITORY: "/copy", RESTANTE_PASSWORD: "secret" };
  assert.equal(await guess(["help", "ls", "--copy", "copy"]), undefined);
  assert.equal(await guess(["ls", "--copy", "copy", "--help"]), undefined);
  assert.equal(await guess(["ls", "--", "--copy", "copy"]), undefined);
  assert.equal(await guess(["ls", "--copy"]), undefined);
  assert.equal(await guess(["ls", "--copy", "ssh://vault.example.net/srv"]), undefined);
  assert.equal(await guess(["ls", "--copy", "copy"], {}), undefined);
  assert.equal(await guess(["ls", "--config", "other.yaml"], variables), undefined);
  assert.equal(await guess(["ls"], variables, join(folder, "configured")), undefined);
  assert.deepEqual(await guess(["ls", "--no-config"], variables, join(folder, "configured")), [
    "/copy",
    "secret",
  ]);
});

test("a password that comes through a pipe is left for whoever opens the copy", async () => {
  for (const path of ["/dev/null", folder, join(folder, "absent")]) {
    const environment = { RESTANTE_PASSWORD_FILE: path, RESTIC_PASSWORD: "later" };
    assert.equal(await guess(["ls", "--copy", "copy"], environment), undefined, path);
  }
});

test("each verb of the guess is one", () => {
  for (const verb of openingVerbs) assert.ok(findCommand(verb), verb);
});
