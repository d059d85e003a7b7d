/**
 * Measures what a help desk waits for, within one process: the text of messages for the catalog, one
 * message out of a repository that is open, and the list of a large folder at a moment. Prints one
 * Markdown table.
 *
 *     node bench/reading.ts [--scale N] [--work DIR] [--corpus DIR]
 */
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Image } from "#image";
import { extractText, type MailAccount, openMailStore, type StoredMailbox } from "#mail";
import type { Repository, Snapshot } from "#repository";
import { openSampleMail } from "../src/cli/demo/index.ts";
import { Site } from "../test/support/recovery-site.ts";
import { layOutOneFolder } from "./lay-out-one-folder.ts";
import { describeMachine } from "./machine.ts";
import { median } from "./samples.ts";

type Row = { readonly what: string; readonly figure: string; readonly goal: string };

const { values } = parseArgs({
  options: {
    scale: { type: "string", default: "1" },
    work: { type: "string", default: join(tmpdir(), "restante-bench") },
    /** A folder of .eml files. */
    corpus: { type: "string" },
  },
});
const rows: Row[] = [...extraction(), ...(await repository())];
console.log(JSON.stringify(describeMachine(tmpdir())));
console.log("\n| what | measured | goal |\n| --- | --- | --- |");
for (const { what, figure, goal } of rows) console.log(`| ${what} | ${figure} | ${goal} |`);

/** Of one processor's time, so that a busy machine tells the same. The first round warms up. */
function extraction(): readonly Row[] {
  const sample = openSampleMail({ seed: 1 });
  const sets: [string, readonly Buffer[]][] = [
    [
      `SpamAssassin's corpus (${sample.source})`,
      Array.from({ length: sample.count }, (_, index) => sample.read(index)),
    ],
  ];
  if (values.corpus !== undefined) sets.push([values.corpus, filesBelow(values.corpus)]);
  return sets.map(([name, messages]) => {
    const rates = Array.from({ length: 6 }, () => {
      const before = process.cpuUsage();
      for (const message of messages) extractText(message);
      const { user, system } = process.cpuUsage(before);
      return messages.length / ((user + system) / 1e6);
    }).slice(1);
    const bytes = messages.reduce((sum, message) => sum + message.length, 0);
    const meanKb = (bytes / messages.length / 1000).toFixed(1);
    return {
      what: `text for the catalog, ${name}, ${messages.length} messages of ${meanKb} kB`,
      figure: `${thousands(median(rates))} messages/s`,
      goal: "≥ 15,000",
    };
  });
}

function filesBelow(folder: string): readonly Buffer[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".eml"))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
}

async function repository(): Promise<readonly Row[]> {
  const store = layOutOneFolder({ work: values.work, scale: Number(values.scale) });
  using site = new Site(mkdtempSync(join(tmpdir(), "restante-reading-")));
  await site.init();
  await site.capture({ store: store.path, atRest: true });
  // Of an open repository with its index loaded, of which nothing else is in memory.
  const lists = await repeated(8, async (timed) => {
    await using open = await site.open();
    await using image = await open.image(await newest(open));
    await image.list((await findInbox(image)).account.root);
    await timed(() => listInbox(image, store.messages));
  });
  await using open = await site.open();
  const snapshot = await newest(open);
  // Another moment's image, of which the folder was read before.
  const again = await repeated(8, async (timed) => {
    await using image = await open.image(snapshot);
    await timed(() => listInbox(image, store.messages));
  });
  await using image = await open.image(snapshot);
  const { account, inbox } = await findInbox(image);
  const { messages } = await account.messages(inbox);
  let number = 0;
  const reads = await repeated(300, async (timed) => {
    number += 7919;
    const message = messages[number % messages.length];
    if (message === undefined) throw new Error("the folder is empty");
    await timed(async () => {
      extractText(Buffer.concat(await Array.fromAsync(account.read(message))));
    });
  });
  const count = thousands(store.messages);
  return [
    row(`list of a folder of ${count} messages at a moment`, lists, "< 300 ms"),
    row("the same, of a folder that was listed before", again, "< 300 ms"),
    row("one message of it, with its text", reads, "< 50 ms"),
    { ...row("", reads, "< 50 ms", 0.95), what: "the same, 95th percentile" },
  ];
}

/** Wall time, and the processor's, which a busy machine does not change. */
type Timing = { readonly wallMs: number; readonly cpuMs: number };

type Timed = (run: () => Promise<void>) => Promise<void>;

/** The first time is not counted: the compiler has not seen the program then. */
async function repeated(
  count: number,
  run: (timed: Timed) => Promise<void>,
): Promise<readonly Timing[]> {
  const timings: Timing[] = [];
  const timed: Timed = async (work) => {
    const startMs = performance.now();
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    timings.push({ wallMs: performance.now() - startMs, cpuMs: (user + system) / 1000 });
  };
  for (let round = 0; round < count; round++) await run(timed);
  return timings.slice(1);
}

async function newest(repository: Repository): Promise<Snapshot> {
  const snapshot = (await repository.snapshots()).at(-1);
  if (snapshot === undefined) throw new Error("the capture left no moment");
  return snapshot;
}

async function listInbox(image: Image, expected: number): Promise<void> {
  const { account, inbox } = await findInbox(image);
  const { messages } = await account.messages(inbox);
  if (messages.length !== expected) throw new Error("the list is not whole");
}

async function findInbox(
  image: Image,
): Promise<{ readonly account: MailAccount; readonly inbox: StoredMailbox }> {
  const [account] = (await openMailStore(image)).accounts;
  const inbox = (await account?.mailboxes())?.find(({ name }) => name === "INBOX");
  if (account === undefined || inbox === undefined) throw new Error("there is no INBOX");
  return { account, inbox };
}

function row(what: string, timings: readonly Timing[], goal: string, share = 0.5): Row {
  const at = (key: keyof Timing): string => {
    const ascending = timings.map((timing) => timing[key]).toSorted((a, b) => a - b);
    return milliseconds(ascending[Math.floor(ascending.length * share)]);
  };
  return { what, figure: `${at("wallMs")} (processor ${at("cpuMs")})`, goal };
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? "–" : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

function thousands(value: number | undefined): string {
  return String(Math.round(value ?? 0)).replace(/\B(?=(?:\d{3})+$)/g, ",");
}
