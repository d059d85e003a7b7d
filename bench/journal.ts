/**
 * Measures the journal: how many events a second become durable, with one that waits for each and with
 * many, and how fast a journal is read again, with the bytes of mail and without.
 */
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeError } from "#errors";
import type { RawPath } from "#image";
import {
  type ContentPiece,
  type FileState,
  type Journal,
  openJournal,
  openJournalReader,
} from "#journal";
import { systemClock } from "#time";
import { BenchError } from "./bench-error.ts";

const usage = `npm run bench:journal -- [options]

  --events N     appended for each number of waiters (default 3000)
  --megabytes N  of the journal that is read (default 512)
  --message N    bytes of a message (default 8192)
  --runs N       how often each figure is measured, of which medians are taken (default 3)
  --work DIR     where the journals are (default: restante-bench-journal in the temporary folder)
  --help

Prints two Markdown tables. What is read is in the system's cache.
`;

const secret = { key: Buffer.alloc(64, 1) };
const waiters = [1, 10, 100] as const;
const clock = systemClock();

type Settings = {
  readonly events: number;
  readonly megabytes: number;
  readonly messageBytes: number;
  readonly runs: number;
  readonly work: string;
};

/** Milliseconds that passed, and of the processor. */
type Took = { readonly wallMs: number; readonly cpuMs: number };

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      events: { type: "string", default: "3000" },
      megabytes: { type: "string", default: "512" },
      message: { type: "string", default: "8192" },
      runs: { type: "string", default: "3" },
      work: { type: "string", default: join(tmpdir(), "restante-bench-journal") },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const settings: Settings = {
    events: Number(values.events),
    megabytes: Number(values.megabytes),
    messageBytes: Number(values.message),
    runs: Number(values.runs),
    work: values.work,
  };
  if (![settings.events, settings.megabytes, settings.messageBytes, settings.runs].every(isCount))
    throw new BenchError("bench.usage", "Cannot measure: numbers of 1 and more are needed");
  await mkdir(settings.work, { recursive: true });
  try {
    await measureAppends(settings);
    await measureReads(settings);
  } finally {
    await rm(settings.work, { recursive: true });
  }
}

const isCount = (value: number): boolean => Number.isInteger(value) && value >= 1;

/** A message and its file, as a delivery is journalled: two events, one wait. */
async function deliver(journal: Journal, bytes: Uint8Array, number: number): Promise<void> {
  const nowNs = clock();
  const content = journal.store(bytes, nowNs);
  await put(journal, { content, sizeBytes: bytes.length, number, nowNs });
}

function put(
  journal: Journal,
  file: {
    readonly content: readonly ContentPiece[];
    readonly sizeBytes: number;
    readonly number: number;
    readonly nowNs: bigint;
  },
): Promise<void> {
  const { content, sizeBytes, number, nowNs } = file;
  const path =
    `vmail/user${number % 1000}/new/${nowNs}.M${number}P1234.mx1,S=${sizeBytes}` as RawPath;
  const state: FileState = {
    type: "file",
    mode: 0o600,
    uid: 5000,
    gid: 5000,
    mtimeNs: nowNs,
    ctimeNs: nowNs,
    inode: BigInt(number),
    links: 1,
  };
  return journal.append({ type: "put", path, state, sizeBytes, content }, nowNs).durable;
}

/** Bytes that no compression and no cache makes less of. */
function messageOf(lengthBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(lengthBytes);
  for (let at = 0; at < lengthBytes; at++) bytes[at] = (at * 2654435761) >>> 13;
  return bytes;
}

async function measureAppends({ events, messageBytes, runs, work }: Settings): Promise<void> {
  process.stdout.write(
    `| waiters | deliveries a second | wait, median | wait, p99 | CPU a delivery |\n| --- | --- | --- | --- | --- |\n`,
  );
  const bytes = messageOf(messageBytes);
  for (const count of waiters) {
    const rounds: (Took & { readonly waits: readonly number[] })[] = [];
    for (let run = 0; run < runs; run++) {
      const folder = join(work, `append-${count}-${run}`);
      await using journal = await openJournal({ folder, group: "bench", secret, clock });
      const waits: number[] = [];
      let next = 0;
      const waiter = async (): Promise<void> => {
        for (let number = (next += 1); number <= events; number = next += 1) {
          const started = performance.now();
          await deliver(journal, bytes, number);
          waits.push(performance.now() - started);
        }
      };
      const took = await timed(
        async () => void (await Promise.all(Array.from({ length: count }, waiter))),
      );
      await journal.close();
      rounds.push({ ...took, waits: waits.toSorted((one, other) => one - other) });
    }
    const { wallMs, cpuMs, waits } = middle(rounds);
    const at = (share: number): string =>
      `${(waits[Math.floor(waits.length * share)] ?? 0).toFixed(2)} ms`;
    process.stdout.write(
      `| ${count} | ${perSecond(events, wallMs)} | ${at(0.5)} | ${at(0.99)} | ${((cpuMs * 1000) / events).toFixed(0)} µs |\n`,
    );
  }
}

