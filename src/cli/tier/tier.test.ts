/** `restante tier` as a person and as a program sees it. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parseRequirements, type Requirements } from "#planner";
import { documents, keys } from "../story.fixture.ts";
import { runForTest, type TestRun } from "../surroundings.fixture.ts";

let folder = "";

/** Few combinations, quickly ranked; nothing here meets platinum. */
const requirements = `version: 1
# a comment of ours
currency: EUR
server: { name: mx1, kind: dovecot-maildir, mail: 40 GB, mailboxes: 20, new_per_day: 200 MB }
site: { has: [disk for copies] }
consider: { only: { sources: [live-object], operational: [disk-deduplicated], disaster: [duplicate-disk] } }
tiers:
  bulk:
    promise: Newsletters; the loss of the site is accepted.
    operational: { lose_at_most: 1 day, back_within: 2 days, reach_back: 7 days }
    disaster: accepted
lines_of_business:
  everyone: { mailboxes: ["*"], tier: bulk, payroll: 0 EUR per hour, productivity_lost_without_mail: 0% }
`;
const csv = `mailbox,line,tier,size,payroll,productivity_lost
ann@example.org,sales,Silver,2 GB,12000 EUR per hour,30%
bob@example.org,sales,silver,500 MB,,
*@lab.example.org,research,bronze,,0 EUR per hour,0%
*,everyone else,bulk,,0.5 EUR per hour,33.3%
`;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "restante-tier-"));
  await writeFile(join(folder, "site.yaml"), requirements);
  await writeFile(join(folder, "mailboxes.csv"), csv);
});

after(async () => await rm(folder, { recursive: true, force: true }));

async function run(...argv: readonly string[]): Promise<TestRun> {
  return await runForTest(["tier", ...argv], {
    workingFolder: folder,
    environment: { HOME: folder, XDG_STATE_HOME: join(folder, "state") },
  });
}

async function saved(name: string): Promise<Requirements> {
  const text = await readFile(join(folder, name), "utf8");
  const { requirements: read, problems } = parseRequirements(text, { fileName: name });
  assert.deepEqual(
    problems.filter(({ severity }) => severity === "error"),
    [],
    text,
  );
  assert.ok(read !== undefined);
  return read;
}

test("tier lists the catalogue of a file with promise, price and proof, and who chose what", async () => {
  const { exitCode, output, messages } = await run("site.yaml");
  assert.equal(exitCode, 0, messages);
  assert.match(output, /Tiers of service for mail on mx1/);
  assert.match(output, /Computed for .*site\.yaml/);
  for (const name of ["bronze", "silver", "gold", "platinum", "bulk"])
    assert.match(output, new RegExp(`^${name} `, "m"));
  assert.match(output, /not offered/);
  assert.match(output, /Newsletters; the loss of the site is accepted/);
  assert.match(output, /^everyone +bulk +bulk/m);
  assert.equal((await run("list", "site.yaml")).output, output);
});

test("tier --json is one document with numbers as a plan has them", async () => {
  const [document, ...others] = documents(await run("list", "site.yaml", "--json")) as [
    Record<string, unknown> & {
      readonly tiers: readonly (Record<string, unknown> & { readonly name: string })[];
    },
  ];
  assert.deepEqual(others, []);
  assert.deepEqual(keys(document), [
    "currency",
    "linesOfBusiness",
    "requirements",
    "server",
    "tiers",
    "type",
    "version",
  ]);
  assert.equal(document["type"], "tiers");
  const [bronze] = document.tiers;
  assert.deepEqual(keys(bronze), [
    "disaster",
    "name",
    "offer",
    "operational",
    "promise",
    "risk",
    "runsHere",
    "waysOut",
  ]);
  const offer = bronze?.["offer"] as Record<string, unknown>;
  assert.deepEqual(keys(offer), ["combination", "id", "price", "proof", "recovery"]);
  const price = (offer["price"] as Record<string, Record<string, unknown>>)["perYear"];
  assert.deepEqual(keys(price), ["basis", "origin", "unit", "value"]);
  const platinum = document.tiers.find(({ name }) => name === "platinum");
  assert.equal(platinum?.["offer"], null);
  assert.deepEqual(document["linesOfBusiness"], [
    { name: "everyone", operational: "bulk", disaster: "bulk" },
  ]);
});

