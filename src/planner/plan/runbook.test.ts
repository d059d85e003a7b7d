import assert from "node:assert/strict";
import { test } from "node:test";
import { disasterOptions, lossNames, type Loss, operationalMethods } from "../figure-1/index.ts";
import {
  type Block,
  type Report,
  renderMarkdown,
  renderText,
  type Section,
} from "../report/index.ts";
import { runbook } from "./runbook.ts";
import { planOf, siteOf } from "./runbook.fixture.ts";
import { lossWords } from "./runbook-losses.ts";
import { recoveryTurns } from "./runbook-site.ts";
import { timedPhases, waysFrom } from "./runbook-ways.ts";
import { shellQuoted } from "./runbook-words.ts";
import { makePlan } from "./plan.ts";

const here = "live-object/disk-deduplicated-24h-15d/duplicate-disk-24h-91d";
const tapes = "offline/tape-24h-30d/ship-tapes-24h-120d";
const onlyData = /DATA RECOVERY ONLY.*only reflect data recovery times at the DR site only/;

/** The sections of one loss: from its heading to the next of level 1. */
function sectionsOf(report: Report, loss: Loss): readonly Section[] {
  const start = report.sections.findIndex(({ heading }) => heading === lossWords[loss].heading);
  const rest = report.sections.slice(start + 1);
  const end = rest.findIndex(({ level }) => level === 1);
  return report.sections.slice(start, end < 0 ? undefined : start + 1 + end);
}

function textOf(value: Report | readonly Section[]): string {
  const report = "sections" in value ? value : { title: "", sections: value };
  // Escapes and line ends of Markdown are not what is tested.
  return renderMarkdown(report).replaceAll("\\", "").replaceAll("\n", " ");
}

function codeIn(sections: readonly Section[]): readonly string[] {
  return sections
    .flatMap(({ blocks }) => blocks)
    .flatMap((block: Block) => (block.kind === "code" ? block.text.split("\n") : []));
}

test("every kind of loss has its section, in the order of the losses, after who, where and what", () => {
  const { sections } = runbook(planOf(here));
  assert.deepEqual(
    sections.filter(({ level }) => level === 1).map(({ heading }) => heading),
    [
      "Read this first",
      "Who and where",
      "What protects whom",
      ...lossNames.map((loss) => lossWords[loss].heading),
    ],
  );
  for (const loss of lossNames) {
    const headings = sectionsOf({ title: "", sections }, loss).map(({ heading }) => heading);
    assert.deepEqual(
      headings.map((heading) => heading.replace(/:.*/, "")).slice(1),
      ["Stop first", "Bring it back", "Check that it is right", "Afterwards"],
      loss,
    );
  }
});

test("the top and the loss of the site say that times are for data recovery only, and what is not covered", () => {
  const report = runbook(planOf(here));
  const top = textOf(report.sections.slice(0, 1));
  const site = textOf(sectionsOf(report, "site"));
  for (const text of [top, site]) {
    assert.match(text, onlyData);
    for (const word of ["Premises", "Servers", "Network", "DNS and MX", "People"])
      assert.ok(text.includes(word), word);
  }
  assert.match(site, /People \| [^|]+ \| _+ \| _+ \| _+ \|/);
  assert.doesNotMatch(textOf(sectionsOf(report, "user-error")), onlyData);
});

test("lines of business with the same steps share a section, and each has its own times in it", () => {
  const plan = planOf(here);
  const [, , recovery] = sectionsOf(runbook(plan), "corruption");
  assert.equal(recovery?.heading, "Bring it back: sales and everyone else");
  const text = textOf(recovery === undefined ? [] : [recovery]);
  assert.match(text, /\| sales \| restore \|/);
  assert.match(text, /\| everyone else \| restore \|/);
  const apart = sectionsOf(runbook(planOf({ sales: here, "everyone else": tapes })), "corruption");
  assert.deepEqual(
    apart.map(({ heading }) => heading).filter((heading) => heading.startsWith("Bring")),
    ["Bring it back: sales", "Bring it back: everyone else"],
  );
});

test("phases add up to the time that the plan promises", () => {
  for (const loss of lossNames) {
    const { groups } = waysFrom(loss, planOf({ sales: here, "everyone else": tapes }));
    assert.equal(groups.length, 2, loss);
    for (const line of groups.flat()) {
      const phases = timedPhases(line);
      const total = phases.find(({ name }) => name.startsWith("all data back"))?.time;
      assert.equal(total, line.way.rto);
      const parts = phases.filter(({ name }) => !name.startsWith("all data back"));
      const added = parts.reduce((minutes, { time }) => minutes + time.high, 0);
      assert.ok(Math.abs(added - line.way.rto.high) < 1e-6, `${loss}: ${added}`);
    }
  }
});

