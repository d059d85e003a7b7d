import { memoryHost } from "#hosts";
import { openRepository, type Repository } from "#repository";
import type { Storage } from "#storage";
import "../repository/cheap-keys.fixture.ts";
import { runCommandLine } from "./run.ts";
import type { AskOptions, Surroundings, Terminal } from "./terminal.ts";

/** Surroundings for tests: everything that was written, and answers for every question. */
export type TestRun = {
  readonly exitCode: number;
  readonly output: string;
  readonly outputBytes: Buffer;
  readonly messages: string;
  readonly questions: readonly { readonly question: string; readonly secret: boolean }[];
};

export type TestRunOptions = {
  readonly environment?: Surroundings["environment"];
  readonly workingFolder?: string;
  readonly answers?: readonly string[];
  readonly terminal?: Partial<
    Pick<Terminal, "outputIsTerminal" | "messagesIsTerminal" | "colour" | "columns">
  >;
  readonly now?: () => bigint;
  readonly timeZone?: string;
  readonly signal?: AbortSignal;
  readonly openRepository?: Surroundings["openRepository"];
  /** Default: a host on which nothing is installed, whatever runs where tests run. */
  readonly openHost?: Surroundings["openHost"];
};

export async function runForTest(
  argv: readonly string[],
  options: TestRunOptions = {},
): Promise<TestRun> {
  const output: Buffer[] = [];
  let messages = "";
  const questions: { question: string; secret: boolean }[] = [];
  const answers = [...(options.answers ?? [])];
  const terminal: Terminal = {
    outputIsTerminal: false,
    messagesIsTerminal: false,
    columns: undefined,
    colour: false,
    ...options.terminal,
    inputIsTerminal: options.answers !== undefined,
    write: async (text) => void output.push(Buffer.from(text as string)),
    say: (text) => void (messages += text),
    ask: async (question: string, { secret = false }: AskOptions) => {
      questions.push({ question, secret });
      const answer = answers.shift();
      if (answer === undefined) throw new RangeError(`the test has no answer to: ${question}`);
      return answer;
    },
  };
  let ticksMs = 0;
  const exitCode = await runCommandLine(argv, {
    terminal,
    environment: options.environment ?? {},
    hideFromChildren: () => undefined,
    program: "restante",
    workingFolder: options.workingFolder ?? "/",
    timeZone: options.timeZone ?? "UTC",
    now: options.now ?? (() => BigInt(Date.now()) * 1_000_000n),
    clockMs: () => (ticksMs += 1),
    openHost:
      options.openHost ??
      (async () => memoryHost({ programs: { ps: async () => ({ exitCode: 0 }) } })),
    openRepository: options.openRepository ?? openRepository,
    signal: options.signal ?? new AbortController().signal,
  });
  const outputBytes = Buffer.concat(output);
  return { exitCode, output: outputBytes.toString(), outputBytes, messages, questions };
}

/** Opens each repository once and lends it to every run, since deriving a key takes half a second. Close it at the end. */
export class LentRepositories implements AsyncDisposable {
  readonly #open = new Map<string, Repository>();
  readonly #storages = new AsyncDisposableStack();
  readonly #reopen: (location: string) => Storage;

  constructor(reopen: (location: string) => Storage) {
    this.#reopen = reopen;
  }

  readonly open: Surroundings["openRepository"] = async (storage, options) => {
    const key = JSON.stringify([storage.location, options.password]);
    const known = this.#open.get(key);
    if (known !== undefined) return lent(known);
    // The run closes the storage that it made; what is lent must outlive it.
    const { signal: _signal, ...rest } = options;
    const opened = await openRepository(this.#storages.use(this.#reopen(storage.location)), rest);
    this.#open.set(key, opened);
    return lent(opened);
  };

  async [Symbol.asyncDispose](): Promise<void> {
    for (const repository of this.#open.values()) await repository[Symbol.asyncDispose]();
    await this.#storages.disposeAsync();
  }
}

function lent(repository: Repository): Repository {
  return new Proxy(repository, {
    get: (target, name) => {
      if (name === Symbol.asyncDispose) return async () => undefined;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
