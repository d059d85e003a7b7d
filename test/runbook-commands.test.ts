/** What the runbook tells people to type on a bad day is what the command line understands. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArguments } from "../src/cli/arguments.ts";
import { findCommand, optionsOf } from "../src/cli/command-table.ts";
import { planOf, siteOf } from "../src/planner/plan/runbook.fixture.ts";
import { runbook } from "../src/planner/plan/runbook.ts";

/** Words as a POSIX shell makes them of what the runbook writes: bare, or in single quotes. */
function wordsOf(line: string): readonly string[] {
  const words = line.match(/(?:'[^']*'|\\'|[^\s'])+/g) ?? [];
  return words.map((word) => word.replace(/'([^']*)'|\\(.)/g, "$1$2"));
}

const combination = "live-object/disk-deduplicated-24h-15d/duplicate-disk-24h-91d";

/** As this version does it, and as one would that duplicates copies too. */
function commandsFor(site: ReturnType<typeof siteOf>): readonly string[] {
  const plan = planOf(combination, site);
  const whole = plan.lines.flatMap((line) =>
    line.chosen === undefined ? [] : [{ ...line, chosen: { ...line.chosen, missing: [] } }],
  );
  return [plan.lines, whole]
    .flatMap((lines) => runbook({ ...plan, lines }).sections)
    .flatMap(({ blocks }) => blocks)
    .flatMap((block) => (block.kind === "code" ? block.text.split("\n") : []));
}

test("every command of the runbook is one that the command line knows, with its own options", () => {
  const lines = [
    siteOf(),
    siteOf({ kind: "dovecot-dbox" }),
    siteOf({ path: "/srv/it's all mail" }),
  ].flatMap(commandsFor);
  const seen = new Set<string>();
  for (const line of lines) {
    const [program, verb = "", ...rest] = wordsOf(line);
    assert.equal(program, "restante", line);
    const command = findCommand(verb);
    assert.ok(command, line);
    const typed = parseArguments(rest, { options: optionsOf(command), help: "restante help" });
    const { least, most } = command.positionals;
    assert.ok(typed.positionals.length >= least && typed.positionals.length <= most, line);
    assert.ok(typed.has("copy"), line);
    if (typed.positionals[0]?.startsWith("/srv/it's all mail") === true) seen.add("quoted");
    seen.add(verb);
  }
  const verbs = ["capture", "diff", "expire", "ls", "moments", "restore", "status", "verify"];
  assert.deepEqual([...seen].sort(), [...verbs, "quoted"].sort());
});