test("tier without a file says that nobody has described the site", async () => {
  const { exitCode, output } = await run("show", "bronze");
  assert.equal(exitCode, 0);
  assert.match(output, /Nobody has described this site: it is taken to have the paper's sizes/);
  const [document] = documents(await run("show", "bronze", "--json"));
  assert.deepEqual([document?.["type"], document?.["requirements"]], ["tier", null]);
});

test("tier show prints one tier in full, whatever the case of its name", async () => {
  const { exitCode, output } = await run("show", "BULK", "site.yaml");
  assert.equal(exitCode, 0);
  assert.match(output, /Tier bulk for mail on mx1/);
  assert.match(output, /nothing: its loss is accepted/);
  assert.match(output, /The proof/);
  assert.match(output, /dedup_rate/);
});

test("tier ends with 22 where nothing meets the tier, or none of the catalogue", async () => {
  const one = await run("show", "platinum", "site.yaml");
  assert.equal(one.exitCode, 22);
  assert.match(one.output, /Nothing meets this tier here/);
  await writeFile(join(folder, "tape.yaml"), requirements.replace("disk-deduplicated", "tape"));
  assert.equal((await run("list", "tape.yaml")).exitCode, 22);
});

test("a tier, a word and a file that are not there are explained", async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["show", "glod", "site.yaml"], /Did you mean: gold\?/],
    [["show", "\u001b[2J", "site.yaml"], /Tiers are bronze/],
    [["show"], /no tier was named/],
    [["shwo", "gold"], /Did you mean `restante tier show`/],
    [["list", "site.yaml", "more"], /a list has one file/],
    [["nothing.yaml"], /Cannot read the requirements/],
    [["classify"], /no CSV file was named/],
    [["classify", "nothing.csv"], /Cannot read the classification/],
    [["classify", "."], /Cannot read the classification/],
    [["list", "--save", "x.yaml"], /only a classification is saved/],
    [["list", "site.yaml", "--format", "pdf"], /no such format/],
  ];
  for (const [argv, expected] of cases) {
    const { exitCode, messages, output } = await run(...argv);
    assert.equal(exitCode, 2, argv.join(" "));
    assert.match(messages, expected);
    assert.doesNotMatch(messages, /(?!\n)\p{C}/u);
    assert.equal(output, "");
  }
});

test("tier classify says what each line of business has and pays", async () => {
  const { exitCode, output, messages } = await run("classify", "mailboxes.csv", "site.yaml");
  assert.equal(exitCode, 0, messages);
  assert.match(output, /Classification of mailboxes\.csv/);
  assert.match(output, /^sales +silver +2 +2\.5 GB +6\.25 % +3,600 +\d/m);
  assert.match(output, /^research +bronze +1 pattern/m);
  assert.match(output, /rank the same in both layers/);
  assert.doesNotMatch(output, /^platinum/m);
  const [document] = documents(await run("classify", "mailboxes.csv", "site.yaml", "--json"));
  assert.deepEqual(keys(document), [
    "currency",
    "file",
    "findings",
    "linesOfBusiness",
    "order",
    "problems",
    "requirements",
    "saved",
    "tiers",
    "type",
    "version",
  ]);
  assert.equal(document?.["type"], "classification");
  const [sales] = document["linesOfBusiness"] as readonly Record<string, unknown>[];
  assert.deepEqual(
    [sales?.["name"], sales?.["tier"], sales?.["mailboxes"], sales?.["sizeBytes"]],
    ["sales", "silver", 2, 2_500_000_000],
  );
});

