import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAlarmRule } from "./alarm-rule.ts";
import type { Config } from "./config.ts";
import { parseConfig } from "./parse-config.ts";
import type { Problem } from "./problem.ts";

const text = `version: 1
servers:
  mx1:
    type: dovecot
    path: /srv/mail
    delivery_stage: {listen: 127.0.0.1:2424, server: "unix:/run/dovecot/lmtp"}
copies:
  here: {layer: operational, path: /srv/recovery, key: "env:KEY"}
tiers:
  gold:
    operational:
      method: continuous data protection
      copy: here
      lose_at_most: 10 seconds
      keep: [every change for 48 hours]
      journal: {path: /srv/journal/}
lines_of_business:
  all: {mailboxes: ["*"], tier: gold}
prove_it: {alarm_if: more than 20% of a mailbox disappears within 10 minutes}
`;

function read(changed: string): {
  readonly config?: Config;
  readonly problems: readonly Problem[];
} {
  return parseConfig(changed, { fileName: "restante.yaml" });
}

function problemWith(from: string, to: string): Problem {
  const { problems } = read(text.replace(from, to));
  assert.equal(problems.length, 1, `${to}: ${problems.map(({ message }) => message).join("; ")}`);
  return problems[0] as Problem;
}

test("continuous data protection has bases, a journal, a stage and an alarm of its own", () => {
  const { config, problems } = read(text);
  assert.deepEqual(problems, []);
  const [method] = config?.tiers[0]?.operational ?? [];
  assert.equal(method?.everyMs, 86_400_000);
  assert.equal(method.loseAtMostMs, 10_000);
  assert.equal(method.journalPath, "/srv/journal");
  assert.deepEqual(config?.servers[0]?.deliveryStage, {
    listen: ["127.0.0.1:2424"],
    server: "unix:/run/dovecot/lmtp",
    whenJournalFails: "tempfail",
  });
  assert.deepEqual(config.alarm, { shrinkPercent: 20, of: "mailbox", withinMs: 600_000 });
});

test("what is wrong with it is said where it stands", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["127.0.0.1:2424", "here", "config.address"],
    ["127.0.0.1:2424", '"127.0.0.1:99999"', "config.address"],
    ["unix:/run/dovecot/lmtp", "unix:lmtp", "config.address"],
    [', server: "unix:/run/dovecot/lmtp"', "", "config.missing"],
    ['lmtp"}', 'lmtp", when_journal_fails: lose}', "config.unknown-value"],
    ["{path: /srv/journal/}", "{path: journal}", "config.path"],
    ["{path: /srv/journal/}", "{path: /srv/journal, mirror: vault}", "config.url"],
    ["{path: /srv/journal/}", "{path: /srv/journal, mirror: /srv/journal/m}", "config.path"],
    ["{path: /srv/journal/}", '{mirror: "ssh://me:secret@vault/srv"}', "config.inline-secret"],
    ["within 10 minutes", "within a while", "config.alarm"],
  ];
  for (const [from, to, code] of cases) assert.equal(problemWith(from, to).code, code, to);
});

test("journals may have a mirror, on another host or in a folder", () => {
  const mirrorOf = (written: string): unknown =>
    read(text.replace("{path: /srv/journal/}", written)).config?.tiers[0]?.operational[0]
      .journalMirror;
  const path = "/srv/journals";
  assert.deepEqual(mirrorOf("{mirror: ssh://m@vault.example.net/srv/journals/}"), {
    at: "another host",
    user: "m",
    host: "vault.example.net",
    path,
  });
  assert.deepEqual(mirrorOf("{path: /srv/j, mirror: /srv/journals/}"), {
    at: "this machine",
    path,
  });
  assert.equal(mirrorOf("{path: /srv/j}"), undefined);
});

test("a stage needs one journal, and a journal continuous data protection", () => {
  const disk = read(text.replace("continuous data protection", "backup to disk")).problems;
  assert.deepEqual(disk.map(({ code, severity }) => `${code} ${severity}`).toSorted(), [
    "config.combination error",
    "config.misplaced error",
    "config.not-available warning",
    "config.not-available warning",
  ]);
  const two = problemWith(
    'all: {mailboxes: ["*"], tier: gold}',
    'one: {mailboxes: ["a@*"], tier: gold}\n  two: {mailboxes: ["*"], tier: gold}',
  );
  assert.equal(two.code, "config.combination");
  assert.match(two.message, /"one" and "two" have one each/);
});

const withHints = text.replace("    delivery_stage:", "    hints: HINTS\n    delivery_stage:");

test("a server may say who else tells of changes", () => {
  const hints = "{dovecot: /var/log/dovecot.log/, helper: [sudo, -n, fsnotifywait]}";
  const { config, problems } = read(withHints.replace("HINTS", hints));
  assert.deepEqual(problems, []);
  assert.deepEqual(config?.servers[0]?.hints, {
    dovecotLog: "/var/log/dovecot.log",
    helper: ["sudo", "-n", "fsnotifywait"],
  });
  const cyrus = withHints.replace("dovecot", "cyrus").replace("HINTS", "{cyrus: /c/sync/restante}");
  assert.deepEqual(read(cyrus).config?.servers[0]?.hints, { cyrusChannel: "/c/sync/restante" });
});

test("what is wrong with hints is said where it stands", () => {
  const cases: readonly (readonly [hints: string, code: string])[] = [
    ["{dovecot: dovecot.log}", "config.path"],
    ["{cyrus: /var/lib/cyrus/sync/restante}", "config.misplaced"],
    ["{helper: fsnotifywait}", "config.command"],
    ["{helper: []}", "config.command"],
    ["{log: /var/log/mail.log}", "config.unknown-key"],
  ];
  for (const [hints, code] of cases) {
    const { problems } = read(withHints.replace("HINTS", hints));
    assert.deepEqual(
      problems.map((one) => one.code),
      [code],
      hints,
    );
    assert.equal(problems[0]?.line, 6, hints);
  }
  const disk = withHints
    .replace("HINTS", "{dovecot: /var/log/dovecot.log}")
    .replace("continuous data protection", "backup to disk");
  const { problems } = read(disk);
  assert.ok(problems.some(({ message }) => message.startsWith('"hints" is for continuous')));
});

test("an alarm says of what and within what time", () => {
  assert.deepEqual(parseAlarmRule("more than 5% of the group disappears within 1 hour"), {
    shrinkPercent: 5,
    of: "group",
    withinMs: 3_600_000,
    continuousOnly: ["within 1 hour"],
  });
  assert.equal(parseAlarmRule("more than 5% disappears within 0 s"), undefined);
});
