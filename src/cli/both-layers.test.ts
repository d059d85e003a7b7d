import assert from "node:assert/strict";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { directoryStorage } from "#storage";
import { removeAll } from "../methods/replicas/replicas.fixture.ts";
import { documents } from "./story.fixture.ts";
import {
  LentRepositories,
  runForTest,
  type TestRun,
  type TestRunOptions,
} from "./surroundings.fixture.ts";

/* A configuration whose tier has several methods and a disaster recovery. One story, told in order. */
let folder = "";
const repositories = new LentRepositories((location) => directoryStorage(location));

function configuration(source: string, operational: string): string {
  const key = `key: "file:${join(folder, "password")}"`;
  return `version: 1
servers:
  mx1: {type: maildir, path: ${join(folder, "mail")}, ${source}}
copies:
  clones: {layer: operational, kind: replicas, path: ${join(folder, "clones")}}
  here: {layer: operational, path: ${join(folder, "here")}, ${key}}
  beside: {layer: operational, path: ${join(folder, "beside")}, ${key}}
  far: {layer: disaster, path: ${join(folder, "far")}, ${key}}
tiers:
  gold:
    operational: ${operational}
lines_of_business:
  everyone: {mailboxes: ["*"], tier: gold}
`;
}

const offline = "data_source: offline, stop: ['true'], start: ['true']";
const clones = "{method: rotation of clones, copy: clones, every: 12 hours}";
const disks = `
      - ${clones}
      - {method: backup to disk, copy: here, lose_at_most: 1 hour, keep: [last 1]}
      - {method: backup to disk, copy: beside, every: 1 day, keep: [last 2]}
    disaster: {method: duplicate backup copies offsite, copy: far, from: here, lose_at_most: 1 day, keep: [last 3]}`;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-layers-"));
  const maildir = join(folder, "mail/example.org/ann/Maildir");
  for (const name of ["cur", "new", "tmp"]) await mkdir(join(maildir, name), { recursive: true });
  await writeFile(join(maildir, "cur/1700000000.M1.mx1:2,"), "Subject: one\n\nbody\n");
  await writeFile(join(folder, "password"), "secret\n");
  await writeFile(join(folder, "restante.yaml"), configuration(offline, disks));
  await writeFile(join(folder, "clones.yaml"), configuration(offline, clones));
  await writeFile(
    join(folder, "split.yaml"),
    configuration("data_source: hot split snapshot", disks),
  );
});
after(async () => {
  await repositories[Symbol.asyncDispose]();
  removeAll(folder);
});

const run = (argv: readonly string[], options: TestRunOptions = {}): Promise<TestRun> =>
  runForTest(argv, {
    environment: {
      XDG_CACHE_HOME: join(folder, "cache"),
      XDG_STATE_HOME: join(folder, "state"),
      // For a copy that is named by its folder: the configuration's key is found by name.
      RESTANTE_PASSWORD_FILE: join(folder, "password"),
    },
    workingFolder: folder,
    openRepository: repositories.open,
    ...options,
  });

test("a capture fills every repository that the tier fills by backup to disk, and the clones", async () => {
  for (const copy of ["here", "beside", "far", "clones"])
    assert.equal((await run(["init", "--copy", copy])).exitCode, 0);
  const { exitCode, output, messages } = await run(["capture"]);
  assert.equal(exitCode, 0, messages);
  assert.match(output, /in copy here/);
  assert.match(output, /in copy beside/);
  assert.match(output, /in copy clones \(rotation of clones\)/);
});

test("all copies are listed where none is named; what works on one repository wants it named", async () => {
  const { exitCode, output, messages } = await run(["moments", "mx1"]);
  assert.equal(exitCode, 0, messages);
  assert.match(output, /: 3 moments\n/);
  const expiring = await run(["expire", "mx1"]);
  assert.equal(expiring.exitCode, 2);
  assert.match(expiring.messages, /it has here, beside, far/);
});

test("each copy is thinned by its own rules, whether it is named or its folder is", async () => {
  for (let more = 0; more < 3; more++) assert.equal((await run(["capture"])).exitCode, 0);
  assert.equal((await run(["duplicate", "--copy", "here", "--to", "far", "--all"])).exitCode, 0);
  for (const [copy, kept] of [
    ["here", 1],
    ["beside", 2],
    ["far", 3],
    [join(folder, "far"), 3],
  ] as const) {
    const shown = await run(["expire", "mx1", "--dry-run", "--copy", copy, "--json"]);
    assert.equal(shown.exitCode, 0, shown.output);
    const expiry = documents(shown).find((document) => document["type"] === "expiry");
    const groups = (expiry?.["groups"] ?? []) as readonly {
      readonly moments: readonly { readonly keep: boolean }[];
    }[];
    const moments = groups[0]?.moments ?? [];
    assert.equal(moments.length, 4, shown.messages);
    assert.equal(moments.filter(({ keep }) => keep).length, kept, copy);
  }
});

test("each copy is late by its own objective", async () => {
  const inHours = (hours: number) => (): bigint =>
    BigInt(Date.now() + hours * 3_600_000) * 1_000_000n;
  const late = async (copy: string, hours: number): Promise<number> =>
    (await run(["status", "--copy", copy], { now: inHours(hours) })).exitCode;
  assert.deepEqual(
    [await late("here", 2), await late("far", 2), await late("far", 30), await late("beside", 30)],
    [20, 0, 20, 0],
  );
});

test("a tier without backup to disk is captured by what it has", async () => {
  const { exitCode, output, messages } = await run(["capture", "--config", "clones.yaml"]);
  assert.equal(exitCode, 0, messages);
  assert.match(output, /in copy clones \(rotation of clones\)/);
  const other = await run(["capture", "--config", "clones.yaml", "--method", "disk"]);
  assert.equal(other.exitCode, 22);
  assert.match(other.messages, /by backup to disk: its tier has no such method/);
  assert.match(other.messages, /It has rotation of clones/);
});

test("a hot split is taken where the configuration asks for one", async () => {
  const split = await run(["capture", "--config", "split.yaml", "--json"]);
  assert.equal(split.exitCode, 0, split.output);
  const captures = documents(split).at(-1)?.["captures"] as readonly Record<string, unknown>[];
  const moments = captures.map((one) => one["moment"] as { readonly validatedBy?: unknown });
  const clone = captures.findIndex((one) => one["copy"] === "clones");
  assert.deepEqual(moments[clone]?.validatedBy, ["mail reader"]);
  const live = await run(["capture", "--config", "split.yaml", "--data-source", "live"]);
  assert.equal(live.exitCode, 0, live.messages);
});
