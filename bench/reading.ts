/**
 * Measures what a help desk waits for, within one process: the text of messages for the catalog, one
 * message out of a repository that is open, and the list of a large folder at a moment. Prints one
 * Markdown table.
 *
 *     node bench/reading.ts [--scale N] [--work DIR] [--corpus DIR]
 */
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Image } from "#image";
import { extractText, type MailAccount, openMailStore, type StoredMailbox } from "#mail";
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
  using site = new Site();
  await site.init();
  await site.capture({ store: store.path, atRest: true });
  await using open = await site.open();
  const snapshot = (await open.snapshots()).at(-1);
  if (snapshot === undefined) throw new Error("the capture left no moment");
  const openImage = async (): Promise<Image> => await open.image(snapshot);
  const lists: number[] = [];
  for (let round = 0; round < 5; round++) {
    // A new Image each time: nothing of the moment is in memory, the index is.
    await using image = await openImage();
    const startMs = performance.now();
    const { account, inbox } = await findInbox(image);
    const { messages } = await account.messages(inbox);
    lists.push(performance.now() - startMs);
    if (messages.length !== store.messages) throw new Error("the list is not whole");
  }
  const again: number[] = [];
  await using image = await openImage();
  const { account, inbox } = await findInbox(image);
  const { messages } = await account.messages(inbox);
  for (let round = 0; round < 5; round++) {
    const startMs = performance.now();
    await account.messages(inbox);
    again.push(performance.now() - startMs);
  }
  const reads: number[] = [];
  for (let round = 0; round < 300; round++) {
    const message = messages[(round * 7919) % messages.length];
    if (message === undefined) throw new Error("the folder is empty");
    const startMs = performance.now();
    const pieces = await Array.fromAsync(account.read(message));
    extractText(Buffer.concat(pieces));
    reads.push(performance.now() - startMs);
  }
  const count = thousands(store.messages);
  return [
    row(`list of a folder of ${count} messages at a moment, first time`, lists, "< 300 ms"),
    row(`the same again, the Image open`, again, "< 300 ms"),
    row(`one message of it, with its text`, reads, "< 50 ms"),
    {
      what: "the same, slowest of 20 (95th percentile)",
      figure: milliseconds(reads.toSorted((a, b) => a - b)[Math.floor(reads.length * 0.95)]),
      goal: "< 50 ms",
    },
  ];
}

async function findInbox(
  image: Image,
): Promise<{ readonly account: MailAccount; readonly inbox: StoredMailbox }> {
  const [account] = (await openMailStore(image)).accounts;
  const inbox = (await account?.mailboxes())?.find(({ name }) => name === "INBOX");
  if (account === undefined || inbox === undefined) throw new Error("there is no INBOX");
  return { account, inbox };
}

function row(what: string, samplesMs: readonly number[], goal: string): Row {
  return { what, figure: milliseconds(median(samplesMs)), goal };
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? "–" : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

function thousands(value: number | undefined): string {
  return String(Math.round(value ?? 0)).replace(/\B(?=(?:\d{3})+$)/g, ",");
}
