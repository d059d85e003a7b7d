/** Tiers with several methods and with a disaster recovery, held to what they promise and to what is required. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig, requireConfig } from "#policy";
import type { BusinessRequirements } from "../requirements/index.ts";
import { businessWith, objectives, siteWith } from "../ranking/site.fixture.ts";
import { type CheckedLine, checkConfiguration } from "./check-config.ts";

const copies = `copies:
  here: {layer: operational, path: /srv/recovery, key: credential:here}
  clones: {layer: operational, kind: replicas, path: /srv/clones}
  deltas: {layer: operational, kind: replicas, path: /srv/deltas}
  tapes: {layer: operational, kind: tape library, path: /srv/tapes, capacity: 100 GB, safe_uses: 50}
  far: {layer: disaster, url: "ssh://dr@vault.example.net/srv/recovery", key: credential:far}
  near: {layer: disaster, path: /mnt/far, key: credential:far}
  vault: {layer: disaster, kind: tape library, path: /mnt/vault}
`;

type Tier = {
  readonly operational: string;
  readonly disaster?: string;
  readonly server?: string;
};

function check(
  { operational, disaster, server = "data_source: hot split snapshot" }: Tier,
  required?: BusinessRequirements,
): CheckedLine {
  const text = `version: 1
servers:
  mx1: {type: maildir, path: /srv/mail, ${server}}
${copies}tiers:
  gold:
    operational: ${operational}
${disaster === undefined ? "" : `    disaster: ${disaster}\n`}lines_of_business:
  everyone: {mailboxes: ["*"], tier: gold}
`;
  const config = requireConfig(parseConfig(text, { fileName: "config.yaml" }));
  const requirements = siteWith({
    has: ["disk for copies", "snapshots", "second site"],
    mayBuy: [],
    linesOfBusiness: required === undefined ? [] : [required],
  });
  const [line] = checkConfiguration(config, { requirements, against: required !== undefined });
  assert.ok(line !== undefined);
  return line;
}

const errors = ({ findings }: CheckedLine): readonly string[] =>
  findings.filter(({ severity }) => severity === "error").map(({ text }) => text);
const warnings = ({ findings }: CheckedLine): readonly string[] =>
  findings.filter(({ severity }) => severity === "warning").map(({ text }) => text);

const disk =
  "{method: backup to disk, copy: here, lose_at_most: 1 day, back_within: 8 hours, keep: [one per day for 30 days]}";
const deltas = "{method: rotation of delta snapshots, copy: deltas, every: 1 hour, images: 48}";
const clones = "{method: rotation of clones, copy: clones, every: 12 hours}";
const tapes =
  "{method: backup to tape, copy: tapes, lose_at_most: 1 day, back_within: 1 day, keep: [everything for 30 days]}";

test("each method of a tier is a way through Figure 1, and the disaster recovery is with the one that feeds it", () => {
  const { ways, ranked } = check({
    operational: `[${clones}, ${disk}, ${deltas}]`,
    disaster:
      "{method: duplicate backup copies offsite, copy: far, from: here, every: 4 hours, keep: [one per day for 90 days]}",
  });
  assert.deepEqual(
    ways.map(({ evaluation }) => evaluation.id),
    [
      "hot-split/clones-12h-24h/none",
      "hot-split/disk-deduplicated-24h-30d/duplicate-disk-4h-90d",
      "hot-split/deltas-1h-2d/none",
    ],
  );
  assert.equal(ranked, ways[0]);
});

test("from each loss one of the methods must recover in time", () => {
  const required = businessWith({
    operational: objectives(24, 1, 24),
    hardwareFailure: "operational",
    risk: "medium",
  });
  const { disaster: _, ...accepted } = required;
  const both = check(
    { operational: `[${disk.replace("8 hours", "1 hour")}, ${deltas}]` },
    accepted,
  );
  assert.deepEqual(errors(both), []);
  const hourly = { ...accepted, operational: objectives(2, 1, 24) };
  const short = errors(
    check(
      {
        operational: `[${disk.replace("8 hours", "1 hour").replace("1 day", "2 hours, every: 2 hours")}, ${deltas}]`,
      },
      hourly,
    ),
  );
  assert.deepEqual(short, []);
  const daily = errors(
    check(
      {
        operational: `[${deltas.replace("every", "lose_at_most: 1 hour, back_within: 1 hour, every")}, ${disk}]`,
      },
      hourly,
    ),
  );
  assert.equal(daily.length, 1, daily.join("\n"));
  assert.match(daily[0] ?? "", /^the volumes of the mail server destroyed: up to 1 d of mail/);
});

test("what every method must have by itself is said with its name", () => {
  const [first, ...others] = errors(
    check({
      operational: `[${disk}, ${clones}]`,
      server: "data_source: offline, stop: [a], start: [b]",
    }),
  );
  assert.match(
    first ?? "",
    /^backup to disk, deduplicated: the server may be stopped for 0 h a day/,
  );
  assert.ok(others.some((text) => text.startsWith("rotation of clones: ")));
});

test("a further method that cannot keep its own promise is an error", () => {
  const found = errors(
    check({
      operational: `[${disk}, {method: backup to tape, copy: tapes, lose_at_most: 1 day, back_within: 1 minute, keep: [everything for 30 days]}]`,
    }),
  );
  assert.equal(found.length, 1, found.join("\n"));
  assert.match(found[0] ?? "", /^backup to tape: back after .*, and it promises 1 min/);
});

test("virtual tapes need no drive, and their capacity is the file's", () => {
  const line = check({ operational: tapes });
  assert.deepEqual(errors(line), []);
  assert.match(line.ranked.evaluation.id, /tape-24h-30d/);
  const each = line.ranked.evaluation.operational.stored[0]?.tapes?.high;
  // 60 GB and a day's logs on one tape of 100 GB, thirty times.
  assert.equal(each, 30);
});

test("tapes that move offsite satisfy 48 hours where interval, hold and transit do (§2.2.1)", () => {
  const moved = (transit: string): readonly string[] =>
    errors(
      check({
        operational: tapes,
        disaster: `{method: move backup tapes offsite, copy: vault, from: tapes, lose_at_most: 48 hours, every: 1 day, back_within: 2 days, hold: 24 hours, transit: ${transit}, keep: [everything for 60 days]}`,
      }),
    ).filter((text) => text.startsWith("the site gone"));
  assert.deepEqual(moved("nothing"), []);
  assert.match(moved("4 hours")[0] ?? "", /up to 2 d 4 h of mail would be lost, 2 d are allowed/);
});

test("a duplicate is held to the disaster objectives of the tier and of the requirements", () => {
  const far = (promise: string): string =>
    `{method: duplicate backup copies offsite, copy: far, from: here, ${promise}, keep: [one per day for 90 days]}`;
  const promised = check({
    operational: disk,
    disaster: far("lose_at_most: 2 days, every: 4 hours, back_within: 1 minute"),
  });
  assert.deepEqual(
    errors(promised).map((text) => text.split(/, | \d/)[0]),
    ["the site gone: back after"],
  );
  const required = businessWith({
    operational: objectives(24, 8, 24),
    disaster: objectives(48, 72, 30 * 24),
  });
  const kept = "lose_at_most: 2 days, every: 12 hours, back_within: 3 days";
  assert.deepEqual(errors(check({ operational: disk, disaster: far(kept) }, required)), []);
  assert.deepEqual(
    errors(
      check(
        { operational: disk, disaster: far("lose_at_most: 3 days, every: 12 hours") },
        required,
      ),
    ),
    [
      "lose_at_most of disaster promises less than is required",
      "back_within of disaster is not promised, and it is required",
    ],
  );
  const none = errors(check({ operational: disk }, required));
  assert.ok(none.some((text) => /nothing recovers from this: the site gone/.test(text)));
});

test("a lapse between the operational and the disaster window is a warning, with the smallest change (§1.4.2)", () => {
  const line = check({
    operational: `[${clones}, {method: backup to tape, copy: tapes, every: 1 day, keep: [everything for 36 hours]}]`,
    disaster:
      "{method: move backup tapes offsite, copy: vault, from: tapes, every: 1 day, hold: 24 hours, transit: 4 hours, keep: [everything for 60 days]}",
  });
  const lapse = line.findings.find(({ text }) => text.startsWith("a lapse"));
  assert.equal(lapse?.severity, "warning");
  assert.match(lapse?.text ?? "", /from 12 hours to (?:28 hours|a day|2 days) ago/);
  assert.match(lapse?.change ?? "", /^let /);
  const whole = check({
    operational: tapes,
    disaster:
      "{method: move backup tapes offsite, copy: vault, from: tapes, every: 1 day, hold: 24 hours, transit: 4 hours, keep: [everything for 60 days]}",
  });
  assert.ok(!whole.findings.some(({ text }) => text.startsWith("a lapse")));
});

test("what is not wrong and should be known is remarked", () => {
  const near = warnings(
    check({
      operational: disk,
      disaster: "{method: duplicate backup copies offsite, copy: near, from: here}",
    }),
  );
  assert.ok(near.some((text) => /"near" is a folder of this machine/.test(text)));
  assert.ok(near.some((text) => /disaster has neither every nor lose_at_most/.test(text)));
  assert.ok(near.some((text) => /disaster has no back_within/.test(text)));
  assert.ok(!near.some((text) => /nothing recovers from the loss of the site/.test(text)));
  const plain = warnings(
    check({
      operational: `[${disk}, {method: rotation of delta snapshots, copy: deltas}]`,
      server: "data_source: hot split snapshot, snapshots: plain",
    }),
  );
  assert.ok(plain.some((text) => /shares no blocks with the store/.test(text)));
  assert.ok(plain.some((text) => /rotation of delta snapshots has no every/.test(text)));
  assert.ok(plain.some((text) => /nothing recovers from the loss of the site/.test(text)));
  const silent = warnings(
    check({ operational: "{method: backup to disk, copy: here, every: 1 hour}" }),
  );
  assert.ok(silent.some((text) => /as much as comes between two copies/.test(text)));
});
