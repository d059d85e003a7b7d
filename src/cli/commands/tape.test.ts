import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openVirtualTapeLibrary, parseBarcode } from "#methods";
import { dayNs, mail, spoil, startNs, take, type Tapes } from "../../methods/tape/tape.fixture.ts";
import { runForTest, type TestRun, type TestRunOptions } from "../surroundings.fixture.ts";

/* One story, told in order: two sets on two tapes, the vault, the way back. Sat 25 Jul 2026 19:20 in Berlin. */
let folder = "";
let nowNs = startNs;
const libraryFolder = (): string => join(folder, "tapes");

before(() => {
  folder = mkdtempSync(join(tmpdir(), "restante-tape-verb-"));
});

after(() => rmSync(folder, { recursive: true }));

async function tape(words: string, options: TestRunOptions = {}): Promise<TestRun> {
  return await tapeWords(words.split(" "), options);
}

async function tapeWords(words: readonly string[], options: TestRunOptions = {}): Promise<TestRun> {
  const where = words.includes("--library") ? [] : ["--library", libraryFolder()];
  return await runForTest(["tape", ...words, ...where, "--no-config"], {
    now: () => nowNs,
    timeZone: "Europe/Berlin",
    workingFolder: folder,
    ...options,
  });
}

type Documents = readonly Readonly<Record<string, unknown>>[];

const documentsOf = ({ output }: TestRun): Documents =>
  output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Documents[number]);

const listOf = (document: Documents[number] | undefined, key: string): Documents =>
  (document?.[key] ?? []) as Documents;

async function withLibrary(use: (place: Tapes) => Promise<unknown>): Promise<void> {
  await using library = await openVirtualTapeLibrary(libraryFolder());
  await use({
    folder: libraryFolder(),
    library,
    nowNs,
    [Symbol.asyncDispose]: async () => undefined,
  });
}

test("a library that is not there, or a folder without tapes, is refused and nothing is made", async () => {
  const absent = await tape("list");
  assert.equal(absent.exitCode, 2);
  assert.match(absent.messages, /Cannot open the tape library .*: ".*tapes" is not there/);
  assert.equal(existsSync(libraryFolder()), false);
  mkdirSync(join(folder, "empty"));
  const empty = await tape(`list --library ${join(folder, "empty")}`);
  assert.match(empty.messages, /there are no tapes in .*\n.*mounted/);
  assert.equal(existsSync(join(folder, "empty", "state")), false);
  const none = await runForTest(["tape", "--no-config"]);
  assert.match(none.messages, /no tape library was named/);
});

test("new tapes are labelled, and lie in the scratch pool", async () => {
  assert.equal((await tape("label RST001 --new")).exitCode, 0);
  assert.equal((await tape("label RST002 --new")).exitCode, 0);
  const twice = await tape("label RST002 --new");
  assert.equal(twice.exitCode, 1);
  assert.match(twice.messages, /Cannot put tape RST002 in: there is one of that barcode/);
  const { output, exitCode } = await tape("list");
  assert.equal(exitCode, 0);
  assert.match(output, /^RST001 {2}scratch {2}onsite {2}0 moments {2}1 pass, 1 mount$/m);
});

test("two sets on two tapes are listed with pool, place, moments and use", async () => {
  await withLibrary(async (place) => {
    await take(place, mail(5), { rotation: { append: false } });
    place.nowNs = nowNs += 3_600_000_000_000n;
    await take(place, mail(6), { rotation: { append: false } });
  });
  const { output } = await tape("list");
  assert.match(
    output,
    /^RST001 {2}filling {2}onsite {2}1 moment, newest Sat 25 Jul 2026 19:20:00/m,
  );
  assert.match(output, /^RST002 .* 1 moment, newest Sat 25 Jul 2026 20:20:00/m);
  const [document] = documentsOf(await tape("list --json"));
  assert.equal(document?.["type"], "tapes");
  const [first] = listOf(document, "tapes");
  assert.deepEqual(
    [first?.["barcode"], first?.["pool"], first?.["state"], listOf(first, "moments").length],
    ["RST001", "filling", "onsite", 1],
  );
});

