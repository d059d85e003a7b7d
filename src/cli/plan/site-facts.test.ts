/** What is found out about a site by looking, on small stores of every kind. */
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { withoutRootRights } from "../../files/unprivileged.fixture.ts";
import { addMeasurements } from "../measurements.ts";
import { interview } from "./interview.ts";
import { testSitting, type TestSittingOptions } from "./interview.fixture.ts";
import { findSiteFacts, type SiteFacts, type SiteFactsOptions } from "./site-facts.ts";

let folder = "";
const nowNs = BigInt(Date.UTC(2026, 10, 23)) * 1_000_000n;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-site-facts-"));
});

after(async () => await rm(folder, { recursive: true, force: true }));

/** Nothing of the machine that runs the test is looked at. */
const nowhere = { places: [], copyPlaces: [], tapeDevice: "/nonexistent" };

async function look(options: SiteFactsOptions, given: TestSittingOptions = {}): Promise<SiteFacts> {
  const { context } = testSitting({ now: () => nowNs, workingFolder: folder, ...given });
  return await findSiteFacts(context, { ...nowhere, ...options });
}

/** Files below a store of that name: path → content. A path with a slash at its end is a folder. */
async function store(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const root = join(folder, name);
  await mkdir(root, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    const absolute = join(root, path);
    await mkdir(path.endsWith("/") ? absolute : dirname(absolute), { recursive: true });
    if (!path.endsWith("/")) await writeFile(absolute, content);
  }
  return root;
}

const maildir = (owner: string): Readonly<Record<string, string>> => ({
  [`${owner}/cur/1.M1.mx1:2,S`]: "From: a@example.net\n\nx\n",
  [`${owner}/new/`]: "",
  [`${owner}/tmp/`]: "",
});
const mbox = "From a@example.net Mon Nov 23 10:00:00 2026\nFrom: a@example.net\n\nx\n";

for (const [name, files, expected] of [
  ["plain", { ...maildir("ada"), ...maildir("bob") }, "maildir"],
  [
    "dovecot",
    { ...maildir("ada"), ...maildir("bob"), "ada/dovecot-uidlist": "3 V1 N2" },
    "dovecot-maildir",
  ],
  ["courier", { ...maildir("ada"), "ada/courierimapuiddb": "1 1 2" }, "courier"],
  [
    "moved from Courier to Dovecot",
    { ...maildir("ada"), "ada/courierimapuiddb": "1", "ada/dovecot-uidlist": "3" },
    "dovecot-maildir",
  ],
  ["sdbox", { "ada/sdbox/mailboxes/INBOX/dbox-Mails/u.1": "2 M1e C0\n" }, "dovecot-dbox"],
  [
    "mdbox",
    { "ada/mdbox/storage/m.1": "2 M1e C0\n", "ada/mdbox/mailboxes/INBOX/": "" },
    "dovecot-dbox",
  ],
  ["cyrus", { "user/ada/cyrus.header": "x", "user/ada/1.": "From: a\r\n\r\nx\r\n" }, "cyrus"],
  ["mbox", { ada: mbox, bob: mbox }, "mbox"],
] as const) {
  test(`a store is recognised by what its server leaves in it: ${name}`, async () => {
    const root = await store(`kind ${name}`, files);
    const facts = await look({ folder: root });
    assert.equal(facts.kind?.value, expected);
    assert.equal(facts.kind?.complete, true, facts.kind?.basis);
    assert.match(facts.kind?.basis ?? "", /looks like/);
    assert.deepEqual(facts.problems, []);
  });
}

test("a store of two kinds is taken for what there is most of, and is to be checked", async () => {
  const root = await store("two kinds", {
    ...maildir("ada"),
    ...maildir("bob"),
    "ada/dovecot-uidlist": "3",
    "bob/dovecot-uidlist": "3",
    "old/user/cyrus.index": "x",
  });
  const { kind } = await look({ folder: root });
  assert.equal(kind?.value, "dovecot-maildir");
  assert.equal(kind?.complete, false);
  assert.match(kind?.basis ?? "", /and also Cyrus IMAP/);
});