test("tier classify --save keeps the file with a tier in each line, and it is read back the same", async () => {
  const { exitCode, messages } = await run(
    "classify",
    "mailboxes.csv",
    "site.yaml",
    "--save",
    "by-tier.yaml",
  );
  assert.equal(exitCode, 0, messages);
  const read = await saved("by-tier.yaml");
  assert.deepEqual(
    read.linesOfBusiness.map(({ name, tier, mailboxes, downtimePerHour }) => [
      name,
      tier,
      mailboxes,
      downtimePerHour,
    ]),
    [
      ["sales", "silver", ["ann@example.org", "bob@example.org"], 3600],
      ["research", "bronze", ["*@lab.example.org"], 0],
      ["everyone else", "bulk", ["*"], 0.5 * 0.333],
    ],
  );
  const shares = read.linesOfBusiness.map(({ mailShare }) => mailShare);
  assert.deepEqual(shares, [0.0625, 0.46875, 0.46875]);
  assert.equal(read.server.name, "mx1");
  assert.equal(read.tiers.at(-1)?.name, "bulk");
  assert.match(await readFile(join(folder, "by-tier.yaml"), "utf8"), /# a comment of ours/);
  // The same lines, priced again from what was saved.
  const again = await run("list", "by-tier.yaml", "--json");
  assert.deepEqual(documents(again)[0]?.["linesOfBusiness"], [
    { name: "sales", operational: "silver", disaster: "silver" },
    { name: "research", operational: "bronze", disaster: "bronze" },
    { name: "everyone else", operational: "bulk", disaster: "bulk" },
  ]);
});

test("tier classify --save never writes over a file that is there", async () => {
  await writeFile(join(folder, "there.yaml"), "by hand");
  const { exitCode, messages } = await run(
    "classify",
    "mailboxes.csv",
    "site.yaml",
    "--save",
    "there.yaml",
  );
  assert.equal(exitCode, 2);
  assert.match(messages, /it is there already/);
  assert.equal(await readFile(join(folder, "there.yaml"), "utf8"), "by hand");
});

test("tier classify of an undescribed site takes sizes from the CSV, and saves what is to be corrected", async () => {
  const few = `mailbox,line,tier,size\na@b.example.org,a,bronze,3 GB\nc@b.example.org,c,bronze,1 GB\n`;
  await writeFile(join(folder, "few.csv"), few);
  const { exitCode, output, messages } = await run("classify", "few.csv", "--save", "few.yaml");
  assert.equal(exitCode, 0, messages);
  assert.match(output.replace(/\s+/g, " "), /it is taken to have the mail of the classification/);
  const read = await saved("few.yaml");
  assert.equal(read.parameters.mail.high, 4e9);
  assert.equal(read.parameters.mailboxes.high, 2);
  const text = await readFile(join(folder, "few.yaml"), "utf8");
  assert.match(text, /Nobody has described it/);
});

test("a classification that nothing meets ends with 22, and is shown and saved all the same", async () => {
  await writeFile(join(folder, "high.csv"), csv.replace(/silver/gi, "platinum"));
  const { exitCode, output } = await run(
    "classify",
    "high.csv",
    "site.yaml",
    "--save",
    "high.yaml",
  );
  assert.equal(exitCode, 22);
  assert.match(output, /nothing meets its tier/);
  assert.equal((await saved("high.yaml")).linesOfBusiness[0]?.tier, "platinum");
});

test("problems of a classification have their line and column, and nothing is written", async () => {
  const hostile: readonly (readonly [string, RegExp])[] = [
    ["mailbox,line,tier\na@b.c,x,glod\n", /bad\.csv:2:9 .*glod.*\n.*did you mean: gold/],
    ["mailbox,line,tier\na@b.c,x,bluk\n", /did you mean: bulk/],
    ['mailbox,line,tier\na@b.c,"x,gold\n', /bad\.csv:2:1 .*quote/],
    ["mailbox,line\na@b.c,x\n", /bad\.csv:1:1 .*"tier" is missing/],
    ["mailbox,line,tier\n", /no row below its header/],
    ["", /the file is empty/],
    ['mailbox,line,tier\n"\u001b]0;x\u0007\u202e",x,gold\n', /bad\.csv:2:1/],
    ["mailbox,line,tier\na@b.c,__proto__,gold\n", /cannot be a name/],
    ["mailbox,line,tier\n=cmd|' /C calc'!A0,x,gold\n", /bad\.csv:2:1/],
    ["mailbox,line,tier,payroll,productivity_lost\na@b.c,x,gold,1 USD per hour,1%\n", /in USD/],
    [`mailbox,line,tier\n${"a b,x,gold\n".repeat(500)}`, /… and \d+ more/],
  ];
  for (const [text, expected] of hostile) {
    await writeFile(join(folder, "bad.csv"), text);
    const result = await run("classify", "bad.csv", "site.yaml", "--save", "bad.yaml");
    assert.equal(result.exitCode, 2, text.slice(0, 80));
    assert.match(result.messages, expected);
    assert.doesNotMatch(result.messages, /(?!\n)\p{C}/u);
    assert.ok(result.messages.length < 10_000);
    await assert.rejects(readFile(join(folder, "bad.yaml")), { code: "ENOENT" });
  }
});

test("a classification of bytes that are no text, or of far too many, is refused", async () => {
  await writeFile(join(folder, "bytes.csv"), Buffer.from([0xff, 0xfe, 0x6d, 0, 0x61, 0, 0x80]));
  assert.equal((await run("classify", "bytes.csv", "site.yaml")).exitCode, 2);
  await writeFile(join(folder, "large.csv"), Buffer.alloc(17 * 1024 * 1024, "a"));
  const { exitCode, messages } = await run("classify", "large.csv", "site.yaml");
  assert.equal(exitCode, 2);
  assert.match(messages, /larger than 16777216 bytes/);
});

test("a file that would not be read back is not written: thousands of mailboxes want a pattern", async () => {
  const rows = Array.from({ length: 10_001 }, (_, index) => `m${index}@b.example.org,a,bronze\n`);
  await writeFile(join(folder, "many.csv"), `mailbox,line,tier\n${rows.join("")}`);
  const result = await run("classify", "many.csv", "site.yaml", "--save", "many.yaml");
  assert.equal(result.exitCode, 2);
  assert.match(result.messages, /Give patterns/);
  await assert.rejects(readFile(join(folder, "many.yaml")), { code: "ENOENT" });
  assert.equal((await run("classify", "many.csv", "site.yaml")).exitCode, 0);
});

test("lines whose anchors other keys use are not cut off in silence", async () => {
  const anchored = requirements
    .replace("tier: bulk,", "tier: bulk, budget: &amount 5 EUR per year,")
    .concat("repurposing: { reporting: *amount }\n");
  await writeFile(join(folder, "anchored.yaml"), anchored);
  const result = await run(
    "classify",
    "mailboxes.csv",
    "anchored.yaml",
    "--save",
    "anchored-out.yaml",
  );
  assert.equal(result.exitCode, 2, result.output);
  assert.match(result.messages, /Cannot write .*anchored-out\.yaml.*amount/);
  await assert.rejects(readFile(join(folder, "anchored-out.yaml")), { code: "ENOENT" });
});

test("reports of tiers are written as their file's ending says", async () => {
  for (const [name, begins] of [
    ["tiers.html", /^<!doctype html>/i],
    ["tiers.md", /^# Tiers of service/],
  ] as const) {
    assert.equal((await run("list", "site.yaml", "--output", name)).exitCode, 0);
    assert.match(await readFile(join(folder, name), "utf8"), begins);
  }
});
