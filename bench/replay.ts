/**
 * Measures the replay of a journal on a base copy: how long until a mailbox is listed as of any moment,
 * and how fast all of its changed files are read. The journal is one on disk, encrypted; the base is a
 * copy in memory, so that the journal is what is measured.
 */
import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeError } from "#errors";
import { type Image, memoryImage, type MemoryNodes, type RawPath, walkImage } from "#image";
import { type FileState, type Journal, openJournal, openJournalReader } from "#journal";
import { continuousCopy } from "#methods";
import { BenchError } from "./bench-error.ts";

const usage = `npm run bench:replay -- [options]

  --messages N  in the base copy (default 10000)
  --records N   of the journal since: deliveries, flags, removals (default 100000)
  --bytes N     of a message (default 4000)
  --runs N      moments opened, spread over the journal (default 5)
  --work DIR    where the journal is (default: restante-bench-replay in the temporary folder)
  --help
`;

const secret = { key: Buffer.alloc(64, 1) };
const beganNs = 1_700_000_000_000_000_000n;
/** The base was complete a minute before. */
const firstNs = beganNs + 60_000_000_000n;
const inbox = "example.org/ada/Maildir/cur" as RawPath;

type Settings = {
  readonly messages: number;
  readonly records: number;
  readonly bytes: number;
  readonly runs: number;
  readonly folder: string;
};

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      messages: { type: "string", default: "10000" },
      records: { type: "string", default: "100000" },
      bytes: { type: "string", default: "4000" },
      runs: { type: "string", default: "5" },
      work: { type: "string", default: join(tmpdir(), "restante-bench-replay") },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const settings: Settings = {
    messages: Number(values.messages),
    records: Number(values.records),
    bytes: Number(values.bytes),
    runs: Number(values.runs),
    folder: join(values.work, "journal"),
  };
  await rm(values.work, { recursive: true, force: true });
  await mkdir(values.work, { recursive: true });
  try {
    await measure(settings);
  } finally {
    await rm(values.work, { recursive: true, force: true });
  }
}

async function measure(settings: Settings): Promise<void> {
  const { messages, records, runs, folder } = settings;
  const lastNs = await writeJournal(settings);
  const nodes: Record<string, MemoryNodes[string]> = {};
  for (let number = 0; number < messages; number++) nodes[oldPath(number)] = `message ${number}`;
  const opens: number[] = [];
  const rates: number[] = [];
  for (let run = 1; run <= runs; run++) {
    const atNs = firstNs + ((lastNs - firstNs) * BigInt(run)) / BigInt(runs);
    const base = memoryImage(nodes, {
      at: { fromNs: beganNs, toNs: beganNs },
      consistency: "crash",
    });
    const started = performance.now();
    await using journal = await openJournalReader({ folder, secret });
    const copy = continuousCopy({ name: "journal", journal, bases: [baseOf(base)] });
    const moment = await copy.momentAt(atNs);
    if (!("point" in moment)) throw new BenchError("bench.replay", moment.reason);
    await using image = await copy.open(moment.point);
    const listed = (await image.list(inbox)).length;
    opens.push(performance.now() - started);
    const { bytes, ms } = await readNew(image);
    rates.push(bytes / 1e6 / (ms / 1000));
    process.stderr.write(
      `moment ${run}: ${listed} entries listed, ${Math.round(bytes / 1e6)} MB read\n`,
    );
  }
  process.stdout.write(
    `\n| base, journal | a mailbox is listed as of any moment | changed files are read |\n| --- | --: | --: |\n` +
      `| ${messages} messages, ${records} records | ${Math.round(median(opens))} ms (most ${Math.round(Math.max(...opens))}) | ${Math.round(median(rates))} MB/s |\n`,
  );
}

function oldPath(number: number): RawPath {
  return `${inbox}/16${String(number).padStart(8, "0")}.M1P1.mx1:2,S` as RawPath;
}

/** Of ten records: four deliveries with their bytes, one flag, one removal of an old message. */
async function writeJournal({ records, bytes, messages, folder }: Settings): Promise<bigint> {
  let atNs = beganNs - 1n;
  await using journal = await openJournal({ folder, secret, group: "bench", clock: () => atNs });
  const body = Buffer.alloc(bytes, "Lorem ipsum dolor sit amet, consectetur. ");
  atNs = firstNs;
  for (let number = 0; journal.lastSequence < records; number++) {
    atNs += 1_000_000n;
    deliver(journal, { number, body, atNs });
    if (number % 4 === 0) flag(journal, { number, bytes, atNs });
    if (number % 4 === 1)
      journal.append({ type: "remove", path: oldPath(number % messages) }, atNs);
    await journal.ready();
  }
  await journal.close();
  return atNs;
}

type Delivery = { readonly number: number; readonly atNs: bigint };

function newPath(number: number, flags: string): RawPath {
  return `${inbox}/17${String(number).padStart(8, "0")}.M1P1.mx1:2,${flags}` as RawPath;
}

function deliver(
  journal: Journal,
  { number, body, atNs }: Delivery & { readonly body: Buffer },
): void {
  const state: FileState = {
    type: "file",
    mode: 0o600,
    uid: 8,
    gid: 8,
    mtimeNs: atNs,
    ctimeNs: atNs,
    inode: BigInt(10_000_000 + number),
    links: 1,
  };
  const content = journal.store(body, atNs);
  const path = newPath(number, "");
  journal.append({ type: "put", path, state, sizeBytes: body.length, content }, atNs);
}

function flag(
  journal: Journal,
  { number, bytes, atNs }: Delivery & { readonly bytes: number },
): void {
  const file = { inode: BigInt(10_000_000 + number), sizeBytes: bytes, mtimeNs: atNs };
  const [path, to] = [newPath(number, ""), newPath(number, "S")];
  journal.append({ type: "rename", path, to, file }, atNs);
}

function baseOf(image: Image) {
  const point = {
    id: "base",
    group: "bench",
    sequence: 1,
    generation: "1",
    atNs: beganNs,
    consistency: "crash",
    paths: ["/mail"],
    hostname: "bench",
    tags: [],
  } as const;
  const copy = { name: "base", method: "backup to disk", reach: "at-hand" } as const;
  return { copy: { ...copy, open: async () => image }, moments: [point] };
}

/** All that the journal brought, in the order in which it came. */
async function readNew(image: Image): Promise<{ readonly bytes: number; readonly ms: number }> {
  const started = performance.now();
  let bytes = 0;
  for await (const { path } of walkImage(image, inbox)) {
    if (!path.startsWith(`${inbox}/17`)) continue;
    for await (const piece of image.read(path)) bytes += piece.length;
  }
  return { bytes, ms: performance.now() - started };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
});