test("a folder without any mail is taken for Maildir, said to be assumed", async () => {
  const { kind } = await look({ folder: await store("no mail", { "notes/readme.txt": "hello" }) });
  assert.equal(kind?.value, "maildir");
  assert.equal(kind?.complete, false);
  assert.match(kind?.basis ?? "", /^assumed/);
});

test("mailboxes, sizes and change are counted, and where they were found is said", async () => {
  const root = await store("sizes", {
    "ada/cur/1.M1.mx1:2,S": "x".repeat(6000),
    "ada/new/": "",
    "bob/cur/2.M1.mx1:2,S": "x".repeat(4000),
    "bob/new/": "",
  });
  const seconds = Number(nowNs / 1_000_000_000n);
  await utimes(
    join(root, "ada/cur/1.M1.mx1:2,S"),
    seconds - 9 * 86_400 - 60,
    seconds - 9 * 86_400 - 60,
  );
  await utimes(join(root, "bob/cur/2.M1.mx1:2,S"), seconds - 60, seconds - 60);
  const { mailBytes, mailboxes, newPerDayBytes, path } = await look({ folder: root });
  assert.equal(path?.value, root);
  assert.deepEqual([mailBytes?.value, mailboxes?.value, newPerDayBytes?.value], [10_000, 2, 1000]);
  assert.equal(mailBytes?.basis, `found in ${root}: 2 mailboxes, 2 files, 10 kB`);
  assert.match(newPerDayBytes?.basis ?? "", /of the last 10 days/);
});

test("each file of an mbox store is a mailbox", async () => {
  const { mailboxes, newPerDayBytes } = await look({
    folder: await store("mboxes", { ada: mbox, bob: mbox, carol: mbox }),
  });
  assert.equal(mailboxes?.value, 3);
  assert.equal(newPerDayBytes, undefined, "nothing in it says when mail arrived");
});

test("the first usual place with anything in it is the store; an empty disk is nothing", async () => {
  const places = [
    join(folder, "missing"),
    await store("empty", {}),
    await store("disk", { "lost+found/": "" }),
  ];
  const filled = await store("filled", maildir("ada"));
  const later = await store("later", maildir("bob"));
  const { path } = await look({ places: [...places, filled, later] });
  assert.equal(path?.value, filled);
  const nothing = await look({ places });
  assert.deepEqual(
    [nothing.path, nothing.kind, nothing.mailBytes, nothing.has],
    [undefined, undefined, undefined, []],
  );
});

test("the configuration's server and copy go before what is looked for", async () => {
  const root = await store("configured", maildir("ada"));
  const config = join(folder, "restante.yaml");
  await writeFile(
    config,
    `version: 1
time_zone: Europe/Vienna
servers: { mx9: { type: dovecot, path: ${JSON.stringify(root)} } }
copies: { here: { layer: operational, path: /nonexistent/copies, key: "file:/nonexistent/key" } }
tiers: { gold: { operational: { method: backup to disk, copy: here } } }
lines_of_business: { everyone: { mailboxes: ["*"], tier: gold } }
`,
  );
  const facts = await look({ places: ["/"] }, { options: { config } });
  assert.deepEqual(
    [facts.name.value, facts.path?.value, facts.timeZone.value],
    ["mx9", root, "Europe/Vienna"],
  );
  await rm(config);
});

test("a store that is too large for the limits is looked at in part and says so", async () => {
  const root = await store("large", {
    ...maildir("ada"),
    ...maildir("bob"),
    ...maildir("carol"),
  });
  const limits = { files: 2, folders: 2, ms: 60_000 };
  const { kind, mailBytes } = await look({ folder: root, limits });
  assert.equal(kind?.complete, false);
  assert.match(kind?.basis ?? "", /2 folders looked at/);
  assert.equal(mailBytes?.complete, false);
  assert.match(mailBytes?.basis ?? "", /which is not all of it/);
  // The clock of this test goes on by a millisecond each time it is looked at.
  const hurried = await look({ folder: root, limits: { files: 99, folders: 99, ms: 1 } });
  assert.equal(hurried.kind?.complete, false);
});

