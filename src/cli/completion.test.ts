import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { commandNames } from "./command-table.ts";
import { completionScript, type Shell, shells } from "./completion.ts";

const folder = mkdtempSync(join(tmpdir(), "restante-completion-"));
after(() => rmSync(folder, { recursive: true }));

const present = (program: string): boolean => spawnSync(program, ["--version"]).error === undefined;
const skip = (shell: Shell): string | false =>
  present(shell) ? false : `${shell} is not installed`;

/** Runs a shell in which the completion script is a file named first. */
function runShell(shell: Shell, words: readonly string[]): string {
  const file = join(folder, shell);
  writeFileSync(file, completionScript(shell));
  const environment = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder };
  const { status, stdout, stderr } = spawnSync(
    shell,
    words.map((word) => word.replaceAll("FILE", file)),
    { encoding: "utf8", env: environment },
  );
  assert.equal(stderr, "");
  assert.equal(status, 0);
  return stdout;
}

for (const shell of shells) {
  test(`the ${shell} script is accepted by ${shell}`, { skip: skip(shell) }, () => {
    assert.equal(runShell(shell, ["-n", "FILE"]), "");
  });

  test(`the ${shell} script names every verb`, () => {
    for (const name of commandNames())
      assert.match(completionScript(shell), new RegExp(`\\b${name}\\b`));
  });
}

test("bash completes verbs, options and values", { skip: skip("bash") }, () => {
  const complete = (...words: string[]): string[] => {
    const program = `source FILE; compopt() { :; }
      COMP_WORDS=(restante "$@"); COMP_CWORD=$#; _restante; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const lines = runShell("bash", ["-c", program, "bash", ...words]).split("\n");
    return lines.filter((line) => line !== "");
  };
  assert.deepEqual(complete("cap"), ["capture"]);
  assert.deepEqual(complete("capture", "--data"), ["--data-source"]);
  assert.deepEqual(complete("--copy", "/tmp", "capture", "--data-source", ""), [
    "live",
    "offline",
    "hot-split",
  ]);
  assert.deepEqual(complete("completion", "f"), ["fish"]);
  assert.ok(complete("").includes("restore"));
});

test("bash completes mailboxes and folders, also behind the @", { skip: skip("bash") }, () => {
  const complete = (line: string, current: string): string[] => {
    const program = `source FILE; compopt() { :; }
      restante() { [ "$1 $2" = "completion targets" ] && printf '%s\\n' support@example.org "support@example.org/Sent Items" | grep -F "$3"; }
      COMP_LINE="$1" COMP_POINT=\${#1} COMP_WORDS=(restante ls "$2") COMP_CWORD=2
      _restante; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const answer = runShell("bash", ["-c", program, "bash", line, current]);
    return answer.split("\n").filter((word) => word !== "");
  };
  assert.deepEqual(complete("restante ls supp", "supp"), [
    "support@example.org",
    "support@example.org/Sent Items",
  ]);
  // Bash takes what follows the @ for the word.
  assert.deepEqual(complete("restante ls support@exam", "exam"), [
    "example.org",
    "example.org/Sent Items",
  ]);
});

test("fish completes verbs, options and values", { skip: skip("fish") }, () => {
  const complete = (line: string): string[] => {
    const answer = runShell("fish", ["-c", `source FILE; complete -C "${line}"`]);
    return answer
      .split("\n")
      .filter((row) => row !== "")
      .map((row) => row.split("\t")[0] as string);
  };
  assert.deepEqual(complete("restante cap"), ["capture"]);
  assert.deepEqual(complete("restante capture --data"), ["--data-source"]);
  assert.deepEqual(complete("restante capture --data-source ").toSorted(), [
    "hot-split",
    "live",
    "offline",
  ]);
  assert.deepEqual(complete("restante completion f"), ["fish"]);
});
