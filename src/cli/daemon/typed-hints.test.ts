import assert from "node:assert/strict";
import { test } from "node:test";
import type { HintsConfig } from "#policy";
import { parseArguments } from "../arguments.ts";
import { daemonCommand } from "../daemon-command.ts";
import { typedHints } from "./typed-hints.ts";

function hintsOf(...argv: readonly string[]): HintsConfig | undefined {
  const { options } = daemonCommand;
  const parsed = parseArguments(argv, { options, help: "restante help daemon" });
  const surroundings = { workingFolder: "/srv" } as Parameters<
    typeof typedHints
  >[0]["surroundings"];
  return typedHints({ arguments: parsed, surroundings });
}

test("hints that are typed are what a configuration would say", () => {
  assert.equal(hintsOf("/var/mail"), undefined);
  assert.deepEqual(
    hintsOf(
      "/var/mail",
      "--hints=dovecot=log/dovecot.log",
      "--hints=cyrus=/var/lib/cyrus/sync/restante",
      "--hints=helper=sudo -n  fsnotifywait",
    ),
    {
      dovecotLog: "/srv/log/dovecot.log",
      cyrusChannel: "/var/lib/cyrus/sync/restante",
      helper: ["sudo", "-n", "fsnotifywait"],
    },
  );
});

test("what is no hint, is said twice, or belongs into a configuration is refused", () => {
  for (const text of ["postfix=/x", "dovecot", "dovecot=", "helper=  ", "/var/log/dovecot.log"])
    assert.throws(() => hintsOf("/var/mail", "--hints", text), {
      code: "cli.usage",
      message: `Cannot take hints from "${text}": it is none`,
    });
  assert.throws(
    () => hintsOf("/var/mail", "--hints", "cyrus=/a", "--hints", "cyrus=/b"),
    /cyrus was given before/,
  );
  assert.throws(() => hintsOf("--hints", "cyrus=/a"), /without a folder/);
  assert.throws(
    () => hintsOf("/var/mail", "--hints", `helper=${"x ".repeat(101)}`),
    /more than 100 words/,
  );
});