test("a folder that is not there leaves everything to be asked, and says why", async () => {
  const facts = await look({ folder: "no such folder" });
  assert.equal(facts.path?.value, join(folder, "no such folder"));
  assert.equal(facts.mailBytes, undefined);
  assert.equal(facts.problems.length, 1);
  assert.match(facts.problems[0] ?? "", /no such folder/);
});

test("what may not be read is no reason to fail, and makes the facts incomplete", async () => {
  const root = await store("closed", { ...maildir("ada"), ...maildir("bob") });
  await chmod(join(root, "bob"), 0);
  await chmod(folder, 0o755);
  await withoutRootRights([root, join(root, "bob")], async () => {
    const facts = await look({ folder: root });
    assert.equal(facts.mailBytes?.complete, false);
    assert.equal(facts.problems.length, 1);
    assert.match(facts.problems[0] ?? "", /bob/);
  });
  await chmod(join(root, "bob"), 0o755);
});

test("looking is stopped by the signal", async () => {
  const root = await store("stopped", maildir("ada"));
  await assert.rejects(look({ folder: root }, { signal: AbortSignal.abort() }), {
    name: "AbortError",
  });
});

test("a tape drive is a character device, and a disk for copies lies on another device with room", async (t) => {
  const root = await store("equipment", maildir("ada"));
  const { has } = await look({ folder: root, tapeDevice: "/dev/null" });
  assert.deepEqual(
    has.filter(({ value }) => value === "tape drive").map(({ basis }) => basis),
    ["/dev/null is there"],
  );
  const file = join(root, "ada/cur/1.M1.mx1:2,S");
  assert.ok(
    !(await look({ folder: root, tapeDevice: file })).has.some(
      ({ value }) => value === "tape drive",
    ),
  );
  const same = await look({ folder: root, copyPlaces: [folder, "/nonexistent"] });
  assert.equal(same.copyPath, undefined, "a broken disk takes both");
  const other = await mkdtemp("/dev/shm/restante-copies-").catch(() => undefined);
  if (other === undefined) return t.skip("there is no second filesystem");
  try {
    const apart = await look({ folder: root, copyPlaces: [other] });
    assert.equal(apart.copyPath?.value, other);
    assert.ok(apart.has.some(({ value }) => value === "disk for copies"));
    const named = await look({ folder: root }, { options: { copy: other } });
    assert.equal(named.copyPath?.value, other);
  } finally {
    await rm(other, { recursive: true });
  }
});

test("figures that were measured on this machine are found in its state folder", async () => {
  const state = join(folder, "state/restante");
  await mkdir(state, { recursive: true });
  await addMeasurements(state, [
    {
      parameter: "dedup_rate",
      low: 1e8,
      high: 1e8,
      kind: "bench",
      at: "2026-11-23T10:00:00Z",
      about: "a test",
    },
  ]);
  const environment = { XDG_STATE_HOME: join(folder, "state") };
  const { measurements } = await look({}, { environment });
  assert.deepEqual(
    measurements.value.map(({ parameter }) => parameter),
    ["dedup_rate"],
  );
  assert.equal(measurements.basis, "1 figure measured on this machine");
});

test("names in a store that would move the cursor are shown harmless, and links are not followed", async () => {
  const root = await store("hostile \u001b[2J", { ...maildir("ada\u202e"), "x\u009b/y": "z" });
  await symlink("/", join(root, "everything"));
  await symlink(root, join(root, "itself"));
  const facts = await look({ folder: root });
  const shown = JSON.stringify([facts.kind, facts.mailBytes?.basis, facts.problems]);
  assert.doesNotMatch(shown, /\\u00[01]|[\u0080-\u009f\u202e]/);
  assert.equal(facts.mailboxes?.value, 1);
  await rm(root, { recursive: true });
});

test("looking and asking leave nothing behind", async () => {
  const root = await store("untouched", maildir("ada"));
  const before = await readdir(folder, { recursive: true });
  const { context } = testSitting({
    enters: 60,
    workingFolder: folder,
    environment: {
      XDG_STATE_HOME: join(folder, "no state"),
      XDG_CACHE_HOME: join(folder, "no cache"),
    },
  });
  await interview(context, await findSiteFacts(context, { ...nowhere, folder: root }));
  assert.deepEqual(await readdir(folder, { recursive: true }), before);
});
