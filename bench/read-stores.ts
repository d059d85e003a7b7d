/**
 * Measures how fast an mbox and a Cyrus mailbox are listed and read out of their files; no other program
 * that was at hand reads them without their server. The Cyrus spool is made
 * by the writer of the tests, as version 3.6 writes it.
 */
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { describeError } from "#errors";
import { openDirectoryImage, type RawPath } from "#image";
import { openMailStore } from "#mail";
import { openSampleMail } from "../src/cli/demo/index.ts";
import { cyrusNodes } from "../src/mail/cyrus/cyrus.fixture.ts";
import { BenchError } from "./bench-error.ts";
import { median } from "./samples.ts";
import { startStopwatch, type Took } from "./stopwatch.ts";

const usage = `npm run bench:stores -- [options]

  --messages N   in each mailbox (default 20000)
  --runs N       how often each is measured, of which medians are taken (default 3)
  --help

Prints a Markdown table. Files are in the system's cache.
`;

type Read = { readonly list: Took; readonly read: Took };

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      messages: { type: "string", default: "20000" },
      runs: { type: "string", default: "3" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const [count, runs] = [Number(values.messages), Number(values.runs)];
  if (!(count >= 1) || !(runs >= 1))
    throw new BenchError(
      "bench.usage",
      "Cannot measure: --messages and --runs are numbers above 0",
    );
  const work = mkdtempSync(join(tmpdir(), "restante-bench-stores-"));
  try {
    const stores = {
      mbox: layOutMbox(join(work, "mbox"), count),
      Cyrus: layOutCyrus(join(work, "cyrus"), count),
    };
    const lines: string[] = [];
    for (const [layout, { folder, bytes }] of Object.entries(stores)) {
      const taken: Read[] = [];
      // The first is for the compiler.
      for (let run = 0; run <= runs; run++) taken.push(await readAll(folder, count));
      for (const what of ["list", "read"] as const)
        lines.push(
          line({ layout, what, bytes, count, taken: taken.slice(1).map((one) => one[what]) }),
        );
    }
    process.stdout.write(
      `${[
        `${count.toLocaleString("en")} messages in one mailbox`,
        "",
        "| layout | what | wall | processor | messages/s of processor | MB/s |",
        "| --- | --- | --- | --- | --- | --- |",
        ...lines,
      ].join("\n")}\n`,
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

type Store = { readonly folder: string; readonly bytes: number };

function layOutMbox(folder: string, count: number): Store {
  mkdirSync(join(folder, "var/mail"), { recursive: true });
  const file = openSync(join(folder, "var/mail/ada"), "w");
  let bytes = 0;
  const lines = (text: string): string => text.replace(/^(>*From )/gm, ">$1");
  for (const [index, message] of sampleMail(count)) {
    const from = `From someone@example.org Tue Nov 14 22:13:20 2023\nX-Number: ${index}\n`;
    const own = `${from}${lines(message.toString("latin1")).replace(/\n*$/, "\n\n")}`;
    bytes += writeSync(file, Buffer.from(own, "latin1"));
  }
  closeSync(file);
  return { folder, bytes };
}

function layOutCyrus(folder: string, count: number): Store {
  let total = 0;
  const messages = [...sampleMail(count)].map(([index, message]) => {
    const bytes = message.toString("latin1").replace(/\r?\n/g, "\r\n");
    total += bytes.length;
    return { uid: index + 1, bytes, flags: index % 3 === 0 ? [] : ["\\Seen"] };
  });
  const mailbox = { name: "user.ada", uniqueId: "a1inbox", uidValidity: 1_600_000_000, messages };
  for (const [name, node] of Object.entries(cyrusNodes([mailbox]))) {
    const path = join(folder, name);
    const bytes = nodeBytes(node);
    if (bytes === undefined) {
      mkdirSync(path, { recursive: true });
      continue;
    }
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    if (typeof node === "object" && "mtimeNs" in node)
      utimesSync(path, 1_600_000_000, 1_600_000_000);
  }
  return { folder, bytes: total };
}

function nodeBytes(node: ReturnType<typeof cyrusNodes>[string]): Uint8Array | string | undefined {
  if (typeof node === "string" || node instanceof Uint8Array) return node;
  return "bytes" in node ? node.bytes : undefined;
}

function* sampleMail(count: number): Generator<readonly [number, Buffer]> {
  const sample = openSampleMail({ seed: 1 });
  for (let index = 0; index < count; index++) yield [index, sample.read(index % sample.count)];
}

async function readAll(folder: string, count: number): Promise<Read> {
  const stopwatch = startStopwatch();
  await using image = await openDirectoryImage(folder as RawPath);
  const { accounts } = await openMailStore(image);
  const [account] = accounts;
  const [mailbox] = (await account?.mailboxes()) ?? [];
  if (account === undefined || mailbox === undefined)
    throw new BenchError("bench.wrong-result", "Cannot measure: no mail was found");
  const { messages } = await account.messages(mailbox);
  if (messages.length !== count)
    throw new BenchError("bench.wrong-result", `Cannot measure: ${messages.length} messages`);
  const list = stopwatch();
  let missing = 0;
  for (const message of messages) {
    missing += message.sizeBytes;
    for await (const piece of account.read(message)) missing -= piece.length;
  }
  if (missing !== 0)
    throw new BenchError("bench.wrong-result", `Cannot measure: ${missing} bytes are missing`);
  return { list, read: stopwatch() };
}

function line(row: {
  readonly layout: string;
  readonly what: "list" | "read";
  readonly bytes: number;
  readonly count: number;
  readonly taken: readonly Took[];
}): string {
  const wallMs = median(row.taken.map((one) => one.wallMs)) ?? Number.NaN;
  const cpuMs = median(row.taken.map((one) => one.cpuMs)) ?? Number.NaN;
  const rate = Math.round((row.count / cpuMs) * 1000).toLocaleString("en");
  const cells = [
    row.layout,
    row.what === "list" ? "list" : "list, and read every message",
    `${(wallMs / 1000).toFixed(2)} s`,
    `${(cpuMs / 1000).toFixed(2)} s`,
    rate,
    (row.bytes / 1000 / cpuMs).toFixed(0),
  ];
  return `| ${cells.join(" | ")} |`;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
}
