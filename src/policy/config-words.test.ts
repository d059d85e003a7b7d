import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Config,
  formatProblem,
  parseConfig,
  parseRetention,
  requireConfig,
  tapeKeepOf,
} from "./index.ts";
import type { Problem } from "./problem.ts";

/** Every word of both layers. */
const full = `version: 1
servers:
  mx1: {type: dovecot, path: /srv/mail, data_source: hot split snapshot, snapshots: btrfs, validate: maildir, repeat: 9}
copies:
  here: {layer: operational, path: /srv/recovery, key: credential:here}
  clones: {layer: operational, kind: replicas, path: /srv/clones}
  deltas: {layer: operational, kind: replicas, path: /srv/deltas/}
  tapes: {layer: operational, kind: tape library, path: /srv/tapes, capacity: 200 GB, safe_uses: 100, barcodes: MX}
  far: {layer: disaster, url: "ssh://dr@vault.example.net:2222/srv/recovery/", key: env:FAR}
  vault: {layer: disaster, kind: tape library, path: /mnt/vault}
tiers:
  gold:
    operational:
      - {method: backup to disk, copy: here, lose_at_most: 1 hour, keep: [one per day for 30 days]}
      - {method: rotation of delta snapshots, copy: deltas, every: 4 hours}
      - {method: rotation of clones, copy: clones, every: 12 hours, images: 3}
    disaster: {method: duplicate backup copies offsite, copy: far, from: here, lose_at_most: 1 day, every: 4 hours, back_within: 8 hours, keep: [last 5]}
  silver:
    operational: {method: backup to tape, copy: tapes, lose_at_most: 1 day, keep: [everything for 5 weeks, last 3]}
    disaster: {method: move backup tapes offsite, copy: vault, from: tapes, lose_at_most: 3 days, hold: 24 hours, transit: nothing, keep: [everything forever]}
lines_of_business:
  sales: {mailboxes: ["*@sales.example.org"], tier: gold}
  everyone: {mailboxes: ["*"], tier: silver}
`;

function read(text: string): Config {
  const parsed = parseConfig(text, { fileName: "config.yaml" });
  assert.deepEqual(parsed.problems, []);
  return requireConfig(parsed);
}

function problemsWith(from: string | RegExp, to: string): readonly Problem[] {
  const text = full.replace(from, to);
  assert.notEqual(text, full, `nothing was replaced: ${String(from)}`);
  return parseConfig(text, { fileName: "config.yaml" }).problems;
}

function problemWith(from: string | RegExp, to: string): Problem {
  const [problem, ...others] = problemsWith(from, to);
  assert.ok(problem !== undefined, `no problem was found: ${to}`);
  assert.deepEqual(others.map(formatProblem), [], to);
  return problem;
}

test("a hot split has its way of freezing, its validator and its bound", () => {
  const [server] = read(full).servers;
  assert.equal(server?.dataSource, "hot split snapshot");
  assert.deepEqual(server?.hotSplit, { snapshots: "btrfs", validate: "maildir", repeat: 9 });
});

test("a hot split is validated by its server's own utility, five times, where nothing else is said", () => {
  const silent = ", snapshots: btrfs, validate: maildir, repeat: 9";
  const [dovecot] = read(full.replace(silent, "")).servers;
  assert.deepEqual(dovecot?.hotSplit, { validate: "dovecot", repeat: 5 });
  const [maildir] = read(full.replace(silent, "").replace("dovecot", "maildir")).servers;
  assert.deepEqual(maildir?.hotSplit, { validate: "reader", repeat: 5 });
});

test("copies have a layer, a kind, and one place", () => {
  assert.deepEqual(read(full).copies, [
    {
      name: "here",
      layer: "operational",
      location: { at: "this machine", path: "/srv/recovery" },
      kind: "repository",
      key: { kind: "credential", name: "here" },
    },
    {
      name: "clones",
      layer: "operational",
      location: { at: "this machine", path: "/srv/clones" },
      kind: "replicas",
    },
    {
      name: "deltas",
      layer: "operational",
      location: { at: "this machine", path: "/srv/deltas" },
      kind: "replicas",
    },
    {
      name: "tapes",
      layer: "operational",
      location: { at: "this machine", path: "/srv/tapes" },
      kind: "tape library",
      capacityBytes: 200e9,
      safeUses: 100,
      barcodes: "MX",
    },
    {
      name: "far",
      layer: "disaster",
      location: {
        at: "another host",
        user: "dr",
        host: "vault.example.net",
        port: 2222,
        path: "/srv/recovery",
      },
      kind: "repository",
      key: { kind: "environment", name: "FAR" },
    },
    {
      name: "vault",
      layer: "disaster",
      location: { at: "this machine", path: "/mnt/vault" },
      kind: "tape library",
      barcodes: "RST",
    },
  ]);
});

