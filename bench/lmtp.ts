/**
 * Measures the delivery stage beside direct delivery into the same Dovecot: sessions at the same time,
 * a new connection for each message and one connection for many, taking turns.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeError } from "#errors";
import { LmtpClient, toWire } from "../test/support/lmtp-client.ts";
import { LmtpDovecot, withoutLmtp } from "../test/support/lmtp-dovecot.ts";
import { realMail } from "../test/support/real-mail.ts";
import { projectRoot } from "../test/support/source-tree.ts";
import { BenchError } from "./bench-error.ts";

const usage = `npm run bench:lmtp -- [options]

  --messages N   in each round (default 500)
  --sessions N   at the same time (default 10)
  --runs N       rounds of each kind, of which medians are taken (default 5)
  --warm-up N    messages of each kind that are not measured, before the first round (default 3000)
  --work DIR     where server, store and journal are (default: restante-bench-lmtp in the temporary folder)
  --help

Needs Debian's dovecot-lmtpd. Prints a Markdown table. Server and journal sync to the same disk.
`;

const modes = ["new connection per message", "connection reused"] as const;
type Mode = (typeof modes)[number];
const ways = ["direct", "stage"] as const;
type Way = (typeof ways)[number];

type Round = {
  readonly mode: Mode;
  readonly way: Way;
  readonly wallMs: number;
  /** Of the stage's process. */
  readonly stageCpuMs: number;
  readonly latenciesMs: readonly number[];
};

type Plan = { readonly messages: number; readonly sessions: number };

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      messages: { type: "string", default: "500" },
      sessions: { type: "string", default: "10" },
      runs: { type: "string", default: "5" },
      "warm-up": { type: "string", default: "3000" },
      work: { type: "string", default: join(tmpdir(), "restante-bench-lmtp") },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(usage);
  if (withoutLmtp !== false) throw new BenchError("bench.usage", `Cannot measure: ${withoutLmtp}`);
  const plan = { messages: Number(values.messages), sessions: Number(values.sessions) };
  const rounds: Round[] = [];
  rmSync(values.work, { recursive: true, force: true });
  mkdirSync(values.work, { recursive: true });
  chmodSync(values.work, 0o755);
  try {
    const runs = Number(values.runs);
    await using dovecot = await LmtpDovecot.start(values.work, {
      users: Object.fromEntries(["warm", ...mailboxes(runs)].map((name) => [name, ""])),
    });
    const places = {
      direct: join(values.work, "run", "lmtp"),
      stage: join(values.work, "stage"),
    };
    const stage = await startStage(values.work, places);
    const mail = realMail(300).map(toWire);
    // For nothing: caches, compiled code, the first segment. A stage runs for weeks, and is measured as it is then.
    const warming = { ...plan, messages: Number(values["warm-up"]) };
    for (const mode of modes)
      for (const way of ways)
        await deliver(mail, { ...warming, place: places[way], mode, user: "warm" });
    for (let run = 0; run < runs; run++)
      for (const mode of modes)
        for (const way of run % 2 === 0 ? ways : ways.toReversed())
          rounds.push(
            await measureRound(mail, {
              ...plan,
              place: places[way],
              user: mailbox(run, mode, way),
              mode,
              way,
              stage,
            }),
          );
    const ended = once(stage, "exit");
    stage.kill("SIGTERM");
    await ended;
    void dovecot;
  } finally {
    rmSync(values.work, { recursive: true, force: true });
  }
  process.stdout.write(table(rounds, plan));
}

async function startStage(
  work: string,
  { direct, stage }: Record<Way, string>,
): Promise<ChildProcess> {
  const program = join(projectRoot, "bin", "restante.js");
  const argv = ["lmtp", "--listen", `unix:${stage}`, "--server", `unix:${direct}`];
  const child = spawn(
    process.execPath,
    [program, ...argv, "--journal", join(work, "journal"), "--no-config"],
    { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, RESTANTE_PASSWORD: "bench" } },
  );
  for await (const said of child.stderr) if (String(said).includes("listening on")) break;
  // It says a line for each message, which somebody has to take.
  child.stderr.resume();
  return child;
}

