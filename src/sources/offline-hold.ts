import {
  type Command,
  type CommandResult,
  describeCommand,
  runCommand,
  runCommandNow,
} from "./command.ts";
import { removeIntent } from "./offline-intent.ts";
import { SourceError } from "./source-error.ts";

export type OfflineCommands = {
  readonly stop: Command;
  readonly start: Command;
  readonly stopTimeoutMs?: number;
  readonly startTimeoutMs?: number;
};

export const defaultTimeoutMs: number = 120_000;
/** What ends a process by default and can be answered. */
const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Holds of this process whose server is not started again yet. */
let open = 0;

/** A server that is stopped, or being stopped, and must be started again. */
export class OfflineHold {
  readonly #options: OfflineCommands;
  readonly #file: string;
  #starting: Promise<void> | undefined;

  constructor(options: OfflineCommands, file: string) {
    this.#options = options;
    this.#file = file;
    open++;
    for (const name of endingSignals) process.on(name, this.#onSignal);
    process.on("exit", this.#onExit);
  }

  /** Whether the server was started again, or is about to be: the store does not stand still any more. */
  get isOver(): boolean {
    return this.#starting !== undefined;
  }

  async stop(signal: AbortSignal | undefined): Promise<void> {
    const { stop, stopTimeoutMs = defaultTimeoutMs } = this.#options;
    const result = await runCommand(stop, { timeoutMs: stopTimeoutMs, signal });
    signal?.throwIfAborted();
    if (this.isOver) throw interrupted();
    if (result.succeeded) return;
    throw new SourceError("source.stop-failed", failureMessage("stop", stop, result), {
      hint: "Try the stop command by hand; the start command is run again, and nothing was captured.",
    });
  }

  /** Runs the start command, once. `cause` is what ended the hold early. */
  start(cause?: unknown): Promise<void> {
    this.#starting ??= this.#start(cause);
    return this.#starting;
  }

  async #start(cause: unknown): Promise<void> {
    const { start, startTimeoutMs = defaultTimeoutMs } = this.#options;
    try {
      await runStart(start, { timeoutMs: startTimeoutMs, cause });
      await removeIntent(this.#file);
    } finally {
      open--;
      process.off("exit", this.#onExit);
      for (const name of endingSignals) process.off(name, this.#onSignal);
    }
  }

  readonly #onSignal = (name: NodeJS.Signals): void => {
    // Whoever else listens decides whether the process ends; by default it does, after the start.
    const isOurs = process.listenerCount(name) === open;
    // `restic unlock` sends SIGHUP to see whether a lock's holder lives: where somebody survives it, so do we.
    if (name === "SIGHUP" && !isOurs) return;
    const resume = (): void => {
      if (isOurs) process.kill(process.pid, name);
    };
    this.start(interrupted()).then(resume, (error: unknown) => {
      process.emitWarning(error instanceof Error ? error.message : String(error));
      resume();
    });
  };

  readonly #onExit = (): void => {
    const { start, startTimeoutMs = defaultTimeoutMs } = this.#options;
    // The note stays: the next run starts the server once more, which does no harm.
    runCommandNow(start, startTimeoutMs);
  };
}

type StartOptions = {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly cause?: unknown;
};

export async function runStart(start: Command, { cause, ...options }: StartOptions): Promise<void> {
  const result = await runCommand(start, options);
  if (result.succeeded) return;
  throw new SourceError(
    "source.start-failed",
    `${failureMessage("start", start, result)}. THE MAIL SERVER IS DOWN`,
    {
      hint: "Start the mail server by hand now; the next run tries the start command again.",
      cause,
    },
  );
}

function failureMessage(
  action: "start" | "stop",
  command: Command,
  { state, outputTail }: CommandResult,
): string {
  const said = outputTail === "" ? "" : ` and said: ${outputTail}`;
  return `Cannot ${action} the mail server with "${describeCommand(command)}": ${state}${said}`;
}

export function interrupted(): SourceError {
  return new SourceError(
    "source.interrupted",
    "Cannot go on reading the mail store: the mail server was started again",
    {
      hint: "The process was told to end while the server was stopped; run the capture again.",
      retryable: true,
    },
  );
}