test("a tier has one method or several, and its disaster recovery", () => {
  const [gold, silver] = read(full).tiers;
  assert.deepEqual(
    gold?.operational.map(({ method, copy, everyMs, images }) => [method, copy, everyMs, images]),
    [
      ["backup to disk", "here", 3_600_000, undefined],
      ["rotation of delta snapshots", "deltas", 4 * 3_600_000, 6],
      ["rotation of clones", "clones", 12 * 3_600_000, 3],
    ],
  );
  assert.deepEqual(gold?.disaster, {
    method: "duplicate backup copies offsite",
    from: "here",
    copy: "far",
    loseAtMostMs: 86_400_000,
    backWithinMs: 8 * 3_600_000,
    everyMs: 4 * 3_600_000,
    keep: [{ kind: "last", text: "last 5", count: 5 }],
  });
  assert.equal(silver?.operational.length, 1);
  assert.equal(silver?.operational[0].method, "backup to tape");
  const { holdMs, transitMs, everyMs } = silver?.disaster ?? {};
  assert.deepEqual(
    { holdMs, transitMs, everyMs },
    { holdMs: 86_400_000, transitMs: 0, everyMs: 3 * 86_400_000 },
  );
});

test("a rotation keeps two clones where nothing else is said", () => {
  const [gold] = read(full.replace(", images: 3", "")).tiers;
  assert.equal(gold?.operational[2]?.images, 2);
});

type Slip = readonly [
  from: string | RegExp,
  to: string,
  code: Problem["code"],
  suggestion?: string | undefined,
];

function assertSlips(slips: readonly Slip[]): void {
  for (const [from, to, code, suggestion] of slips) {
    const problem = problemWith(from, to);
    assert.equal(problem.code, code, to);
    assert.equal(problem.severity, "error", to);
    assert.equal(problem.suggestion, suggestion, to);
    assert.ok(problem.suggestion !== undefined || problem.hint !== undefined, to);
  }
}

test("slips in what a server says are found", () => {
  assertSlips([
    [
      "data_source: hot split snapshot",
      "data_source: hot splitt snapshot",
      "config.unknown-value",
      "hot split snapshot",
    ],
    ["snapshots: btrfs", "snapshots: zfs", "config.unknown-value"],
    ["validate: maildir", "validate: doveadm", "config.unknown-value"],
    ["repeat: 9", "repeat: 0", "config.count"],
    ["repeat: 9", "repeat: 1.5", "config.count"],
    ["repeat: 9", "repeat: often", "config.count"],
  ]);
});

test("words of a hot split with another data source are a warning", () => {
  const problems = problemsWith(
    "data_source: hot split snapshot",
    "data_source: offline, stop: [a], start: [b]",
  );
  assert.deepEqual(
    problems.map(({ code, severity }) => [code, severity]),
    Array.from({ length: 3 }, () => ["config.misplaced", "warning"]),
  );
});

