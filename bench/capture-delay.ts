/**
 * Measures how late continuous capture is: from the rename of a delivery into `new` to the moment at
 * which its event is durable in the journal, while another process delivers at a steady rate; in a
 * small store and in a large one, which shall cost the same.
 */
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { describeError } from "#errors";
import { openDirectoryImage, type RawPath, systemClockNs } from "#image";
import { openJournal } from "#journal";
import { captureContinuously, type HintWay } from "#sources";

const usage = `npm run bench:capture -- [options]

  --rate N       deliveries a second (default 500)
  --seconds N    as long (default 10)
  --folders A,B  folders of the stores, three to a mailbox (default 240,40000)
  --messages A,B messages of the stores before (default 2400,400000)
  --hints WAY    fanotify, fsnotifywait, folder-watch or none (default: the best that works)
  --work DIR     where stores and journals are (default: restante-bench-capture in the temporary folder)
  --help

Prints a Markdown table. What is there before is in a base copy; the journal is in a folder, encrypted.
`;

type Settings = {
  readonly work: string;
  readonly rate: number;
  readonly seconds: number;
  readonly hints?: HintWay;
};

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rate: { type: "string", default: "500" },
      seconds: { type: "string", default: "10" },
      folders: { type: "string", default: "240,40000" },
      messages: { type: "string", default: "2400,400000" },
      hints: { type: "string" },
      work: { type: "string", default: join(tmpdir(), "restante-bench-capture") },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(usage);
  const { work, hints } = values;
  const settings: Settings = {
    work,
    rate: Number(values.rate),
    seconds: Number(values.seconds),
    ...(hints === undefined ? {} : { hints: hints as HintWay }),
  };
  const messages = values.messages.split(",").map(Number);
  process.stdout.write(
    "| folders | files before | way | delivered | lost | p50 | p99 | latest | CPU a change | share of a processor | idle share | memory | scan of all |\n| - | - | - | - | - | - | - | - | - | - | - | - | - |\n",
  );
  for (const [index, folders] of values.folders.split(",").map(Number).entries())
    await measureStore({ folders, messages: messages[index] ?? 0 }, settings);
}

type Store = { readonly folders: number; readonly messages: number };

async function measureStore({ folders, messages }: Store, settings: Settings): Promise<void> {
  const { work, rate, seconds } = settings;
  rmSync(work, { recursive: true, force: true });
  const store = join(work, "mail");
  const mailboxes = Math.max(1, Math.floor(folders / 3));
  layOut(store, mailboxes, messages);
  // What was just written would make every flush of the journal wait.
  spawnSync("sync");
  const durable = new Map<string, number>();
  const journal = await openJournal({
    folder: join(work, "journal"),
    group: "bench",
    secret: { key: randomBytes(64) },
    clock: systemClockNs,
  });
  journal.subscribe(({ event }) => {
    if (event.type === "put")
      durable.set(
        event.path.slice(event.path.lastIndexOf("/") + 1),
        performance.timeOrigin + performance.now(),
      );
  });
  const capture = await captureContinuously({
    group: "bench",
    folder: store as RawPath,
    journal,
    stateFolder: join(work, "state"),
    openBase: async () => ({ image: await openDirectoryImage(store as RawPath), fromNs: 0n }),
    ...(settings.hints === undefined ? {} : { hints: settings.hints }),
  });
  await capture.ready;
  const scanFrom = performance.now();
  await capture.reconcile();
  const scanMs = performance.now() - scanFrom;
  const idleMs = await cpuOf(() => setTimeout(3000));
  const arguments_ = [store, Math.min(mailboxes, 80), rate, seconds, 4096].map(String);
  const child = spawn(process.execPath, [join(import.meta.dirname, "deliver.ts"), ...arguments_], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  const cpuMs = await cpuOf(async () => {
    [output] = await Promise.all([text(child.stdout), once(child, "exit")]);
    await capture.settle();
  });
  const delivered = output.trim().split("\n");
  const delays = delaysOf(delivered, durable);
  const at = (share: number): string =>
    `${(delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] ?? 0).toFixed(1)} ms`;
  const { hints, entries } = capture.status;
  const row = [
    (mailboxes * 3).toLocaleString("en"),
    (entries - delivered.length).toLocaleString("en"),
    hints.way,
    delivered.length.toLocaleString("en"),
    delivered.length - delays.length,
    at(0.5),
    at(0.99),
    at(1),
    `${(cpuMs / delivered.length).toFixed(2)} ms`,
    `${((cpuMs / seconds / 1000) * 100).toFixed(0)} %`,
    `${((idleMs / 3000) * 100).toFixed(1)} %`,
    `${(process.memoryUsage().rss / 1024 / 1024).toFixed(0)} MB`,
    `${(scanMs / 1000).toFixed(2)} s`,
  ];
  process.stdout.write(`| ${row.join(" | ")} |\n`);
  await capture.close();
  await journal.close();
  rmSync(work, { recursive: true, force: true });
}

/** Ascending, in milliseconds, of those that became durable. */
function delaysOf(
  delivered: readonly string[],
  durable: ReadonlyMap<string, number>,
): readonly number[] {
  const delays: number[] = [];
  for (const line of delivered) {
    const [name = "", at = ""] = line.split(" ");
    const then = durable.get(name);
    if (then !== undefined) delays.push(then - Number(at));
  }
  return delays.toSorted((a, b) => a - b);
}

async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function layOut(store: string, mailboxes: number, messages: number): void {
  for (let mailbox = 0; mailbox < mailboxes; mailbox++)
    for (const part of ["cur", "new", "tmp"])
      mkdirSync(join(store, `user${mailbox}`, part), { recursive: true });
  for (let message = 0; message < messages; message++)
    writeFileSync(
      join(store, `user${message % mailboxes}`, "cur", `${message}.M1.bench:2,S`),
      `Subject: ${message}\n`,
    );
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
}