type Delivering = Plan & { readonly place: string; readonly mode: Mode; readonly user: string };

async function measureRound(
  mail: readonly Buffer[],
  round: Delivering & { readonly way: Way; readonly stage: ChildProcess },
): Promise<Round> {
  const { mode, way, stage } = round;
  const cpuBefore = cpuMsOf(stage.pid);
  const begin = performance.now();
  const latenciesMs = await deliver(mail, round);
  const wallMs = performance.now() - begin;
  return { mode, way, wallMs, stageCpuMs: cpuMsOf(stage.pid) - cpuBefore, latenciesMs };
}

/** Each round has a mailbox of its own: what is in it already slows a delivery down. */
function mailbox(run: number, mode: Mode, way: Way): string {
  return `${way}-${modes.indexOf(mode)}-${run}`;
}

function mailboxes(runs: number): readonly string[] {
  return Array.from({ length: runs }, (_, run) =>
    modes.flatMap((mode) => ways.map((way) => mailbox(run, mode, way))),
  ).flat();
}

/** Milliseconds from the connection, or MAIL where it is kept, to the answer. */
async function deliver(mail: readonly Buffer[], round: Delivering): Promise<readonly number[]> {
  const { messages, sessions, place, mode, user } = round;
  const latencies: number[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    let kept: LmtpClient | undefined;
    for (let number = next++; number < messages; number = next++) {
      const begin = performance.now();
      const client = kept ?? (await LmtpClient.connect(place));
      const end = await client.deliver(mail[number % mail.length] ?? Buffer.alloc(0), [user]);
      if (end.kind !== "answered" || end.codes[0] !== 250)
        throw new BenchError("bench.wrong-result", `Cannot deliver: ${JSON.stringify(end)}`);
      latencies.push(performance.now() - begin);
      if (mode === "connection reused") kept = client;
      else await client.quit();
    }
    await kept?.quit();
  };
  await Promise.all(Array.from({ length: sessions }, lane));
  return latencies;
}

/** proc(5): utime and stime, in hundredths of a second. */
function cpuMsOf(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function table(rounds: readonly Round[], { messages, sessions }: Plan): string {
  const lines = [
    `${sessions} sessions at a time, ${messages} messages a round, medians of ${rounds.length / 4} rounds`,
    "",
    "| | messages/s direct | messages/s stage | stage ÷ direct | p50 direct | p50 stage | p99 direct | p99 stage | CPU of the stage | goal |",
    "|---|---|---|---|---|---|---|---|---|---|",
  ];
  for (const mode of modes) {
    const [direct, stage] = ways.map((way) =>
      rounds.filter((round) => round.mode === mode && round.way === way),
    );
    if (direct === undefined || stage === undefined) continue;
    const ratio = median(
      stage.map(({ wallMs }, run) => wallMs / (direct[run]?.wallMs ?? Number.NaN)),
    );
    const rate = (of: readonly Round[]): string =>
      Math.round(messages / (median(of.map(({ wallMs }) => wallMs)) / 1000)).toString();
    const latency = (of: readonly Round[], share: number): string =>
      `${quantile(
        of.flatMap(({ latenciesMs }) => latenciesMs),
        share,
      ).toFixed(1)} ms`;
    const cpu = median(stage.map(({ stageCpuMs }) => stageCpuMs)) / messages;
    lines.push(
      `| ${mode} | ${rate(direct)} | ${rate(stage)} | ${ratio.toFixed(2)} | ${latency(direct, 0.5)} | ${latency(stage, 0.5)} | ${latency(direct, 0.99)} | ${latency(stage, 0.99)} | ${cpu.toFixed(2)} ms | ≤ 1.3 ${ratio <= 1.3 ? "✓" : "✗"} |`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
}
