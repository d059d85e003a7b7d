import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { runForTest, type TestRun } from "../surroundings.fixture.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-config-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});
const run = (...argv: string[]): Promise<TestRun> =>
  runForTest(["config", ...argv], { workingFolder: folder, timeZone: "Europe/Berlin" });

test("config generate writes a configuration that validates, and never over a file", async () => {
  const made = await run("generate", "mail", "--config", "restante.yaml", "--copy", "recovery");
  assert.equal(made.exitCode, 0, made.messages);
  const text = await readFile(join(folder, "restante.yaml"), "utf8");
  assert.ok(text.includes(join(folder, "mail")));
  assert.ok(text.includes(join(folder, "recovery")));
  const valid = await run("validate");
  assert.equal(valid.exitCode, 0, valid.output);
  assert.match(valid.output, /is valid: 1 protection group/);
  const again = await run("generate", "--config", "restante.yaml");
  assert.equal(again.exitCode, 2);
  assert.match(again.messages, /there already/);
  assert.equal(await readFile(join(folder, "restante.yaml"), "utf8"), text);
});

test("config generate prints where no file is named", async () => {
  const { output } = await run("generate");
  assert.match(output, /^version: 1$/m);
  assert.match(output, /Europe\/Berlin/);
});

test("config validate says what is wrong where, with exit code 2", async () => {
  await writeFile(join(folder, "bad.yaml"), "version: 1\nserevrs: {}\n");
  const { exitCode, output } = await run("validate", "--config", "bad.yaml");
  assert.equal(exitCode, 2);
  assert.match(output, /bad\.yaml:2:1/);
  assert.match(output, /servers/);
  const json = JSON.parse(
    (await run("validate", "--config", "bad.yaml", "--json")).output,
  ) as Record<string, unknown>;
  assert.equal(json["valid"], false);
  assert.equal(json["version"], 1);
});

test("config show says what the configuration means with its defaults", async () => {
  await run("generate", "--config", "restante.yaml");
  const { exitCode, output } = await run("show");
  assert.equal(exitCode, 0);
  assert.match(output, /group mail\/everyone/);
  assert.match(output, /backup to disk to here/);
  const json = JSON.parse((await run("show", "--json")).output) as {
    readonly config: { readonly timeZone: string };
  };
  assert.equal(json.config.timeZone, "Europe/Berlin");
});

test("config show says what an hour without mail costs", async () => {
  await run("generate", "--config", "restante.yaml");
  const path = join(folder, "restante.yaml");
  const text = await readFile(path, "utf8");
  const factors = "payroll: 12000 EUR per hour\n    productivity_lost_without_mail: 30%";
  await writeFile(path, text.replace("tier: standard\n", `tier: standard\n    ${factors}\n`));
  assert.match(
    (await run("show")).output,
    /an hour without mail costs 3600 EUR: 30% of a payroll of 12000 EUR per hour/,
  );
  assert.match((await run("show", "--json")).output, /"productivityLostShare": ?0\.3/);
});

test("config show says of each group every method, and how it comes back when the site is lost", async () => {
  const example = join(import.meta.dirname, "../../../config.example.yaml");
  const { exitCode, output } = await run("show", "--config", example);
  assert.equal(exitCode, 0);
  for (const words of [
    "frozen by btrfs, validated by dovecot, tried 5 times at most",
    "copy clones  operational, replicas, /srv/clones",
    "disaster, repository, ssh://restante@vault.example.net:22/srv/recovery, key from credential",
    "tapes MX… of 100 GB each, written 100 times at most",
    "rotation of clones to clones, every 12 h",
    "keep 6 images",
    "duplicate backup copies offsite from here to second site, every 1 h",
    "move backup tapes offsite from tapes to vault, every 1 d",
    "hold 1 d, transit 4 h",
    "no disaster recovery: nothing here recovers from the loss of the site",
  ])
    assert.ok(output.includes(words), words);
});

test("config schema is a JSON Schema", async () => {
  const schema = JSON.parse((await run("schema")).output) as Record<string, unknown>;
  assert.equal(schema["type"], "object");
});

test("a configuration that is not there, or an action that is none, is exit code 2", async () => {
  assert.equal((await run("show", "--config", "none.yaml")).exitCode, 2);
  const { exitCode, messages } = await run("validat");
  assert.equal(exitCode, 2);
  assert.match(messages, /restante config validate/);
  assert.equal((await run("toString")).exitCode, 2);
});