test("there are commands where this version restores by itself, and none elsewhere", () => {
  const ofHere = runbook(planOf(here));
  assert.ok(
    codeIn(sectionsOf(ofHere, "user-error")).some((line) => /restore .*--dry-run/.test(line)),
  );
  // The mirror is somebody else's work: bringing it back is by hand.
  const mirrored = runbook(planOf("live-object/disk-deduplicated-24h-15d/mirror-array"));
  assert.doesNotMatch(codeIn(sectionsOf(mirrored, "site").slice(0, 3)).join("\n"), /restante/);
  assert.match(
    textOf(sectionsOf(mirrored, "site")),
    /By hand \(this version of Restante does not do it\)/,
  );
  for (const combination of [
    tapes,
    "hot-split/clones-12h-1d/snapshots-copied-12h-2d",
    "app-snapshot/disk-deduplicated-24h-15d/none",
    "live-write/cdp-2d/protected-cdp-2d",
  ])
    assert.deepEqual(codeIn(runbook(planOf(combination)).sections), [], combination);
  // A journal is replayed here, and its mirror at the other site: the daemon is taken up again, and not otherwise.
  const followed = runbook(planOf("live-object/journal-15d/protected-cdp-91d"));
  const far = codeIn(sectionsOf(followed, "site").slice(0, 3));
  assert.ok(far.includes("restante restore /srv/mail --config OFFSITE.yaml --at T"), far.join());
  assert.match(textOf(sectionsOf(followed, "site")), /the journal’s path is the mirror’s folder/);
  const commands = codeIn(sectionsOf(followed, "corruption"));
  assert.ok(commands.some((line) => /^restante restore .*--at T --exact$/.test(line)));
  assert.equal(commands.at(-1), "restante daemon /srv/mail --copy /srv/recovery");
  assert.ok(!codeIn(ofHere.sections).some((line) => line.startsWith("restante daemon")));
  const exchange = planOf(here, siteOf({ kind: "exchange" }));
  assert.deepEqual(codeIn(runbook(exchange).sections), [], "a store that is not files");
});

test("the loss of the site has commands on the duplicate offsite", () => {
  const commands = codeIn(sectionsOf(runbook(planOf(here)), "site").slice(0, 3));
  assert.ok(commands.length > 0);
  for (const line of commands) assert.match(line, /--copy OFFSITE_COPY/);
});

test("after a user error one mailbox comes back and nothing is deleted", () => {
  const sections = sectionsOf(runbook(planOf(here)), "user-error");
  const restores = codeIn(sections).filter((line) => line.startsWith("restante restore"));
  assert.ok(restores.length > 0);
  for (const line of restores) {
    assert.match(line, /^restante restore \/srv\/mail\/MAILBOX /);
    assert.doesNotMatch(line, /--exact/);
  }
  assert.match(textOf(sections), /nothing is deleted/);
});

test("into a store that is no Maildir messages are put back through its server", () => {
  const plan = planOf(here, siteOf({ kind: "dovecot-dbox" }));
  const restores = codeIn(sectionsOf(runbook(plan), "user-error")).filter((line) =>
    line.startsWith("restante restore"),
  );
  assert.deepEqual(restores, [
    "restante restore /srv/mail/MAILBOX --copy /srv/recovery --at T --to imaps://HOST --dry-run",
    "restante restore /srv/mail/MAILBOX --copy /srv/recovery --at T --to imaps://HOST",
  ]);
});

test("paths are one word of the shell, whatever they are", () => {
  assert.equal(shellQuoted("/srv/mail"), "/srv/mail");
  assert.equal(shellQuoted("/srv/it's; rm"), `'/srv/it'\\''s; rm'`);
  const commands = codeIn(runbook(planOf(here, siteOf({ path: "/srv/all $(mail)" }))).sections);
  assert.ok(commands.some((line) => line.includes("'/srv/all $(mail)'")));
  assert.ok(!commands.some((line) => / \/srv\/all/.test(line)));
});

test("what would overwrite the copy is stopped first: clones and deltas have protected restore only", () => {
  const stop = (combination: string): string =>
    textOf(sectionsOf(runbook(planOf(combination)), "corruption").slice(1, 2));
  for (const replicas of ["clones-12h-1d", "deltas-4h-1d"])
    assert.match(stop(`hot-split/${replicas}/none`), /protected instant restore only.*§3\.3\.2/);
  assert.match(stop(tapes), /out of the rotation.*hold all tapes/);
  assert.match(stop("hot-split/clones-12h-1d/mirror-host"), /Suspend the remote mirror/);
});

