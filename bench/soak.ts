/**
 * One repository and a second one, used and killed at random for as long as one likes: captures,
 * removals, prunes, changes of tags and keys, duplicates, and restic's own commands, some at the same
 * time, some ended by SIGKILL at a random storage operation. After each round every byte of every
 * moment is compared with what was in the store when it was taken. Ends with one line of JSON.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createRandom, deliverMore, layOutSampleServer } from "../src/cli/demo/index.ts";
import { contentsOfFolder } from "../test/support/mail-store.ts";
import { Site, withoutRestic } from "../test/support/recovery-site.ts";
import {
  operations,
  type Operation,
  type SoakState,
  unlockAfterRestic,
} from "./soak-operations.ts";
import { type Contents, Promises } from "./soak-promises.ts";
import { walkFiles } from "./store.ts";

const usage = `npm run bench:soak -- [options]

  --rounds N     how many rounds (default 20)
  --minutes M    end after the round in which so many minutes have passed (default: never)
  --seed S       of all choices (default: the clock; it is printed)
  --messages N   different messages that the store begins with (default 2000)
  --check N      restic check --read-data every N rounds and at the end (default 5)
  --work DIR     where the folder is made (default: the temporary folder); kept on failure
  --help

The same seed makes the same choices. Where a killed restic or two that run at the same time meet is
the machine's own doing.
`;

/** A round does so many batches; a batch is one operation, or some at the same time. */
const MOST_BATCHES = 3;
const TOGETHER_SHARE = 0.35;
const KILL_SHARE = 0.6;

type Options = {
  readonly rounds: number;
  readonly minutes: number;
  readonly seed: number;
  readonly messages: number;
  readonly checkEvery: number;
  readonly work: string;
};

async function soak(options: Options, folder: string): Promise<Record<string, number>> {
  const begin = performance.now();
  const known = new Map<string, Contents>();
  const state: SoakState = {
    random: createRandom(options.seed),
    site: new Site(folder),
    second: new Site(join(folder, "second")),
    promises: new Promises(known),
    secondPromises: new Promises(known),
    counts: { kills: 0, refusals: 0 },
    journal: [],
    lengths: new Map(),
    busy: new Set(),
    now: new Map(),
    resticWasKilled: false,
  };
  const { site } = state;
  const server = layOutSampleServer(site.store, {
    now: new Date(),
    seed: options.seed,
    messages: options.messages,
  });
  await site.init();
  await state.second.init();
  writeFileSync(join(folder, "another-password"), "another battery\n");
  let rounds = 0;
  try {
    while (rounds < options.rounds && minutesSince(begin) < options.minutes) {
      rounds += 1;
      state.journal.push(`round ${rounds}`);
      const { random } = state;
      deliverMore(server, {
        now: new Date(),
        seed: options.seed + rounds,
        deliveries: 20,
        flagChanges: 60,
        moves: 10,
      });
      for (let count = random.integer(30); count > 0; count -= 1) deleteOne(state);
      state.now = contentsOfFolder(site.store);
      for (let batches = 1 + random.integer(MOST_BATCHES); batches > 0; batches -= 1)
        await runBatch(state);
      await endRound(state);
      if (rounds % options.checkEvery === 0) checkWithRestic(state);
      process.stderr.write(
        `round ${rounds}: ${state.journal.slice(state.journal.lastIndexOf(`round ${rounds}`) + 1).join(", ")}\n`,
      );
    }
    checkWithRestic(state);
  } catch (error) {
    writeFileSync(join(folder, "journal.txt"), `${state.journal.join("\n")}\n`);
    throw error;
  }
  const seconds = Math.round((performance.now() - begin) / 1000);
  return { seed: options.seed, rounds, seconds, ...state.counts };
}

