/** What `planExpiry` keeps, beside what `restic forget` of the same snapshots keeps. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { recoveryPointOf } from "#copies";
import { parseRetention, planExpiry } from "#policy";
import type { Snapshot } from "#repository";
import { parseRfc3339 } from "#time";
import { coreOfRepository } from "../src/repository/duplicate.fixture.ts";
import { saveSnapshot } from "../src/repository/snapshot-file.ts";
import { Site, withoutRestic } from "./support/recovery-site.ts";

/** Of the past, whenever this runs: restic holds times against its own clock. */
const newestNs = parseRfc3339("2023-11-23T14:30:07Z");
const secondNs = 1_000_000_000n;
const hourS = 3600;

type Scene = { readonly site: Site; readonly snapshots: readonly Snapshot[] };

/** Snapshots as restic writes them, of these ages in seconds, the newest last. `forget` looks at no tree. */
async function sceneOf(
  ages: readonly number[],
  fields: readonly Partial<Snapshot>[] = [],
): Promise<Scene> {
  const site = new Site();
  await site.init();
  await using repository = await site.open();
  const { context } = coreOfRepository(repository);
  const snapshots: Snapshot[] = [];
  for (const [index, age] of ages.entries())
    snapshots.push(
      await saveSnapshot(context, {
        timeNs: newestNs - BigInt(age) * secondNs,
        tree: "ab".repeat(32),
        paths: ["/var/mail"],
        hostname: "mx1",
        username: "root",
        uid: 0,
        gid: 0,
        tags: [],
        excludes: [],
        ...fields[index],
      }),
    );
  return { site, snapshots };
}

type Group = { readonly keep: readonly { readonly id: string }[] | null };

function resticKeeps({ site }: Scene, argv: readonly string[]): readonly string[] {
  const forget = ["forget", "--dry-run", "--json", "--group-by", "paths", ...argv];
  const { status, output } = site.restic(...forget);
  assert.equal(status, 0, output);
  const groups = JSON.parse(output.slice(output.indexOf("["))) as readonly Group[];
  return groups.flatMap(({ keep }) => keep ?? []).map(({ id }) => id);
}

function weKeep(
  { snapshots }: Scene,
  rules: readonly string[],
  { now = newestNs, zone = "UTC" }: { readonly now?: bigint; readonly zone?: string } = {},
): readonly string[] {
  const points = snapshots.map(recoveryPointOf);
  return planExpiry(points, parseRetention(rules), { now, zone })
    .filter(({ keep }) => keep)
    .map(({ point }) => point.id);
}

/** The times that a list of IDs stands for, so that a difference can be read. */
function timesOf({ snapshots }: Scene, ids: readonly string[]): readonly string[] {
  return snapshots
    .filter(({ id }) => ids.includes(id))
    .map(({ timeNs }) => new Date(Number(timeNs / 1_000_000n)).toISOString());
}

/** The same numbers every time: xorshift. */
function seededAges(seed: number, count: number): readonly number[] {
  let state = seed;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  // Many of the last days, few of the last two years; the newest is of age 0.
  const ages = Array.from({ length: count }, () => Math.floor(next() ** 4 * 730 * 24 * hourS) + 1);
  return [...ages, 0].toSorted((a, b) => b - a);
}

test(
  "spans and counts of the newest keep what restic's forget keeps, alone and together",
  { skip: withoutRestic },
  async (t) => {
    for (const seed of [7, 20261123]) {
      const scene = await sceneOf(seededAges(seed, 70));
      using _site = scene.site;
      t.diagnostic(`seed ${seed}`);
      for (const [options, rules] of [
        ["--keep-last 9", ["last 9"]],
        ["--keep-within 48h", ["everything for 48 hours"]],
        ["--keep-within-hourly 14d", ["one per hour for 14 days"]],
        ["--keep-within-daily 3m", ["one per day for 3 months"]],
        ["--keep-within-weekly 1y", ["one per week for 1 year"]],
        ["--keep-within-monthly 18m", ["one per month for 18 months"]],
        ["--keep-within-yearly 7y", ["one per year for 7 years"]],
        ["--keep-yearly 999", ["one per year forever"]],
        ["--keep-monthly 999", ["one per month forever"]],
        [
          "--keep-last 3 --keep-within 2d --keep-within-daily 1m --keep-within-monthly 1y",
          [
            "last 3",
            "everything for 2 days",
            "one per day for 1 month",
            "one per month for 1 year",
          ],
        ],
      ] as const) {
        const [restics, ours] = [resticKeeps(scene, options.split(" ")), weKeep(scene, rules)];
        assert.deepEqual(timesOf(scene, ours), timesOf(scene, restics), `${seed}: ${options}`);
        assert.ok(restics.length < scene.snapshots.length, `${options} drops nothing: no test`);
      }
      // What happened since is replayed on a base from before: the first moment of the month needs one more.
      const restics = timesOf(scene, resticKeeps(scene, ["--keep-within", "1m"]));
      const [base, ...rest] = timesOf(scene, weKeep(scene, ["every change for 1 month"]));
      assert.deepEqual(rest, restics);
      const others = timesOf(
        scene,
        scene.snapshots.map(({ id }) => id),
      ).filter((time) => !restics.includes(time));
      assert.equal(base, others.toSorted().at(-1));
    }
  },
);