test("every method and every option says what is stopped and what is done by hand", () => {
  for (const method of Object.keys(operationalMethods)) {
    const every = method === "cdp" || method === "journal" ? "" : "-24h";
    const text = textOf(runbook(planOf(`hot-split/${method}${every}-15d/none`)));
    assert.match(text, /By hand/, method);
  }
  for (const option of Object.keys(disasterOptions)) {
    const spans = option.startsWith("mirror-")
      ? ""
      : option === "protected-cdp"
        ? "-91d"
        : "-24h-91d";
    const site = textOf(
      sectionsOf(runbook(planOf(`offline/tape-24h-15d/${option}${spans}`)), "site"),
    );
    assert.match(site, /By hand \(this version/, option);
  }
});

test("tapes have a pull list with room for labels, and the time until they are here", () => {
  const report = runbook(planOf(tapes));
  const site = textOf(sectionsOf(report, "site"));
  assert.match(site, /Labels of the tapes/);
  assert.match(site, /Until it is here: 8 h/);
  assert.match(site, /Call for the media of the pull list at once: 8 h/);
  assert.match(textOf(sectionsOf(report, "corruption")), /At hand, no recall/);
  assert.doesNotMatch(textOf(runbook(planOf(here))), /Labels of the tapes/);
});

test("RPO is a pair: when the logs survive, and when they are lost", () => {
  const exchange = planOf("backup-api/disk-24h-15d/none", siteOf({ kind: "exchange-2003" }));
  const hardware = textOf(sectionsOf(runbook(exchange), "hardware"));
  assert.match(hardware, /if the logs survive: nothing; if the logs are lost: 1 d of mail/);
  assert.match(hardware, /all data back, logs lost/);
  assert.match(hardware, /roll them forward/);
  assert.match(
    textOf(sectionsOf(runbook(planOf(here)), "hardware")),
    /1 d of mail, whether logs survive or not/,
  );
});

test("after the loss of the site lines come back in the plan's order, one after another", () => {
  const plan = planOf(here);
  const { turns, without } = recoveryTurns(plan);
  assert.deepEqual(without, []);
  assert.deepEqual(
    turns.map(({ name }) => name),
    plan.recoveryOrder,
  );
  const [first, second] = turns;
  assert.ok(first !== undefined && second !== undefined);
  assert.equal(second.beginsMinutes, first.backMinutes);
  const alone = plan.lines[1]?.chosen?.evaluation.recovery.site?.rto.high ?? 0;
  assert.ok(Math.abs(second.backMinutes - first.backMinutes - alone) < 1e-6);
});

test("media of all lines are recalled at once: the wait for them is counted once", () => {
  const [first, second] = recoveryTurns(planOf(tapes)).turns;
  assert.equal(first?.beginsMinutes, 8 * 60);
  assert.equal(second?.beginsMinutes, first?.backMinutes);
});

test("lines on one mirrored volume come back together", () => {
  const { turns } = recoveryTurns(planOf("offline/tape-24h-15d/mirror-host"));
  assert.equal(turns.length, 2);
  assert.equal(turns[1]?.backMinutes, turns[0]?.backMinutes);
});

test("a line whose loss of the site is accepted has no turn, and the runbook says so", () => {
  const plan = planOf({
    sales: here,
    "everyone else": "live-object/disk-deduplicated-24h-15d/none",
  });
  assert.deepEqual(recoveryTurns(plan).without, ["everyone else"]);
  const site = textOf(sectionsOf(runbook(plan), "site"));
  assert.match(site, /“everyone else”: nothing of its combination recovers from this/);
  assert.match(site, /“everyone else” has no turn/);
});

test("a line without a combination is named in every section, with its ways out", () => {
  const requirements = siteOf();
  const impossible = requirements.linesOfBusiness.slice(0, 1).map((business) => ({
    ...business,
    name: "impossible",
    operational: { ...business.operational, loseAtMostMs: 0, backWithinMs: 1000 },
  }));
  const plan = makePlan({
    ...requirements,
    only: { sources: ["offline"] },
    linesOfBusiness: [...requirements.linesOfBusiness, ...impossible],
  });
  const line = plan.lines.find(({ business }) => business.name === "impossible");
  assert.equal(line?.chosen, undefined);
  const report = runbook(plan);
  assert.match(textOf(report.sections.slice(2, 3)), /“impossible” has no combination.*Ways out/);
  for (const loss of lossNames)
    assert.match(textOf(sectionsOf(report, loss)), /“impossible”: no combination was chosen/, loss);
});

test("passwords, contacts and places have room to be filled in", () => {
  const who = textOf(runbook(planOf(here)).sections.slice(1, 2));
  assert.match(who, /Without the password of the repository nothing of it can be read/);
  assert.match(who, /Password of the repository, second place, off site \| _+ \| _+ \|/);
  for (const role of [
    "Mail administrator",
    "Vault or courier contact",
    "Head of the line of business",
  ])
    assert.match(who, new RegExp(`${role} \\| [^|]+ \\| _+ \\| _+ \\| _+ \\|`));
});

test("it renders for a terminal too", () => {
  const text = renderText(runbook(planOf(tapes)), {
    columns: 80,
    style: { ascii: true, bold: same, dim: same, good: same, bad: same, warn: same },
  });
  assert.match(text, /Loss of the site/);
});

function same(text: string): string {
  return text;
}
