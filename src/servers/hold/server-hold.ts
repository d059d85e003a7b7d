import { ServerError } from "../server-error.ts";
import {
  type Command,
  type CommandResult,
  describeCommand,
  runCommand,
  runCommandNow,
} from "./command.ts";
import { removeIntent, type UndoingAction } from "./hold-intent.ts";

/** What makes a server stand still, and what undoes it. */
export type HoldCommands = {
  readonly hold: TimedCommand;
  readonly undo: TimedCommand;
  /** Which pair it is, by the word for the second: start undoes stop, resume undoes quiesce. */
  readonly action: UndoingAction;
};

export type TimedCommand = {
  readonly command: Command;
  readonly timeoutMs: number;
};

/** What ends a process by default and can be answered. */
const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Holds of this process whose server is not let go yet. */
let open = 0;

/** A server that is stopped or quiesced, or about to be, and must be started or resumed. */
export class ServerHold implements AsyncDisposable {
  readonly #commands: HoldCommands;
  readonly #file: string;
  #undoing: Promise<void> | undefined;

  /** `file` is the note of it, which is removed when it is undone. */
  constructor(commands: HoldCommands, file: string) {
    this.#commands = commands;
    this.#file = file;
    open++;
    for (const name of endingSignals) process.on(name, this.#onSignal);
    process.on("exit", this.#onExit);
  }

  /** Whether the server was let go, or is about to be: the store does not stand still any more. */
  get isOver(): boolean {
    return this.#undoing !== undefined;
  }

  /** Throws `server.command-failed`, `server.interrupted`, and the signal's reason. */
  async take(signal: AbortSignal | undefined): Promise<void> {
    const { hold, action } = this.#commands;
    const result = await runCommand(hold.command, { timeoutMs: hold.timeoutMs, signal });
    signal?.throwIfAborted();
    if (this.isOver) throw interrupted(action);
    if (result.succeeded) return;
    const verb = holdingVerb[action];
    throw new ServerError("server.command-failed", failureMessage(verb, hold.command, result), {
      hint: `Try the ${verb} command by hand; the ${action} command is run again, and nothing was captured.`,
    });
  }

  /** Runs the command that undoes, once. `cause` is what ended the hold early. Throws `server.release-failed`. */
  release(cause?: unknown): Promise<void> {
    this.#undoing ??= this.#undo(cause);
    return this.#undoing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  async #undo(cause: unknown): Promise<void> {
    const { undo, action } = this.#commands;
    try {
      await runUndo(undo.command, { timeoutMs: undo.timeoutMs, action, cause });
      await removeIntent(this.#file);
    } finally {
      open--;
      process.off("exit", this.#onExit);
      for (const name of endingSignals) process.off(name, this.#onSignal);
    }
  }

  readonly #onSignal = (name: NodeJS.Signals): void => {
    // Whoever else listens decides whether the process ends; by default it does, after the server was let go.
    const isOurs = process.listenerCount(name) === open;
    // `restic unlock` sends SIGHUP to see whether a lock's holder lives: where somebody survives it, so do we.
    if (name === "SIGHUP" && !isOurs) return;
    const resume = (): void => {
      if (isOurs) process.kill(process.pid, name);
    };
    this.release(interrupted(this.#commands.action)).then(resume, (error: unknown) => {
      process.emitWarning(error instanceof Error ? error.message : String(error));
      resume();
    });
  };

  readonly #onExit = (): void => {
    const { command, timeoutMs } = this.#commands.undo;
    // The note stays: the next run lets the server go once more, which does no harm.
    runCommandNow(command, timeoutMs);
  };
}

const holdingVerb: Readonly<Record<UndoingAction, string>> = { start: "stop", resume: "quiesce" };

const alarms: Readonly<Record<UndoingAction, string>> = {
  start: "THE MAIL SERVER IS DOWN",
  resume: "THE MAIL SERVER STILL HOLDS STILL",
};

type UndoOptions = {
  readonly timeoutMs: number;
  readonly action: UndoingAction;
  readonly signal?: AbortSignal | undefined;
  readonly cause?: unknown;
};

export async function runUndo(
  command: Command,
  { cause, action, ...options }: UndoOptions,
): Promise<void> {
  const result = await runCommand(command, options);
  if (result.succeeded) return;
  throw new ServerError(
    "server.release-failed",
    `${failureMessage(action, command, result)}. ${alarms[action]}`,
    {
      hint: `${action === "start" ? "Start" : "Resume"} the mail server by hand now; the next run tries the ${action} command again.`,
      cause,
    },
  );
}

function failureMessage(
  action: string,
  command: Command,
  { state, outputTail }: CommandResult,
): string {
  const said = outputTail === "" ? "" : ` and said: ${outputTail}`;
  return `Cannot ${action} the mail server with "${describeCommand(command)}": ${state}${said}`;
}

export function interrupted(action: UndoingAction): ServerError {
  const done = action === "start" ? "started again" : "resumed";
  return new ServerError(
    "server.interrupted",
    `Cannot go on reading the mail store: the mail server was ${done}`,
    {
      hint: "The process was told to end while the server stood still; run the capture again.",
      retryable: true,
    },
  );
}
