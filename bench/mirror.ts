/**
 * Measures the mirror of a journal: how fast one that is there is carried to another folder, over a real
 * sshd of this machine and over the peer's protocol alone, beside `ssh host cat` of the same bytes; and how
 * far it is behind while small records are written.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { describeError } from "#errors";
import { type Host, localHost, type LogFolder, sshHost } from "#hosts";
import { type RawPath, rawPathFromText } from "#image";
import { type FolderJournal, JournalMirror, openJournal } from "#journal";
import { systemClock } from "#time";
import { noSshd, type Sshd, startSshd } from "../src/hosts/sshd.fixture.ts";
import { BenchError } from "./bench-error.ts";

const usage = `npm run bench:mirror -- [options]

  --megabytes N  of the journal that is carried (default 256)
  --runs N       how often each figure is measured, of which medians are taken (default 3)
  --rate N       events a second while the lag is measured (default 500)
  --seconds N    how long (default 10)
  --work DIR     where journals are (default: restante-bench-mirror in the temporary folder)
  --help

Prints two Markdown tables. Needs OpenSSH's server. Both ends are this machine, and share its processors.
`;

const secret = { key: Buffer.alloc(64, 1) };
const clock = systemClock();
const group = "bench";
const program = join(import.meta.dirname, "..", "bin", "restante.js");

type Settings = {
  readonly megabytes: number;
  readonly runs: number;
  readonly rate: number;
  readonly seconds: number;
  readonly work: string;
};

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      megabytes: { type: "string", default: "256" },
      runs: { type: "string", default: "3" },
      rate: { type: "string", default: "500" },
      seconds: { type: "string", default: "10" },
      work: { type: "string", default: join(tmpdir(), "restante-bench-mirror") },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  if (noSshd !== undefined) throw new BenchError("bench.usage", `Cannot measure: ${noSshd}`);
  const numbers = [values.megabytes, values.runs, values.rate, values.seconds].map(Number);
  if (!numbers.every((value) => Number.isInteger(value) && value >= 1))
    throw new BenchError("bench.usage", "Cannot measure: numbers of 1 and more are needed");
  const [megabytes = 1, runs = 1, rate = 1, seconds = 1] = numbers;
  const settings = { megabytes, runs, rate, seconds, work: values.work };
  await rm(settings.work, { recursive: true, force: true });
  await mkdir(settings.work, { recursive: true });
  await using sshd = await startSshd();
  try {
    const ways = await waysTo(sshd, settings.work);
    await measureCarrying(settings, { ways, sshd });
    await measureLag(settings, ways);
  } finally {
    await rm(settings.work, { recursive: true });
  }
}

type Way = { readonly name: string; readonly open: () => Host };

const farName = "mirror, peer 20 ms away";
/** In ssh's place: every chunk takes 10 ms in either direction, and none waits for another. */
const delayed = `
import { spawn } from "node:child_process";
const [, ...words] = process.argv.slice(2);
const peer = spawn(words[0], words.slice(1), { stdio: ["pipe", "pipe", "inherit"] });
const carry = (from, to) => {
  from.on("data", (bytes) => setTimeout(() => to.write(bytes), 10));
  from.on("end", () => setTimeout(() => to.end(), 10));
};
carry(process.stdin, peer.stdin);
carry(peer.stdout, process.stdout);
`;

async function waysTo(sshd: Sshd, work: string): Promise<readonly Way[]> {
  const peerCommand = [process.execPath, program, "peer"];
  // In ssh's place: leaves the destination out and runs the rest here.
  const direct = join(work, "direct");
  await writeFile(direct, '#!/bin/sh\nshift\nexec "$@"\n', { mode: 0o755 });
  const { destination, sshCommand } = sshd;
  const far = join(work, "far.mjs");
  await writeFile(far, delayed);
  const farCommand = [process.execPath, far];
  return [
    { name: "mirror over ssh", open: () => sshHost({ destination, sshCommand, peerCommand }) },
    {
      name: "mirror, peer without ssh",
      open: () => sshHost({ destination, sshCommand: [direct], peerCommand }),
    },
    {
      name: farName,
      open: () => sshHost({ destination, sshCommand: farCommand, peerCommand }),
    },
    { name: "mirror in a folder of this machine", open: localHost },
  ];
}

