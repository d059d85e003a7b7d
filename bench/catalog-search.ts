import { rmSync } from "node:fs";
import { type Catalog, openCatalog, parseQuery } from "#catalog";
import type { RawPath } from "#image";
import { createRandom, type Random } from "../src/cli/demo/index.ts";
import type { MessageNumber } from "../src/catalog/catalog.ts";
import type { MessageFacts } from "../src/catalog/message-facts.ts";

/** One search, as often as rounds were asked for. */
export type SearchSample = {
  readonly query: string;
  readonly sort: "newest" | "relevance";
  readonly found: number;
  readonly medianMs: number;
  readonly slowestMs: number;
  readonly timesMs: readonly number[];
  /** Of this thread: what does not depend on who else is at work. */
  readonly cpusMs: readonly number[];
};

const vocabularySize = 60_000;
const wordsPerMessage = 60;
const accounts = 200;
const folders = ["INBOX", "Archive/2025", "Archive/2026", "Sent", "Lists", "Junk"] as const;
const moments = 60;
const day = 86_400;
const vocabulary: readonly string[] = Array.from(
  { length: vocabularySize },
  (_, index) => `w${index.toString(36)}`,
);
const newestS = Date.UTC(2026, 10, 20) / 1000;

/**
 * A catalog of `messages` messages that nobody wrote: words by Zipf's law, dates over six years, in
 * 1,200 folders of 200 accounts, made by the catalog's own writer; of 60 moments each took a few
 * hundred messages away. Rows of mail that is real would differ in their words, not in their number.
 */
export async function makeCatalog(messages: number, folder: string): Promise<Catalog> {
  rmSync(folder, { recursive: true, force: true });
  const catalog = openCatalog({ folder });
  const random = createRandom(messages);
  await using fill = await catalog.beginFill();
  const facts = { group: "g", hostname: "mx1", paths: ["/mail"], history: "h" };
  const first = await fill.beginMoment({
    ...facts,
    id: "moment0",
    atNs: BigInt(newestS) * 10n ** 9n,
  });
  const placed: MessageNumber[] = [];
  const batch = 20_000;
  for (let from = 0; from < messages; from += batch) {
    const some = Array.from({ length: Math.min(batch, messages - from) }, (_, index) => ({
      facts: messageAt(from + index, random),
    }));
    placed.push(...(await first.addMessages(some)));
  }
  const boxes = placeAll(placed);
  for (const [box, numbers] of boxes) await first.record(mailboxFacts(box, numbers));
  await first.finish({ problems: [], notes: new Map() });
  for (let moment = 1; moment < moments; moment++) {
    const next = await fill.beginMoment({
      ...facts,
      id: `moment${moment}`,
      atNs: BigInt(newestS + moment * 3600) * 10n ** 9n,
    });
    for (let changed = 0; changed < 3; changed++) {
      const [box, numbers] = random.pick([...boxes]);
      numbers.splice(0, 100);
      await next.record(mailboxFacts(box, numbers));
    }
    await next.finish({ problems: [], notes: new Map() });
  }
  return catalog;
}

function placeAll(numbers: readonly MessageNumber[]): Map<number, MessageNumber[]> {
  const boxes = new Map<number, MessageNumber[]>();
  for (const [index, number] of numbers.entries()) {
    const box = index % (accounts * folders.length);
    const known = boxes.get(box);
    if (known === undefined) boxes.set(box, [number]);
    else known.push(number);
  }
  return boxes;
}

type Recorded = Parameters<
  Awaited<ReturnType<Awaited<ReturnType<Catalog["beginFill"]>>["beginMoment"]>>["record"]
>[0];

function mailboxFacts(box: number, numbers: readonly MessageNumber[]): Recorded {
  const root = `user${box % accounts}` as RawPath;
  return {
    mailbox: {
      account: { layout: "maildir", root },
      name: folders[Math.floor(box / accounts)] as string,
      path: `${root}/${box}` as RawPath,
    },
    kind: "complete",
    placements: numbers.map((message, index) => ({
      message,
      uid: index + 1,
      flags: index % 3 === 0 ? [] : index % 50 === 0 ? ["\\Flagged", "\\Seen"] : ["\\Seen"],
      keywords: [],
      internalDateNs: BigInt(newestS) * 10n ** 9n,
      sizeBytes: 3000,
      key: `/cur/17${index}.M1P1.mx1,S=3000:2,S`,
    })),
  };
}