test("due says nothing before the hold has passed, and then which tape, since when", async () => {
  nowNs = startNs + dayNs - 1n;
  const early = await tape("due --objective 48h");
  assert.match(early.output, /^due out: nothing$/m);
  assert.equal(early.exitCode, 0);
  nowNs = startNs + dayNs;
  const { output, exitCode } = await tape("due --objective 48h");
  assert.equal(exitCode, 0);
  assert.match(
    output,
    /^due out: 1 tape\n {2}RST001 {2}onsite {2}due since Sun 26 Jul 2026 19:20:00/m,
  );
  assert.match(output, /1 d \+ 1 d \+ nothing = 2 d: within the 2 d that may be lost/);
  assert.match(output, /a loss of the site now would cost 1 d: nothing is in the vault/);
});

test("a plan of shipping that cannot hold the objective, or a lapse of the window, is exit code 20", async () => {
  const late = await tape("due --objective 48h --transit 2h");
  assert.equal(late.exitCode, 20);
  assert.match(late.output, /= 2 d 2 h: more than the 2 d that may be lost/);
  nowNs = startNs + 3n * dayNs;
  const lapsed = await tape("due --objective 48h --json");
  assert.equal(lapsed.exitCode, 20);
  const [document] = documentsOf(lapsed);
  const [group] = listOf(document, "groups");
  assert.deepEqual(
    [group?.["group"], group?.["lapse"], group?.["meets"], group?.["lossNowMs"]],
    ["mx1/all", true, true, 3 * 86_400_000],
  );
  assert.deepEqual(
    listOf(document, "dueOut").map((due) => due["barcode"]),
    ["RST001", "RST002"],
  );
});

test("a tape that is not known, a state that is none and a step left out are refused", async () => {
  const unknown = await tape("move RST009 ejected --who Ada");
  assert.equal(unknown.exitCode, 22);
  assert.match(unknown.messages, /Cannot find tape RST009: .*\n.*Did you mean RST00[12]\?/);
  const state = await tape("move RST001 valut --who Ada");
  assert.equal(state.exitCode, 2);
  assert.match(state.messages, /to "valut": no such state\n.*Did you mean vault\?/);
  const early = await tape("move RST001 vault --who Ada --where shelf-7");
  assert.equal(early.exitCode, 1);
  assert.match(early.messages, /RST001 is vault: it is onsite, and then comes ejected/);
  const nobody = await tape("move RST001 ejected");
  assert.equal(nobody.exitCode, 2);
  assert.match(nobody.messages, /--who is missing/);
  const nowhere = await tape("move RST001 transit --who Ada");
  assert.match(nowhere.messages, /--where is missing/);
  assert.match((await tape("list")).output, /^RST001 {2}filling {2}onsite {2}/m);
  const word = await tape("lsit");
  assert.equal(word.exitCode, 2);
  assert.match(word.messages, /Did you mean `restante tape list`\?/);
});

