/**
 * Measures how fast messages are put back into a running Dovecot over IMAP, beside mbsync, which pushes
 * the same messages over IMAP, and `doveadm import`, which hands them to the server's own storage.
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeError } from "#errors";
import { openSampleMail } from "../src/cli/demo/index.ts";
import { runForTest } from "../src/cli/surroundings.fixture.ts";
import {
  DovecotImap,
  type ImapUser,
  masterName,
  masterPassword,
  userPassword,
} from "../test/support/dovecot-imap.ts";
import { password, Site } from "../test/support/recovery-site.ts";
import { BenchError } from "./bench-error.ts";
import { measure } from "./measure.ts";
import { median } from "./samples.ts";
import { startStopwatch, type Took } from "./stopwatch.ts";

const usage = `npm run bench:imap -- [options]

  --messages N   that are put back into an empty mailbox (default 5000)
  --runs N       how often each is measured, of which medians are taken (default 3)
  --help

Needs Debian's dovecot-imapd and isync. Prints a Markdown table.
`;

const names = ["restante", "mbsync", "doveadm"] as const;
const users = names.map((name): ImapUser => ({ name, layout: "maildir" }));
/** Every process may be somebody else: the mail is no secret. */
const readable = 0o755;

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      messages: { type: "string", default: "5000" },
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
  const work = realpathSync(mkdtempSync(join(tmpdir(), "restante-bench-imap-")));
  chmodSync(work, readable);
  try {
    const mail = layOut(join(work, "Maildir"), count);
    const taken = Object.fromEntries(names.map((name) => [name, [] as Took[]]));
    for (let run = 0; run < runs; run++) {
      await using server = await DovecotImap.start({ users });
      taken["restante"]?.push(await restored(server, mail));
      taken["mbsync"]?.push(await pushed(server, { mail, work }));
      taken["doveadm"]?.push(await imported(server, { mail, work }));
      for (const name of names) {
        const there = server.doveadm("search", "-u", name, "mailbox", "INBOX", "all");
        if (there.trim().split("\n").length !== count)
          throw new BenchError("bench.wrong-result", `Cannot measure: ${name} lost messages`);
      }
    }
    process.stdout.write(table(taken, count));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A Maildir of real mail, each message its own. */
function layOut(folder: string, count: number): string {
  const sample = openSampleMail({ seed: 1 });
  for (const name of ["cur", "new", "tmp"]) mkdirSync(join(folder, name), { recursive: true });
  for (let index = 0; index < count; index++) {
    const bytes = Buffer.concat([
      Buffer.from(`X-Number: ${index}\n`),
      sample.read(index % sample.count),
    ]);
    const name = `${1_700_000_000 + index}.M${index}P1.mx1:2,${index % 3 === 0 ? "" : "S"}`;
    writeFileSync(join(folder, "cur", name), bytes);
  }
  return folder;
}

async function restored(server: DovecotImap, mail: string): Promise<Took> {
  using site = new Site();
  const store = join(realpathSync(site.folder), "srv", "restante", "Maildir");
  mkdirSync(join(store, ".."), { recursive: true });
  cpSync(mail, store, { recursive: true, preserveTimestamps: true });
  await site.init();
  await site.capture({ store, atRest: true });
  const stopwatch = startStopwatch();
  const to = ["--to", `imap://127.0.0.1:${server.port}`, "--imap-master", masterName];
  const done = await runForTest(
    ["restore", store, "--at", "latest", ...to, "--yes", "--copy", site.repository, "--no-config"],
    {
      environment: {
        RESTANTE_PASSWORD: password,
        RESTANTE_IMAP_PASSWORD: masterPassword,
        XDG_CACHE_HOME: site.cache,
        XDG_STATE_HOME: join(site.folder, "state"),
      },
      workingFolder: site.folder,
    },
  );
  const took = stopwatch();
  if (done.exitCode !== 0)
    throw new BenchError("bench.wrong-result", `Cannot measure: ${done.messages}${done.output}`);
  return took;
}

type Peer = { readonly mail: string; readonly work: string };

async function pushed(server: DovecotImap, { mail, work }: Peer): Promise<Took> {
  const near = join(work, "near");
  cpSync(mail, join(near, "INBOX"), { recursive: true, preserveTimestamps: true });
  const rc = join(work, "mbsyncrc");
  writeFileSync(
    rc,
    `IMAPStore far
Host 127.0.0.1
Port ${server.port}
User mbsync
Pass ${userPassword}
SSLType None
AuthMechs LOGIN

MaildirStore near
Path ${near}/
Inbox ${near}/INBOX

Channel all
Far :far:
Near :near:
Sync Push
CopyArrivalDate yes
SyncState *
`,
  );
  const command = { program: "mbsync", arguments: ["-c", rc, "-a"], environment: { HOME: work } };
  const took = asTook(await measure(command, work));
  rmSync(near, { recursive: true });
  return took;
}

async function imported(server: DovecotImap, { mail, work }: Peer): Promise<Took> {
  // It writes its index into what it reads.
  const source = join(work, "source");
  cpSync(mail, source, { recursive: true, preserveTimestamps: true });
  // The server gives root up.
  if (process.getuid?.() === 0) spawnSync("chown", ["-R", "65534:65534", source]);
  const configuration = ["-c", join(server.folder, "dovecot.conf")];
  const argv = [...configuration, "import", "-u", "doveadm", `maildir:${source}`, "", "all"];
  const took = asTook(await measure({ program: "doveadm", arguments: argv }, work));
  rmSync(source, { recursive: true });
  return took;
}

/** The processor's time of what was started: the server's own is not in it, but for doveadm. */
function asTook({ wallMs, cpuMs = Number.NaN }: { wallMs: number; cpuMs?: number }): Took {
  return { wallMs, cpuMs };
}

function table(taken: Readonly<Record<string, readonly Took[]>>, count: number): string {
  const wall = (name: string): number =>
    median((taken[name] ?? []).map(({ wallMs }) => wallMs)) ?? Number.NaN;
  const rows = names.map((name) => {
    const cpuMs = median((taken[name] ?? []).map((one) => one.cpuMs)) ?? Number.NaN;
    const rate = Math.round((count / wall(name)) * 1000).toLocaleString("en");
    const seconds = `${(wall(name) / 1000).toFixed(2)} s (${(cpuMs / 1000).toFixed(2)} s)`;
    return `| ${name} | ${seconds} | ${rate} | ${(wall("restante") / wall(name)).toFixed(2)} |`;
  });
  return `${[
    `${count.toLocaleString("en")} messages into an empty INBOX; in brackets: of the processor`,
    "",
    "| program | time | messages/s | Restante's time against it |",
    "| --- | --- | --- | --- |",
    ...rows,
  ].join("\n")}\n`;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
}