function messageAt(index: number, random: Random): MessageFacts {
  const word = (): string =>
    vocabulary[Math.floor(Math.exp(random.fraction() * Math.log(vocabularySize)))] as string;
  let text = "";
  for (let words = 0; words < wordsPerMessage; words++) text += `${word()} `;
  const sender = Math.floor(20_000 ** random.fraction());
  const hasAttachment = random.integer(12) === 0;
  return {
    identity: `${index.toString(16).padStart(8, "0")}${random.bytes(28).toString("hex")}`,
    dateS: newestS - Math.floor(random.fraction() * 6 * 365 * day),
    sizeBytes: 1000 + random.integer(20_000),
    subject: `${word()} ${word()} ${word()}`,
    from: `Person ${sender} <person${sender}@example${sender % 500}.org>`,
    to: `user${index % accounts}@example.org`,
    cc: "",
    messageId: `${index}@example.org`,
    attachmentNames: hasAttachment ? [`${word()}.pdf`] : [],
    hasAttachment,
    text,
  };
}

/** From words that nearly every message has to those of one, alone and with all else that can be asked. */
export const queries: readonly string[] = [
  "w1",
  "w2 w3",
  "wa wb wc",
  "w1 -w2",
  '"w1 w2"',
  "w5k",
  "wzz",
  "w1 wyyy",
  "w2s w5t",
  "w100*",
  "subject:w1",
  "from:person77",
  "from:example3.org w1",
  "to:user5 w2",
  "has:attachment w1",
  "has:attachment",
  "filename:w5",
  "after:2026-10-01 w2",
  "before:2021-06-01 w9",
  "in:INBOX w1",
  "in:Junk w3n",
  "is:missing",
  "is:missing w1",
  "is:missing w5k",
  "is:flagged w1",
  "is:unseen from:person5",
  "larger:20kB w4",
  "",
];

type Search = Pick<SearchSample, "query" | "sort"> & { readonly account?: number };

/** Of all mail, of the mail of one account of 200, and some ranked. */
function searches(account: number | undefined): readonly Search[] {
  const newest = queries.map((query): Search => ({ query, sort: "newest" }));
  const ranked = ["w1", "w5k"].map((query): Search => ({ query, sort: "relevance" }));
  const ofOne = account === undefined ? [] : newest.map((search) => ({ ...search, account }));
  return [...newest, ...ofOne, ...ranked];
}

export async function measureSearch(
  catalog: Catalog,
  { rounds }: { readonly rounds: number },
): Promise<readonly SearchSample[]> {
  const now = BigInt(newestS + moments * 3600) * 10n ** 9n;
  const samples: SearchSample[] = [];
  const [first] = await catalog.accounts();
  for (const { query, sort, account } of searches(first?.id)) {
    const times: number[] = [];
    const cpus: number[] = [];
    let found = 0;
    for (let round = 0; round <= rounds; round++) {
      const cpu = process.threadCpuUsage();
      const start = performance.now();
      const page = await catalog.find(parseQuery(query, { now, zone: "UTC" }), {
        sort,
        ...(account === undefined ? {} : { accounts: [account] }),
      });
      // The first one warms.
      if (round > 0) times.push(performance.now() - start);
      const { user, system } = process.threadCpuUsage(cpu);
      if (round > 0) cpus.push((user + system) / 1000);
      found = page.messages.length;
    }
    times.sort((a, b) => a - b);
    samples.push({
      query: account === undefined ? query : `${query} (one account)`,
      sort,
      found,
      medianMs: times[Math.floor(times.length / 2)] ?? 0,
      slowestMs: times.at(-1) ?? 0,
      timesMs: times,
      cpusMs: cpus,
    });
  }
  return samples;
}
