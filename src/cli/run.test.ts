import assert from "node:assert/strict";
import { test } from "node:test";
import { commandNames, commands } from "./command-table.ts";
import { runForTest } from "./surroundings.fixture.ts";
import { programVersion } from "./version.ts";

test("help lists every verb, and every verb's help has its options and an example", async () => {
  const overview = await runForTest(["help"]);
  assert.equal(overview.exitCode, 0);
  for (const command of commands) {
    assert.match(overview.output, new RegExp(`^  ${command.name}\\b`, "m"));
    const { exitCode, output } = await runForTest(["help", command.name]);
    assert.equal(exitCode, 0);
    for (const option of command.options)
      assert.ok(output.includes(`--${option.name}`), `${command.name} --${option.name}`);
    assert.match(output, /Examples:\n {2}# /);
    assert.deepEqual((await runForTest([command.name, "--help"])).output, output);
  }
});

test("help fits a terminal of 100 columns but for examples and usage", async () => {
  for (const name of [undefined, ...commandNames()]) {
    const { output } = await runForTest(name === undefined ? ["help"] : ["help", name]);
    const long = output
      .split("\n")
      .filter((line) => line.length > 100 && !line.includes("restante "));
    assert.deepEqual(long, []);
  }
});

test("an alias is the same verb", async () => {
  assert.equal(
    (await runForTest(["help", "snapshots"])).output,
    (await runForTest(["help", "moments"])).output,
  );
});

test("--version prints the package's version, in JSON too", async () => {
  assert.equal((await runForTest(["--version"])).output, `restante ${programVersion()}\n`);
  assert.match(programVersion(), /^\d+\.\d+\.\d+/);
  assert.deepEqual(JSON.parse((await runForTest(["--version", "--json"])).output), {
    version: 1,
    type: "version",
    program: "restante",
    programVersion: programVersion(),
  });
});

test("an unknown verb or option is exit code 2 and names what was probably meant", async () => {
  const verb = await runForTest(["captrue"]);
  assert.equal(verb.exitCode, 2);
  assert.match(verb.messages, /Did you mean `restante capture`\?/);
  const option = await runForTest(["capture", "--ful"]);
  assert.equal(option.exitCode, 2);
  assert.match(option.messages, /Did you mean --full\?/);
  assert.equal((await runForTest([])).exitCode, 2);
  assert.equal((await runForTest(["help", "captrue"])).exitCode, 2);
  assert.equal((await runForTest(["completion"])).exitCode, 2);
  assert.equal((await runForTest(["completion", "csh"])).exitCode, 2);
  assert.equal((await runForTest(["verify", "one-too-many"])).exitCode, 2);
});

test("a verb may follow options of every verb and their values", async () => {
  const { exitCode, output } = await runForTest(["--copy", "/nowhere", "-q", "help", "verify"]);
  assert.equal(exitCode, 0);
  assert.match(output, /^restante verify/);
});

test("errors are one JSON document on stdout when JSON was asked for, also while options are read", async () => {
  const { exitCode, output, messages } = await runForTest(["capture", "--ful", "--json"]);
  assert.equal(exitCode, 2);
  assert.equal(messages, "");
  const { message, hint, ...rest } = JSON.parse(output) as Record<string, unknown>;
  assert.deepEqual(rest, {
    version: 1,
    type: "error",
    code: "cli.unknown-option",
    retryable: false,
    exitCode: 2,
  });
  assert.equal(typeof message, "string");
  assert.match(String(hint), /--full/);
});

test("an error shows no control character of what was typed", async () => {
  const { messages } = await runForTest(["\u001b[2Jx"]);
  assert.ok(!messages.includes("\u001b"));
});

test("an aborted run is interrupted: exit code 130", async () => {
  const { exitCode, messages } = await runForTest(["verify"], { signal: AbortSignal.abort() });
  assert.equal(exitCode, 130);
  assert.match(messages, /interrupted/);
});