async function runBatch(state: SoakState): Promise<void> {
  const { random } = state;
  const together = random.fraction() < TOGETHER_SHARE ? 2 + random.integer(2) : 1;
  const chosen = Array.from({ length: together }, (): readonly [Operation, boolean] => [
    random.pick(operations),
    random.fraction() < KILL_SHARE,
  ]);
  // A dead process's lock is in restic's way until somebody removes it.
  if (state.resticWasKilled || chosen.some(([{ name }]) => isRestics(name)))
    await unlockAfterRestic(state);
  state.busy.clear();
  const ended = await Promise.allSettled(
    chosen.map(async ([operation, kill]) => {
      state.counts[operation.name] = (state.counts[operation.name] ?? 0) + 1;
      await operation.run(state, { kill });
    }),
  );
  const failed = ended.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
  await using repository = await state.site.open();
  await state.promises.look(repository, state.now);
  await using second = await state.second.open();
  await state.secondPromises.look(second);
}

function isRestics(name: string): boolean {
  return name.startsWith("restic") || name === "key";
}

/** The next runs succeed without help, and everything owed is there, byte for byte. */
async function endRound(state: SoakState): Promise<void> {
  const { site, second, promises, secondPromises } = state;
  if (state.resticWasKilled) await unlockAfterRestic(state);
  for (const name of ["capture", "prune"]) {
    const before = state.counts["refusals"];
    await operations.find((operation) => operation.name === name)?.run(state, { kill: false });
    if (state.counts["refusals"] !== before)
      throw new Error(`${name} was refused although nobody works`);
  }
  await using repository = await site.open();
  await promises.look(repository, state.now);
  await promises.verify(repository);
  await using there = await second.open();
  await secondPromises.look(there);
  await secondPromises.verify(there);
}

function checkWithRestic(state: SoakState): void {
  for (const site of [state.site, state.second]) {
    site.restic("unlock");
    const { status, output } = site.restic("check", "--read-data");
    if (status !== 0 || !output.includes("no errors were found"))
      throw new Error(`restic check: ${output}`);
  }
  state.counts["checks"] = (state.counts["checks"] ?? 0) + 1;
}

function deleteOne({ site, random }: SoakState): void {
  const messages = [...walkFiles(site.store)].filter(({ folder }) => folder.endsWith("/cur"));
  const { folder, name } = random.pick(messages);
  rmSync(join(folder, name));
}

function minutesSince(beginMs: number): number {
  return (performance.now() - beginMs) / 60_000;
}

function readOptions(argv: readonly string[]): Options | undefined {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: text,
      minutes: text,
      seed: text,
      messages: text,
      check: text,
      work: text,
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return undefined;
  const number = (value: string | undefined, standard: number): number => {
    const read = Number(value ?? standard);
    if (!(read > 0)) throw new Error(`"${value}" is not a number above 0\n\n${usage}`);
    return read;
  };
  return {
    rounds: number(values.rounds, values.minutes === undefined ? 20 : Infinity),
    minutes: number(values.minutes, Infinity),
    seed: Math.floor(number(values.seed, (Date.now() % 1_000_000) + 1)),
    messages: number(values.messages, 2000),
    checkEvery: number(values.check, 5),
    work: values.work ?? tmpdir(),
  };
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) {
    console.log(usage);
    return;
  }
  if (withoutRestic !== false) throw new Error(withoutRestic);
  mkdirSync(options.work, { recursive: true });
  const folder = realpathSync(mkdtempSync(join(options.work, "restante-soak-")));
  process.stderr.write(`seed ${options.seed}, in ${folder}\n`);
  try {
    console.log(JSON.stringify(await soak(options, folder)));
  } catch (error) {
    process.stderr.write(
      `${error instanceof Error ? error.stack : String(error)}\n\nEverything is kept in ${folder}; what was done is in its journal.txt.\n` +
        `Again with: npm run bench:soak -- --seed ${options.seed} --messages ${options.messages}\n`,
    );
    process.exitCode = 1;
    return;
  }
  rmSync(folder, { recursive: true, force: true });
}

await main();