function mirrorTo(
  journal: FolderJournal,
  { from, target }: { readonly from: string; readonly target: LogFolder },
): JournalMirror {
  return new JournalMirror({
    journal,
    source: localHost().openLog(rawPathFromText(from)),
    target,
    clock: { now: () => process.hrtime.bigint(), sleep: async (ms) => await pause(ms) },
    backOffMs: () => 100,
    onNote: (text) => void process.stderr.write(`${text}\n`),
  });
}

/** Milliseconds that passed, and of this process's processor time. */
type Took = { readonly wallMs: number; readonly cpuMs: number };

async function measureCarrying(
  { megabytes, runs, work }: Settings,
  { ways, sshd }: { readonly ways: readonly Way[]; readonly sshd: Sshd },
): Promise<void> {
  const from = join(work, "journal");
  await using journal = await filled(from, megabytes);
  const bytes = await sizeOf(from);
  const rounds = new Map<string, Took[]>();
  const note = (name: string, took: Took): void =>
    void rounds.set(name, [...(rounds.get(name) ?? []), took]);
  for (let run = 0; run < runs; run++) {
    const to = join(work, "there");
    for (const { name, open } of ways) {
      if (name === farName) continue;
      note(name, await timed(async () => await carry(journal, { from, to, open })));
      await rm(to, { recursive: true });
    }
    await mkdir(to);
    for (const [name, more] of [
      ["`ssh host cat`", ""],
      ["`ssh host cat`, then `sync`", " && sync FILE"],
    ] as const) {
      const copying = async (): Promise<void> => await catOver(sshd, { from, to, more });
      note(name, await timed(copying));
    }
    await rm(to, { recursive: true });
  }
  process.stdout.write(
    `${(bytes / 1e6).toFixed(0)} MB\n\n| what | wall | MB a second | CPU here |\n| --- | --- | --- | --- |\n`,
  );
  for (const [name, all] of rounds) {
    const { wallMs, cpuMs } = middle(all);
    process.stdout.write(
      `| ${name} | ${wallMs.toFixed(0)} ms | ${(bytes / 1e3 / wallMs).toFixed(0)} | ${cpuMs.toFixed(0)} ms |\n`,
    );
  }
}

async function filled(folder: string, megabytes: number): Promise<FolderJournal> {
  const journal = await openJournal({ folder, group, secret, clock });
  const bytes = Buffer.alloc(60_000, "mail of a large message, which is stored as it is ");
  for (let number = 0; number < (megabytes * 1e6) / bytes.length; number++) {
    for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE((at * 2654435761) >>> 0, at);
    bytes.writeUInt32LE(number, 0);
    journal.store(bytes, clock());
    await journal.ready();
  }
  await journal.flush();
  return journal;
}

async function carry(
  journal: FolderJournal,
  { from, to, open }: { readonly from: string; readonly to: string; readonly open: () => Host },
): Promise<void> {
  const host = open();
  const mirror = mirrorTo(journal, { from, target: host.openLog(to as RawPath) });
  const stop = new AbortController();
  const running = mirror.run(stop.signal);
  while (mirror.status.state !== "following") await pause(2);
  stop.abort();
  await running;
  await host[Symbol.asyncDispose]();
}

