import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CliError } from "./cli-error.ts";
import { takeEnvironment } from "./password-variables.ts";
import { passwordFromFile, passwordsFrom } from "./passwords.ts";
import type { Surroundings } from "./terminal.ts";

function surroundings(environment: Record<string, string>, answers?: string[]): Surroundings {
  return {
    environment,
    terminal: {
      outputIsTerminal: false,
      messagesIsTerminal: false,
      inputIsTerminal: answers !== undefined,
      columns: undefined,
      colour: false,
      write: async () => undefined,
      say: () => undefined,
      ask: async (_question, { secret }) => {
        assert.equal(secret, true, "a password is never shown while it is typed");
        return answers?.shift() ?? "";
      },
    },
    program: "restante",
    workingFolder: "/",
    timeZone: "UTC",
    hideFromChildren: () => undefined,
    openRepository: async () => assert.fail("not opened here"),
    now: () => 0n,
    clockMs: () => 0,
    signal: new AbortController().signal,
  };
}

test("takeEnvironment() takes passwords away from children and keeps them for us", () => {
  const environment: Record<string, string | undefined> = {
    RESTANTE_PASSWORD: "a",
    RESTIC_PASSWORD: "b",
    RESTIC_PASSWORD_FILE: "/c",
    RESTANTE_TO_PASSWORD: "d",
    RESTIC_FROM_PASSWORD: "e",
    RESTANTE_NEW_PASSWORD: "f",
    PATH: "/bin",
  };
  const taken = takeEnvironment(environment);
  assert.deepEqual(environment, { RESTIC_PASSWORD_FILE: "/c", PATH: "/bin" });
  assert.equal(taken["RESTANTE_PASSWORD"], "a");
  assert.equal(taken["RESTIC_PASSWORD"], "b");
});

test("the password comes from our variables before restic's, and from a file where one is named", async () => {
  const folder = await mkdtemp(join(tmpdir(), "restante-password-"));
  try {
    const file = join(folder, "password");
    await writeFile(file, "\uFEFF  from the file\r\n");
    const ours = passwordsFrom(
      surroundings({ RESTIC_PASSWORD: "theirs", RESTANTE_PASSWORD_FILE: file }),
    );
    assert.equal(await ours.password("/repo"), "from the file");
    const both = passwordsFrom(
      surroundings({ RESTIC_PASSWORD: "theirs", RESTANTE_PASSWORD: " exact " }),
    );
    assert.equal(await both.password("/repo"), " exact ");
    assert.equal(
      await both.password("/repo", { source: { kind: "file", path: file } }),
      "from the file",
    );
    const theirs = passwordsFrom(surroundings({ RESTIC_PASSWORD_FILE: file }));
    assert.equal(await theirs.password("/repo"), "from the file");
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("without a variable the password is asked for on a terminal, twice for a new one", async () => {
  assert.equal(await passwordsFrom(surroundings({}, ["typed"])).password("/repo"), "typed");
  assert.equal(
    await passwordsFrom(surroundings({}, ["new", "new"])).password("/repo", { isNew: true }),
    "new",
  );
  await assert.rejects(
    passwordsFrom(surroundings({}, ["new", "other"])).password("/repo", { isNew: true }),
    CliError,
  );
  await assert.rejects(passwordsFrom(surroundings({}, [""])).password("/repo"), CliError);
  await assert.rejects(passwordsFrom(surroundings({})).password("/repo"), /no password was given/);
});

test("passwordFromFile() refuses a file that is missing, empty or far too large, and never shows its content", async () => {
  const folder = await mkdtemp(join(tmpdir(), "restante-password-"));
  try {
    await assert.rejects(passwordFromFile(join(folder, "none")), /ENOENT/);
    await writeFile(join(folder, "empty"), " \n");
    await assert.rejects(passwordFromFile(join(folder, "empty")), /empty/);
    await writeFile(join(folder, "large"), "s3cret".repeat(20_000));
    await assert.rejects(
      passwordFromFile(join(folder, "large")),
      (error) => error instanceof CliError && !`${error.message}${error.hint}`.includes("s3cret"),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("of two repositories each has a password of its own, and neither is tried on the other", async () => {
  const of = async (
    environment: Record<string, string>,
    role: "copied-from" | "copied-to",
  ): Promise<string> =>
    await passwordsFrom(surroundings(environment))
      .password("/r", { role })
      .catch(({ code }: CliError) => code);
  const ours = { RESTANTE_PASSWORD: "first", RESTANTE_TO_PASSWORD: "second" };
  assert.equal(await of(ours, "copied-from"), "first");
  assert.equal(await of(ours, "copied-to"), "second");
  assert.equal(await of({ RESTANTE_PASSWORD: "first" }, "copied-to"), "cli.no-password");
  assert.equal(await of({ RESTIC_PASSWORD: "first" }, "copied-from"), "first");
  assert.equal(await of({ RESTIC_PASSWORD: "first" }, "copied-to"), "cli.no-password");
  const restics = { RESTIC_FROM_PASSWORD: "first", RESTIC_PASSWORD: "second" };
  assert.equal(await of(restics, "copied-from"), "first");
  assert.equal(await of(restics, "copied-to"), "second");
  const toAlone = { RESTIC_FROM_PASSWORD: "first" };
  assert.equal(await of(toAlone, "copied-to"), "cli.no-password");
});

test("a new password is asked for twice, or comes from variables of its own, never from the old one's", async () => {
  const fresh = { isNew: true, role: "new" } as const;
  const of = async (environment: Record<string, string>, answers?: string[]): Promise<string> =>
    await passwordsFrom(surroundings(environment, answers)).password("/r", fresh);
  const both = { RESTANTE_PASSWORD: "old", RESTANTE_NEW_PASSWORD: "fresh" };
  assert.equal(await of(both), "fresh");
  assert.equal(await of({ RESTANTE_PASSWORD: "old" }, ["typed", "typed"]), "typed");
  await assert.rejects(of({ RESTANTE_PASSWORD: "old" }, ["typed", "other"]), /not the same/);
  await assert.rejects(of({ RESTANTE_PASSWORD: "old", RESTIC_PASSWORD: "old" }), {
    code: "cli.no-password",
    message: /^Cannot set a new password of/,
    hint: /^Set RESTANTE_NEW_PASSWORD_FILE/,
  });
});
