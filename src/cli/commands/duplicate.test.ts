import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { initRepository, openRepository } from "#repository";
import { directoryStorage } from "#storage";
import { parseArguments } from "../arguments.ts";
import { commonOptions } from "../command-options.ts";
import { duplicateCommand } from "../duplicate-command.ts";
import { type ExitCode, exitCodeOf } from "../exit-codes.ts";
import { Output } from "../output.ts";
import { passwordsFrom } from "../passwords.ts";
import { documents, hashes, keys, message, writeSmallStore } from "../story.fixture.ts";
import { LentRepositories, runForTest, type TestRun } from "../surroundings.fixture.ts";
import type { Surroundings } from "../terminal.ts";
import { run } from "./duplicate.ts";

/* One story on one small store, told in order: opening a repository derives its key. */
let folder = "";
let inbox = "";
const [password, vaultPassword] = ["correct horse", "battery staple"];
const repositories = new LentRepositories((location) => directoryStorage(location));
const at = (name: string): string => join(folder, name);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-duplicate-"));
  inbox = await writeSmallStore(at("mail"));
  await initRepository(directoryStorage(at("copy")), { password });
  await initRepository(directoryStorage(at("vault")), { password: vaultPassword });
});
after(async () => {
  await repositories[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

type Environment = Record<string, string>;
const passwords: Environment = {
  RESTANTE_PASSWORD: password,
  RESTANTE_TO_PASSWORD: vaultPassword,
};
let now = 1_800_000_000_000_000_000n;

/** The verb alone, as the command line runs it. */
async function duplicate(
  argv: readonly string[],
  { environment = passwords }: { readonly environment?: Environment } = {},
): Promise<TestRun> {
  const options = [...commonOptions, ...duplicateCommand.options];
  const typed = parseArguments(["--no-config", "--copy", at("copy"), ...argv], {
    options,
    help: "restante help duplicate",
  });
  let [output, messages] = ["", ""];
  const surroundings: Surroundings = {
    terminal: {
      inputIsTerminal: false,
      outputIsTerminal: false,
      messagesIsTerminal: false,
      columns: undefined,
      colour: false,
      write: async (text) => void (output += String(text)),
      say: (text) => void (messages += text),
      ask: async () => assert.fail("nobody is there to ask"),
    },
    environment: { ...environment, XDG_CACHE_HOME: at("cache") },
    hideFromChildren: () => undefined,
    workingFolder: folder,
    program: "restante",
    timeZone: "UTC",
    now: () => now,
    clockMs: () => 0,
    signal: new AbortController().signal,
    openRepository: repositories.open,
  };
  const out = new Output(surroundings.terminal, { json: typed.has("json"), quiet: false });
  let exitCode: ExitCode;
  try {
    const context = { arguments: typed, surroundings, output: out };
    exitCode = await run({ ...context, passwords: passwordsFrom(surroundings) });
  } catch (error) {
    await out.error(error);
    exitCode = exitCodeOf(error);
  }
  return { exitCode, output, outputBytes: Buffer.from(output), messages, questions: [] };
}

async function capture(): Promise<void> {
  now += 60_000_000_000n;
  const { exitCode, messages } = await runForTest(
    ["capture", at("mail"), "--copy", at("copy"), "--no-config"],
    {
      environment: {
        RESTANTE_PASSWORD: password,
        XDG_CACHE_HOME: at("cache"),
        XDG_STATE_HOME: at("state"),
      },
      workingFolder: folder,
      openRepository: repositories.open,
      now: () => now,
    },
  );
  assert.equal(exitCode, 0, messages);
}

async function snapshotsInVault(): Promise<number> {
  const options = { password: vaultPassword };
  await using repository = await openRepository(directoryStorage(at("vault")), options);
  return (await repository.snapshots()).length;
}

test("a target is named, is a repository, and opens with its own password alone", async () => {
  const unnamed = await duplicate([]);
  assert.equal(unnamed.exitCode, 2);
  assert.match(unnamed.messages, /--to REPO2/);
  const absent = await duplicate(["--to", at("nowhere")]);
  assert.equal(absent.exitCode, 10, absent.messages);
  assert.match(absent.messages, /restante init --copy .*nowhere/);
  const elsewhere = await duplicate(["--to", "root@vault.example.org:/srv/recovery"]);
  assert.equal(elsewhere.exitCode, 2);
  assert.match(elsewhere.messages, /or ssh:\/\/user@host\/folder/);
  const without = await duplicate(["--to", at("vault")], {
    environment: { RESTANTE_PASSWORD: password },
  });
  assert.equal(without.exitCode, 2);
  assert.match(without.messages, /RESTANTE_TO_PASSWORD_FILE/);
  const wrong = await duplicate(["--to", at("vault")], {
    environment: { RESTANTE_PASSWORD: password, RESTANTE_TO_PASSWORD: password },
  });
  assert.equal(wrong.exitCode, 12, wrong.messages);
  assert.match(wrong.messages, /vault/);
});

test("contradictory or unknown words are refused before anything is opened", async () => {
  assert.equal((await duplicate(["--to", at("vault"), "--all", "--newest"])).exitCode, 2);
  assert.equal((await duplicate(["--to", at("vault"), "--verify", "everything"])).exitCode, 2);
});

test("nothing to do is done", async () => {
  const { exitCode, output } = await duplicate(["--to", at("vault")]);
  assert.equal(exitCode, 0);
  assert.match(output, /^0 moments sent to .*vault; 0 B new there, 0 B stored$/m);
});

test("the newest alone is sent, and what stays behind is said", async () => {
  await capture();
  await writeFile(join(inbox, "cur/1700000500.M1.mx1:2,S"), message("late"));
  await capture();
  const { exitCode, output, messages } = await duplicate(["--to", at("vault"), "--newest"]);
  assert.equal(exitCode, 0, messages);
  assert.match(output, /^sent [0-9a-f]{8} of .* as [0-9a-f]{8}$/m);
  assert.match(
    output,
    /^1 moment sent to .*vault; .* new there, .* stored; every blob is in an index/m,
  );
  assert.match(messages, /the newest is there; 1 moment not there, --all sends them/);
  assert.equal(await snapshotsInVault(), 1);
});

test("without a choice, what was taken since the last is sent; --at and --all send older ones", async () => {
  await writeFile(join(inbox, "cur/1700000600.M1.mx1:2,S"), message("later"));
  await capture();
  assert.match((await duplicate(["--to", at("vault")])).output, /^1 moment sent/m);
  assert.match((await duplicate(["--to", at("vault")])).output, /^0 moments sent/m);
  assert.match(
    (await duplicate(["--to", at("vault"), "--at", "latest"])).output,
    /1 there already/,
  );
  assert.equal((await duplicate(["--to", at("vault"), "--at", "teatime"])).exitCode, 2);
  const all = await duplicate(["--to", at("vault"), "--all"]);
  assert.match(all.output, /^1 moment sent, 2 there already/m);
  assert.equal(all.messages, "");
  assert.equal(await snapshotsInVault(), 3);
});

test("a target that has no moments is told, and one that has is sent alone", async () => {
  assert.equal((await duplicate(["--to", at("vault"), at("elsewhere")])).exitCode, 22);
  assert.equal((await duplicate(["--to", at("vault"), "--group", "nobody"])).exitCode, 22);
  assert.match(
    (await duplicate(["--to", at("vault"), at("mail"), "--all"])).output,
    /3 there already/,
  );
});

test("JSON says each moment, each group and a summary; their fields are a contract", async () => {
  await capture();
  const { exitCode, output } = await duplicate([
    "--to",
    at("vault"),
    "--all",
    "--verify",
    "data",
    "--json",
  ]);
  assert.equal(exitCode, 0, output);
  const told = documents({ output } as TestRun).filter(({ type }) => type !== "progress");
  assert.deepEqual(
    told.map(({ type, outcome }) => [type, outcome]),
    [
      ["moment", "sent"],
      ["moment", "skipped"],
      ["moment", "skipped"],
      ["moment", "skipped"],
      ["group", undefined],
      ["summary", undefined],
    ],
  );
  assert.deepEqual(keys(told.at(-1)), [
    "bytes",
    "from",
    "ok",
    "phases",
    "refused",
    "sent",
    "skipped",
    "to",
    "type",
    "verb",
    "verify",
    "version",
  ]);
  assert.deepEqual(keys(told.at(-2)), [
    "group",
    "lagMs",
    "newestHere",
    "newestThere",
    "type",
    "version",
    "waiting",
  ]);
  const { bytes, verify } = told.at(-1) as { bytes: { verified: number }; verify: string };
  assert.equal(verify, "data");
  assert.ok(bytes.verified > 0);
});

test("the first copy is gone: the mail comes back from the second alone", async () => {
  const lost = await hashes(at("mail"));
  await rm(at("copy"), { recursive: true });
  await rm(at("mail/example.org/support"), { recursive: true });
  const environment = {
    RESTANTE_PASSWORD: vaultPassword,
    XDG_CACHE_HOME: at("cache"),
    XDG_STATE_HOME: at("state"),
  };
  const argv = ["restore", at("mail"), "--copy", at("vault"), "--no-config", "--yes"];
  const { exitCode, messages, output } = await runForTest(argv, {
    environment,
    workingFolder: folder,
    openRepository: repositories.open,
  });
  assert.equal(exitCode, 0, messages + output);
  assert.deepEqual(await hashes(at("mail")), lost);
  assert.equal(Object.keys(lost).length, 35);
});