test("a tape goes to the vault step by step, and what it takes along on the road is said", async () => {
  nowNs = startNs + 2n * dayNs;
  const ejected = await tape("move RST001 ejected --who Ada --where tray --json");
  assert.deepEqual(documentsOf(ejected)[0]?.["step"], {
    state: "ejected",
    who: "Ada",
    where: "tray",
    at: "2026-07-27T17:20:00Z",
  });
  assert.equal(existsSync(join(libraryFolder(), "RST001.tap")), false);
  await tapeWords(["move", "RST001", "transit", "--who", "Bob", "--where", "van\u001b[2J"]);
  const road = await tape("due");
  assert.match(
    road.output,
    /^on the way: 1 tape\n {2}RST001 {2}in transit \(van\\x1b\[2J\) since Mon 27 Jul/m,
  );
  assert.match(
    road.output,
    /if RST001 is lost: 1 moment of mx1\/all with it, the newest that is left is of Sat 25 Jul 2026 20:20/,
  );
  const there = await tapeWords(["move", "RST001", "vault", "--who", "Cy", "--where", "shelf 7"]);
  assert.match(
    there.output,
    /^Tape RST001 of .*: vault \(shelf 7\), noted by Cy on Mon 27 Jul 2026/,
  );
  assert.match(
    (await tape("due")).output,
    /cost 2 d: the newest moment in the vault is of Sat 25 Jul 2026 19:20/,
  );
});

test("the pull list of a moment names tape, place and time to recall, and says when one is missing", async () => {
  const away = await tapeWords([
    "pull",
    "/var/mail",
    "--at",
    "2026-07-25T17:30:00Z",
    "--recall",
    "6h",
  ]);
  assert.equal(away.exitCode, 0);
  assert.match(
    away.output,
    /^1\. {2}RST001 {2}vault \(shelf 7\) since Mon 27 Jul 2026 .* {2}at hand in 6 h\n/,
  );
  assert.match(away.output, /All of them, fetched at once: 6 h\./);
  assert.match(away.messages, /mx1\/all as of .*10 min before/);
  const newest = await tape("pull --json");
  const [document] = documentsOf(newest);
  assert.deepEqual(document?.["tapes"], [
    { barcode: "RST002", state: "onsite", where: "library", atHandInMs: 0 },
  ]);
  await withLibrary(async ({ library }) => await library.exportVolume(parseBarcode("RST002")));
  const missing = await tape("pull --at latest");
  assert.equal(missing.exitCode, 3);
  assert.match(missing.output, /RST002 {2}missing {2}nobody can say\nA tape is missing/);
  assert.match((await tape("list")).messages, /nobody noted where they are: RST002/);
  await withLibrary(async ({ library }) => await library.importVolume(parseBarcode("RST002")));
  const none = await tape("pull /var/other --at latest");
  assert.equal(none.exitCode, 22);
});

test("a catalogue that was deleted is rebuilt from the tapes, and where they are is still known", async () => {
  rmSync(join(libraryFolder(), "state", "catalogue.json"));
  const without = await tape("list");
  assert.equal(without.exitCode, 1);
  assert.match(without.messages, /there is no catalogue/);
  const rebuilt = await tape("rebuild");
  assert.match(rebuilt.output, /^1 moment on 1 tape of /);
  await tapeWords(["move", "RST002", "ejected", "--who", "Ada"]);
  await tapeWords(["move", "RST002", "onsite", "--who", "Ada"]);
  const { output } = await tape("list");
  assert.match(output, /^RST002 {2}filling {2}onsite since /m);
});

test("the tape comes back from the vault, and a rebuild knows its moment again", async () => {
  // Neither the library nor the new catalogue has it: the record of places alone knows it.
  const recalled = await tape("move RST001 recalled --who Ada");
  assert.equal(recalled.exitCode, 0, recalled.messages);
  assert.equal((await tape("move RST003 recalled --who Ada")).exitCode, 22);
  await tape("move RST001 onsite --who Bob --where library");
  const rebuilt = await tape("rebuild --json");
  assert.equal(rebuilt.exitCode, 0, rebuilt.output);
  assert.deepEqual([documentsOf(rebuilt)[0]?.["sets"], documentsOf(rebuilt)[0]?.["tapes"]], [2, 2]);
  assert.match((await tape("pull --at 2026-07-25T17:30:00Z")).output, /All of them are at hand/);
});

test("verify reads every byte of what is in the library, and names what cannot be read", async () => {
  const whole = await tape("verify");
  assert.equal(whole.exitCode, 0, whole.output);
  assert.match(
    whole.output,
    /^whole: [0-9a-f]{8} of Sat 25 Jul 2026 19:20:00 .*5 files, .* read$/m,
  );
  assert.match(whole.output, /^2 moments whole, 0 damaged, 0 not looked at/m);
  await tape("move RST002 ejected --who Ada");
  const away = await tape("verify --json");
  assert.equal(away.exitCode, 0);
  assert.deepEqual(
    documentsOf(away).map(({ outcome, whole: count }) => outcome ?? count),
    ["whole", "away", 1],
  );
  await withLibrary(async (place) =>
    spoil(place, "RST001", (bytes) => void bytes.write("X", bytes.indexOf("Subject: 3"))),
  );
  const damaged = await tape("verify");
  assert.equal(damaged.exitCode, 1);
  assert.match(damaged.output, /damaged: .*\n {2}cur\/1700000003\.M1P2\.mx1:2,S: /);
  await tape("move RST002 onsite --who Ada");
});

test("a tape with kept moments is not labelled again, and a retired one is read but not written", async () => {
  const kept = await tape("label RST002 --yes");
  assert.equal(kept.exitCode, 1);
  assert.match(kept.messages, /Cannot label tape RST002: 1 sets? on it (?:is|are) kept/);
  // Nothing is asked where the answer changes nothing.
  assert.equal((await tape("label RST002")).exitCode, 1);
  await tape("label RST003 --new");
  assert.equal((await tape("label RST003")).exitCode, 0);
  const asked = await tape("label RST003 --over-foreign");
  assert.equal(asked.exitCode, 23);
  const no = await tape("label RST003 --over-foreign", { answers: ["n"] });
  assert.equal(no.exitCode, 23);
  assert.match(
    no.questions[0]?.question ?? "",
    /^Write over tape RST003 and lose whatever is on it\?/,
  );
  const noReason = await tape("retire RST002");
  assert.equal(noReason.exitCode, 2);
  const retired = await tapeWords(["retire", "RST002", "--reason", "it squeaks"]);
  assert.match(retired.output, /^Tape RST002 of .* is retired \(it squeaks\)/);
  assert.match((await tape("list")).output, /^RST002 {2}retired .*it was retired: it squeaks$/m);
  assert.equal((await tape("verify --at latest")).exitCode, 0);
});

test("with a configuration the library, the hold, the objective and the vault's folder are its own", async () => {
  const vault = join(folder, "vault");
  const path = join(folder, "restante.yaml");
  writeFileSync(
    path,
    `version: 1
time_zone: Europe/Berlin
servers:
  mx1: {type: maildir, path: /var/mail, data_source: offline, stop: [/bin/true], start: [/bin/true]}
copies:
  tapes: {layer: operational, kind: tape library, path: ${libraryFolder()}}
  vault: {layer: disaster, kind: tape library, path: ${vault}}
tiers:
  silver:
    operational: {method: backup to tape, copy: tapes, every: 24 hours, keep: [everything for 30 days]}
    disaster: {method: move backup tapes offsite, copy: vault, from: tapes, hold: 24 hours, transit: 4 hours, lose_at_most: 48 hours}
lines_of_business:
  all: {mailboxes: ["*"], tier: silver}
`,
  );
  const run = async (...words: readonly string[]): Promise<TestRun> =>
    await runForTest(["tape", ...words], { now: () => nowNs, workingFolder: folder });
  const due = await run("due");
  assert.equal(due.exitCode, 20, due.messages);
  assert.match(due.output, /1 d \+ 1 d \+ 4 h = 2 d 4 h: more than the 2 d that may be lost/);
  const refused = await run("move", "RST001", "ejected", "--who", "Ada");
  assert.equal(refused.exitCode, 2);
  assert.match(refused.messages, /the vault's folder ".*vault" is not there/);
  assert.ok(existsSync(join(libraryFolder(), "RST001.tap")));
  mkdirSync(vault);
  assert.equal((await run("move", "RST001", "ejected", "--who", "Ada")).exitCode, 0);
  assert.ok(existsSync(join(vault, "RST001.tap")));
});