test("slips in what a copy says are found", () => {
  assertSlips([
    [
      "kind: replicas, path: /srv/clones",
      "kind: replica, path: /srv/clones",
      "config.unknown-value",
      "replicas",
    ],
    ["path: /srv/recovery, key: credential:here", "path: /srv/recovery", "config.missing"],
    ["path: /srv/recovery, ", "", "config.missing"],
    ["path: /srv/recovery, ", 'path: /srv/recovery, url: "ssh://a@b/c", ', "config.misplaced"],
    [
      "kind: replicas, path: /srv/clones",
      "kind: replicas, path: /srv/clones, key: env:X",
      "config.misplaced",
    ],
    ["path: /srv/recovery, ", "path: /srv/recovery, capacity: 1 TB, ", "config.misplaced"],
    ["path: /srv/recovery, ", "path: /srv/recovery, safe_uses: 9, ", "config.misplaced"],
    ["path: /srv/recovery, ", "path: /srv/recovery, barcodes: AB, ", "config.misplaced"],
    ["capacity: 200 GB", "capacity: 200", "config.size", "200 GB"],
    ["capacity: 200 GB", 'capacity: "200"', "config.size", "200 GB"],
    ["capacity: 200 GB", "capacity: lots", "config.size"],
    ["capacity: 200 GB", "capacity: 1 MB", "config.size"],
    ["capacity: 200 GB", "capacity: 2000 TB", "config.size"],
    ["safe_uses: 100", "safe_uses: 0", "config.count"],
    ["safe_uses: 100", "safe_uses: many", "config.count"],
    ["barcodes: MX", "barcodes: mx", "config.barcode", "MX"],
    ["barcodes: MX", "barcodes: TAPES", "config.barcode"],
    [
      "kind: tape library, path: /srv/tapes",
      'kind: tape library, url: "ssh://a@b/c"',
      "config.not-available",
    ],
    [
      "kind: replicas, path: /srv/clones",
      'kind: replicas, url: "ssh://a@b/c"',
      "config.not-available",
    ],
  ]);
});

test("a disaster copy lies elsewhere, and no kind among another's files", () => {
  assertSlips([
    ["path: /mnt/vault", "path: /srv/tapes", "config.path"],
    ["path: /mnt/vault", "path: /srv/recovery/vault", "config.path"],
    ["path: /srv/clones", "path: /srv/recovery", "config.path"],
    [/far: .*/, "far: {layer: disaster, path: /srv/recovery, key: env:FAR}", "config.path"],
    [
      /vault: .*/,
      'vault: {layer: disaster, kind: tape library, path: /mnt/vault}\n  more: {layer: operational, url: "ssh://x@VAULT.example.net:2222/srv/recovery/b", key: env:X}',
      "config.path",
    ],
  ]);
  const otherPort = full.replace(
    /vault: .*/,
    '$&\n  more: {layer: operational, url: "ssh://x@vault.example.net/srv/recovery", key: env:X}',
  );
  read(otherPort);
});

test("a method names a copy of its layer and kind", () => {
  assertSlips([
    ["copy: clones,", "copy: clons,", "config.reference", "clones"],
    ["copy: clones,", "copy: tapes,", "config.reference"],
    ["copy: clones,", "copy: vault,", "config.reference"],
    ["copy: far,", "copy: vault,", "config.reference"],
    ["copy: far,", "copy: tapes,", "config.reference"],
    ["copy: far,", "copy: fra,", "config.reference", "far"],
    ["copy: vault,", "copy: far,", "config.reference"],
  ]);
  const layer = problemWith("copy: clones,", "copy: vault,");
  assert.match(
    layer.message,
    /"vault" is a copy of the disaster layer, and one of the operational layer belongs here/,
  );
  const kind = problemWith("copy: clones,", "copy: tapes,");
  assert.match(
    kind.message,
    /rotation of clones needs a copy of kind replicas, and "tapes" is of kind tape library/,
  );
});

test("two rotations do not fill one copy, and one tier fills none twice", () => {
  const problems = problemsWith("copy: clones,", "copy: deltas,");
  assert.match(problems[0]?.message ?? "", /"deltas" is filled by a rotation of delta snapshots/);
  assert.match(problems[1]?.message ?? "", /filled by this tier twice/);
  assert.equal(problems.length, 2);
});

test("a disaster recovery is fed by a copy of its tier's own operational recovery", () => {
  assert.equal(problemWith("from: here", "from: heer").suggestion, "here");
  assert.equal(problemWith("from: here, ", "").code, "config.missing");
  const messages = (from: string): readonly string[] =>
    problemsWith("from: here", `from: ${from}`).map(({ message }) => message);
  assert.deepEqual(messages("clones"), [
    'duplicate backup copies offsite needs a copy of kind repository, and "clones" is of kind replicas',
  ]);
  assert.deepEqual(messages("tapes"), [
    'duplicate backup copies offsite needs a copy of kind repository, and "tapes" is of kind tape library',
    '"tapes" is not filled by the operational recovery of this tier',
  ]);
  assert.deepEqual(messages("far"), [
    '"far" is a copy of the disaster layer, and one of the operational layer belongs here',
    '"far" is not filled by the operational recovery of this tier',
  ]);
});