async function measureReads({ megabytes, messageBytes, runs, work }: Settings): Promise<void> {
  const folder = join(work, "read");
  const filled = await timed(async () => {
    await using journal = await openJournal({ folder, group: "bench", secret, clock });
    const bytes = messageOf(messageBytes);
    const count = Math.ceil((megabytes * 1024 * 1024) / (messageBytes + 300));
    for (let number = 1; number <= count; number++) {
      const nowNs = clock();
      const content = journal.store(bytes, nowNs);
      void put(journal, { content, sizeBytes: bytes.length, number, nowNs }).catch(() => undefined);
      await journal.ready();
    }
    await journal.close();
  });
  const sizeBytes = await sizeOf(folder);
  const rows: { readonly what: string; readonly took: Took; readonly records: number }[] = [];
  for (const withoutData of [false, true]) {
    const rounds: (Took & { readonly records: number })[] = [];
    for (let run = 0; run < runs; run++) {
      await using reader = await openJournalReader({ folder, secret });
      let records = 0;
      const took = await timed(async () => {
        for await (const _ of reader.read({ withoutData })) records += 1;
      });
      rounds.push({ ...took, records });
    }
    const round = middle(rounds);
    rows.push({
      what: withoutData ? "all events without bytes of mail" : "everything, with bytes of mail",
      took: round,
      records: round.records,
    });
  }
  const random: Took[] = [];
  for (let run = 0; run < runs; run++) random.push(await readAtRandom(folder));
  const one = middle(random);
  process.stdout.write(
    `\n${(sizeBytes / 1e6).toFixed(0)} MB, written in ${(filled.wallMs / 1000).toFixed(1)} s (${(sizeBytes / 1e3 / filled.wallMs).toFixed(0)} MB/s, CPU ${(filled.cpuMs / 1000).toFixed(1)} s)\n\n` +
      `| reading | events | wall | CPU | MB of journal a second | events a second |\n| --- | --- | --- | --- | --- | --- |\n`,
  );
  for (const { what, took, records } of rows)
    process.stdout.write(
      `| ${what} | ${records} | ${took.wallMs.toFixed(0)} ms | ${took.cpuMs.toFixed(0)} ms | ${(sizeBytes / 1e3 / took.wallMs).toFixed(0)} | ${perSecond(records, took.wallMs)} |\n`,
    );
  process.stdout.write(
    `| one message somewhere | 1 | ${(one.wallMs / randomReads).toFixed(2)} ms | ${(one.cpuMs / randomReads).toFixed(2)} ms | – | – |\n`,
  );
}

const randomReads = 500;

/** Messages all over the journal, after the first, which loads what is kept of each segment. */
async function readAtRandom(folder: string): Promise<Took> {
  await using reader = await openJournalReader({ folder, secret });
  const last = (await reader.spans())[0]?.last.sequence ?? 0;
  const read = async (number: number): Promise<void> => {
    // Messages and their files take turns; the first event is the mark of a start.
    const data = 2 * (1 + ((number * 7919) % Math.floor((last - 3) / 2)));
    for await (const _ of reader.content([{ data, offset: 0, lengthBytes: 1 }]));
  };
  for (let number = 0; number < 200; number++) await read(number);
  return await timed(async () => {
    for (let number = 0; number < randomReads; number++) await read(number + 1000);
  });
}

async function timed(work: () => Promise<void>): Promise<Took> {
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs: performance.now() - started, cpuMs: (user + system) / 1000 };
}

function middle<T extends Took>(rounds: readonly T[]): T {
  const sorted = rounds.toSorted((one, other) => one.wallMs - other.wallMs);
  const found = sorted[Math.floor(sorted.length / 2)];
  if (found === undefined) throw new BenchError("bench.usage", "Cannot measure: no run");
  return found;
}

function perSecond(count: number, wallMs: number): string {
  return Math.round((count * 1000) / wallMs).toLocaleString("en");
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder)) bytes += (await stat(join(folder, name))).size;
  return bytes;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
});
