/**
 * Ends a journal's writers at any operation, over and over: power lost with what was not synced, killed,
 * disk full, disk failing. What tests do a few hundred times is done as often as one likes.
 */
import { parseArgs } from "node:util";
import { describeError } from "#errors";
import { failLives, loseLives } from "../src/journal/segments/journal-lives.fixture.ts";
import { BenchError } from "./bench-error.ts";

const usage = `npm run bench:soak:journal -- [options]

  --rounds N   of each kind, each with one to four lives of a writer (default 2000)
  --seed N     of the first round (default 1)
  --help

Ends with 1 at the first event that was promised and is not there, and names its seed.
`;

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: "string", default: "2000" },
      seed: { type: "string", default: "1" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const [rounds, first] = [Number(values.rounds), Number(values.seed)];
  if (!Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(first))
    throw new BenchError("bench.usage", "Cannot begin: --rounds and --seed are whole numbers");
  const started = performance.now();
  let isOver = false;
  // A promise that never settles ends a program as if all were well.
  process.once("exit", () => {
    if (!isOver) process.exitCode = 1;
  });
  for (let seed = first; seed < first + rounds; seed++) {
    await loseLives(seed);
    await failLives(seed);
    if ((seed - first + 1) % 500 === 0) process.stdout.write(`${seed - first + 1} rounds\n`);
  }
  isOver = true;
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  process.stdout.write(
    `${rounds} rounds of losing power or being killed, ${rounds} of a failing disk, from seed ${first} on: nothing that was promised was lost (${seconds} s)\n`,
  );
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
});