test(
  "a count of slots is a span where every slot is filled; over gaps restic's count reaches further back",
  { skip: withoutRestic },
  async () => {
    const days = Array.from({ length: 30 }, (_, day) => (29 - day) * 24 * hourS);
    const dense = await sceneOf(days);
    using _dense = dense.site;
    const [restics, ours] = [
      resticKeeps(dense, ["--keep-daily", "7"]),
      weKeep(dense, ["one per day for 7 days"]),
    ];
    assert.equal(restics.length, 7);
    // Seven days before now there is one to the second: a span reaches it, a count has its seven by then.
    assert.deepEqual(timesOf(dense, ours).slice(1), timesOf(dense, restics));
    assert.equal(resticKeeps(dense, ["--keep-within-daily", "7d"]).length, 7);

    const sparse = await sceneOf([300, 200, 100, 1, 0].map((day) => day * 24 * hourS));
    using _sparse = sparse.site;
    assert.equal(resticKeeps(sparse, ["--keep-daily", "7"]).length, 5);
    assert.equal(weKeep(sparse, ["one per day for 7 days"]).length, 2);
    assert.equal(weKeep(sparse, ["one per day for 7 days", "last 7"]).length, 5);
  },
);

test(
  "a snapshot with a forged time takes a place in restic's counts, and none of a genuine moment in ours",
  { skip: withoutRestic },
  async () => {
    const ages = [4, 3, 2, 1, 0].map((day) => day * 24 * hourS);
    const [future, past] = [-100 * 366 * 24 * hourS, 50 * 366 * 24 * hourS];
    // Written by somebody else under the same host and path.
    const scene = await sceneOf([past, ...ages, future]);
    using _site = scene.site;
    const genuine = scene.snapshots.slice(1, -1).map(({ id }) => id);
    const keptGenuine = (kept: readonly string[]): number =>
      genuine.filter((id) => kept.includes(id)).length;
    // A span is counted from now by us, and by restic from the newest that is not in its future.
    const spans = resticKeeps(scene, ["--keep-within-daily", "30d"]);
    const ours = weKeep(scene, ["one per day for 30 days"]);
    assert.deepEqual(timesOf(scene, ours), timesOf(scene, spans));
    assert.deepEqual(ours, [...genuine, scene.snapshots.at(-1)?.id]);
    for (const [options, rule] of [
      ["--keep-last", "last 5"],
      ["--keep-daily", "one per day for 5 days"],
    ] as const) {
      assert.equal(keptGenuine(resticKeeps(scene, [options, "5"])), 4, options);
      assert.equal(keptGenuine(weKeep(scene, [rule])), 5, rule);
    }
  },
);

test(
  "restic's snapshots beside ours displace them in its forget, and not in our expiry",
  { skip: withoutRestic },
  async () => {
    const tags = (sequence: number): Partial<Snapshot> => ({
      tags: ["restante", "group:/var/mail", `sequence:${sequence}`, "generation:aa"],
    });
    // Each day ours, and an hour later another's.
    const ages = [3, 2, 1].flatMap((day) => [day * 24 * hourS, day * 24 * hourS - hourS]);
    const scene = await sceneOf(ages, [tags(1), {}, tags(2), {}, tags(3), {}]);
    using _site = scene.site;
    const ours = scene.snapshots.filter((_, index) => index % 2 === 0).map(({ id }) => id);
    const restics = resticKeeps(scene, ["--keep-within-daily", "30d"]);
    assert.ok(ours.every((id) => !restics.includes(id)));
    const kept = weKeep(scene, ["one per day for 30 days"]);
    assert.ok(ours.every((id) => kept.includes(id)));
  },
);

test(
  "where the calendars differ: a day is our zone's, and a month before the 31st is not in the next",
  { skip: withoutRestic },
  async () => {
    // 22:30 and 23:30 UTC are one day there, and two in Berlin.
    const night = parseRfc3339("2023-11-20T23:30:00Z");
    const ageOf = (ns: bigint): number => Number((newestNs - ns) / secondNs);
    const scene = await sceneOf([ageOf(night - 3600n * secondNs), ageOf(night), 0]);
    using _site = scene.site;
    const rules = ["one per day for 3 months"];
    assert.equal(resticKeeps(scene, ["--keep-within-daily", "3m"]).length, 2);
    assert.equal(weKeep(scene, rules).length, 2);
    assert.equal(weKeep(scene, rules, { zone: "Europe/Berlin" }).length, 3);

    // A month before 31 March: for us 28 February, for restic, which counts on from 31 February, 3 March.
    const march = parseRfc3339("2023-03-31T12:00:00Z");
    const ends = await sceneOf([ageOf(parseRfc3339("2023-03-01T12:00:00Z")), ageOf(march)]);
    using _ends = ends.site;
    assert.equal(resticKeeps(ends, ["--keep-within", "1m"]).length, 1);
    assert.equal(weKeep(ends, ["everything for 1 month"], { now: march }).length, 2);
  },
);