test("each word goes with the method that it is for", () => {
  assertSlips([
    ["lose_at_most: 1 hour,", "lose_at_most: 1 hour, images: 4,", "config.misplaced"],
    ["images: 3", "keep: [last 3]", "config.misplaced"],
    ["images: 3", "images: 1", "config.count"],
    ["images: 3", "images: 1001", "config.count"],
    ["images: 3", 'images: "3"', "config.count"],
    ["back_within: 8 hours", "hold: 1 day", "config.misplaced"],
    ["back_within: 8 hours", "transit: 1 day", "config.misplaced"],
    ["everything for 5 weeks", "one per week for 1 year", "config.rule", "everything for 1 year"],
    ["everything forever", "one per year forever", "config.rule", "everything forever"],
    ["hold: 24 hours", "hold: 24", "config.duration", "24 seconds"],
    ["hold: 24 hours", "hold: 0", "config.duration", "nothing"],
    ["hold: 24 hours", "hold: 24 horus", "config.duration", "24 hours"],
    ["every: 12 hours", "every: 12", "config.duration", "12 seconds"],
    ["every: 12 hours", "evry: 12 hours", "config.unknown-key", "every"],
    ["every: 12 hours", "every: 12 hours, lose_at_most: 11 hours", "config.duration"],
    [
      "lose_at_most: 1 day, every: 4 hours",
      "lose_at_most: 1 day, every: 2 days",
      "config.duration",
    ],
    [
      "method: rotation of clones",
      "method: rotation of clone",
      "config.unknown-value",
      "rotation of clones",
    ],
    [
      "method: move backup tapes offsite",
      "method: move backup tape offsite",
      "config.unknown-value",
      "move backup tapes offsite",
    ],
    ["method: move backup tapes offsite", "method: remote mirrors", "config.not-available"],
    ["method: rotation of clones", "method: virtual tape", "config.not-available"],
  ]);
});

test("a tier has one operational method at least", () => {
  const problem = problemWith(/operational:\n(?: {6}-.*\n)+/, "operational: []\n");
  assert.equal(problem.code, "config.missing");
});

test("a replica or a tape of a store that is being written is refused", () => {
  const problems = problemsWith(
    "data_source: hot split snapshot, snapshots: btrfs, validate: maildir, repeat: 9",
    "data_source: live application",
  );
  assert.deepEqual(
    problems.map(({ code, message }) => `${code} ${message}`),
    ["rotation of delta snapshots", "rotation of clones", "backup to tape"].map(
      (method) =>
        `config.combination a ${method} cannot be fed by the live application of server "mx1"`,
    ),
  );
  read(
    full.replace(
      "data_source: hot split snapshot, snapshots: btrfs, validate: maildir, repeat: 9",
      "data_source: offline, stop: [a], start: [b]",
    ),
  );
});

test("clones and delta snapshots alone are a warning: they lead to no disaster recovery", () => {
  const text = full
    .replace(/ {6}- \{method: backup to disk.*\n/, "")
    .replace(/ {4}disaster: \{method: dup.*\n/, "");
  const { config, problems } = parseConfig(text, { fileName: "config.yaml" });
  assert.ok(config !== undefined);
  assert.deepEqual(
    problems.map(({ severity, code }) => [severity, code]),
    [["warning", "config.no-disaster-recovery"]],
  );
});

test("what is on tape is kept whole, and never for less than the rules say", () => {
  const keep = (rules: readonly string[]): unknown => tapeKeepOf(parseRetention(rules));
  assert.deepEqual(keep([]), {});
  assert.deepEqual(keep(["everything forever", "last 3"]), {});
  assert.deepEqual(keep(["everything for 5 weeks", "everything for 36 hours"]), { keepDays: 35 });
  assert.deepEqual(keep(["everything for 36 hours"]), { keepDays: 2 });
  assert.deepEqual(keep(["last 3", "last 7"]), { keepLast: 7 });
  assert.deepEqual(keep(["everything for 1 month", "last 2"]), { keepDays: 31, keepLast: 2 });
});