/** All segments one after another, as one file for each. */
async function catOver(
  { destination, sshCommand }: Sshd,
  { from, to, more }: { readonly from: string; readonly to: string; readonly more: string },
): Promise<void> {
  const [ssh = "ssh", ...words] = sshCommand;
  for (const name of (await readdir(from)).filter((one) => one.endsWith(".journal"))) {
    const path = join(to, name);
    const script = `cat > ${path}${more.replace("FILE", path)}`;
    const child = spawn(ssh, [...words, destination, script], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    await Promise.all([
      pipeline(createReadStream(join(from, name)), child.stdin),
      once(child, "close"),
    ]);
  }
}

async function measureLag({ rate, seconds, work }: Settings, ways: readonly Way[]): Promise<void> {
  process.stdout.write(
    `\n| ${rate} records a second | durable there after, p50 | p99 | of it after it is durable here, p50 | p99 | position said, p99 |\n| --- | --- | --- | --- | --- | --- |\n`,
  );
  for (const [index, { name, open }] of ways.entries()) {
    const from = join(work, `lag-${index}`);
    await using journal = await openJournal({ folder: from, group, secret, clock });
    await using host = open();
    const told: Told[] = [];
    const target = listening(host.openLog(join(work, `lag-there-${index}`) as RawPath), {
      journal,
      told,
    });
    const mirror = mirrorTo(journal, { from, target });
    const stop = new AbortController();
    const running = mirror.run(stop.signal);
    while (mirror.status.state !== "following") await pause(2);
    const written = await write(journal, { rate, seconds });
    const isSaid = (): boolean =>
      told.some(({ what, sequence }) => what === "position" && sequence >= journal.lastSequence);
    while (!isSaid()) await pause(2);
    stop.abort();
    await running;
    const there = (what: Told["what"], sequence: number): number =>
      told.find((one) => one.what === what && one.sequence >= sequence)?.atMs ?? Infinity;
    const lags = (since: "appendedMs" | "durableMs", what: Told["what"]): readonly number[] =>
      written
        .map((one) => there(what, one.sequence) - one[since])
        .toSorted((one, other) => one - other);
    const cells = [
      percentile(lags("appendedMs", "bytes"), 0.5),
      percentile(lags("appendedMs", "bytes"), 0.99),
      percentile(lags("durableMs", "bytes"), 0.5),
      percentile(lags("durableMs", "bytes"), 0.99),
      percentile(lags("durableMs", "position"), 0.99),
    ];
    process.stdout.write(`| ${name} | ${cells.join(" | ")} |\n`);
  }
}

type Told = {
  readonly what: "bytes" | "position";
  readonly sequence: number;
  readonly atMs: number;
};

/** Notes when what was durable here as a piece was read is durable there, and when that is said there. */
function listening(
  log: LogFolder,
  { journal, told }: { readonly journal: FolderJournal; readonly told: Told[] },
): LogFolder {
  return {
    location: log.location,
    list: async (options) => await log.list(options),
    read: async (name, range) => await log.read(name, range),
    write: async (name, piece) => {
      // The piece ends at a position that was durable before, or at one since.
      const ends = piece.offset + piece.bytes.length;
      const { position } = journal;
      await log.write(name, piece);
      if (position !== undefined && position.offset <= ends)
        told.push({ what: "bytes", sequence: position.sequence, atMs: performance.now() });
    },
    setPosition: async (bytes, options) => {
      const sequence = Number(Buffer.from(bytes).readBigUInt64LE(16));
      await log.setPosition(bytes, options);
      // Where a later position came before the bytes were written, this one is what is known of them.
      told.push({ what: "bytes", sequence, atMs: performance.now() });
      told.push({ what: "position", sequence, atMs: performance.now() });
    },
  };
}

type Written = {
  readonly sequence: number;
  readonly appendedMs: number;
  readonly durableMs: number;
};

async function write(
  journal: FolderJournal,
  { rate, seconds }: { readonly rate: number; readonly seconds: number },
): Promise<readonly Written[]> {
  const written: Promise<Written>[] = [];
  const startedMs = performance.now();
  while (written.length < rate * seconds) {
    const due = ((performance.now() - startedMs) / 1000) * rate;
    while (written.length < Math.min(due, rate * seconds)) {
      const appendedMs = performance.now();
      const path =
        `vmail/user${written.length % 1000}/cur/${written.length}.M1P1.mx1:2,S` as RawPath;
      const { sequence, durable } = journal.append({ type: "remove", path }, clock());
      written.push(durable.then(() => ({ sequence, appendedMs, durableMs: performance.now() })));
    }
    await pause(1);
  }
  return await Promise.all(written);
}

function percentile(sorted: readonly number[], share: number): string {
  return `${(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1)} ms`;
}

async function timed(work: () => Promise<void>): Promise<Took> {
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs: performance.now() - started, cpuMs: (user + system) / 1000 };
}

function middle(rounds: readonly Took[]): Took {
  const sorted = rounds.toSorted((one, other) => one.wallMs - other.wallMs);
  return sorted[Math.floor(sorted.length / 2)] ?? { wallMs: NaN, cpuMs: NaN };
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of (await readdir(folder)).filter((one) => one.endsWith(".journal")))
    bytes += (await stat(join(folder, name))).size;
  return bytes;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
});
