/** The unit for systemd: the page has it as it is, and systemd understands every line of it. `.ci/systemd` runs it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { temporaryFolder } from "./support/restic.ts";
import { projectRoot, readText } from "./support/source-tree.ts";

const temporary = temporaryFolder();
after(() => temporary[Symbol.dispose]());
const unit = readText("docs/operations/restante.service");
const isMissing = spawnSync("systemd-analyze", ["--version"]).error !== undefined;

test("the daemon's page shows the unit that is there to be copied", () => {
  const [, shown] = /^```ini\n([\s\S]*?)^```$/m.exec(readText("docs/operations/daemon.md")) ?? [];
  assert.equal(unit.replace(/^(?:#.*\n)+(?=\[Unit\])/, ""), shown);
});

test(
  "systemd finds nothing wrong with the unit, and would find a misspelt line",
  { skip: isMissing ? "systemd is not installed" : false },
  () => {
    // The program itself, where it is.
    const here = unit.replace("/usr/local/bin/restante", join(projectRoot, "bin/restante.js"));
    assert.equal(verify("restante.service", here), "");
    const wrong = here.replace("WatchdogSec=", "WatchdogSecs=");
    assert.match(verify("wrong.service", wrong), /Unknown key .*'WatchdogSecs'/);
    assert.match(verify("absent.service", unit.replace("/usr/", "/absent/")), /not executable/);
  },
);

/** What it has to say of this unit; those that it needs are the machine's. */
function verify(name: string, text: string): string {
  const path = join(temporary.path, name);
  writeFileSync(path, text);
  const { stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", path]);
  const lines = stderr.toString().split("\n");
  return lines.filter((line) => line.includes(name)).join("\n");
}
