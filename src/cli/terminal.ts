import type { Host } from "#hosts";
import type { openRepository } from "#repository";

/**
 * Where the command line reads and writes. Commands see only this port, so that tests see
 * exactly what a person or a script would.
 */
export interface Terminal {
  /** Whether a person (and not a pipe) is at the other end. */
  readonly outputIsTerminal: boolean;
  readonly messagesIsTerminal: boolean;
  readonly inputIsTerminal: boolean;
  /** Width in characters; undefined for a pipe. */
  readonly columns: number | undefined;
  /** Colour is wanted on stdout (a terminal, and NO_COLOR unset: no-color.org). */
  readonly colour: boolean;
  /** To stdout: results. Resolves when the bytes were taken; quiet once nobody reads any more. */
  write(text: string | Uint8Array): Promise<void>;
  /** To stderr: messages and progress. */
  say(text: string): void;
  /** Asks a person on stderr and reads one line. Only where `inputIsTerminal`. */
  ask(question: string, options: AskOptions): Promise<string>;
}

export type AskOptions = {
  /** Show nothing of what is typed. */
  readonly secret?: boolean;
  readonly signal?: AbortSignal;
};

/** The whole process's surroundings, as a value. */
export type Surroundings = {
  readonly terminal: Terminal;
  /** A copy of the environment, in which secrets are still readable. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Takes a variable out of what children inherit. */
  readonly hideFromChildren: (variable: string) => void;
  readonly workingFolder: string;
  /** What a person types to run this program again: "restante", or "node …/restante.js". */
  readonly program: string;
  /** IANA name of the zone times are shown in unless something else is configured. */
  readonly timeZone: string;
  /** Nanoseconds since 1970 UTC. */
  readonly now: () => bigint;
  /** Milliseconds that only go up, for rates. */
  readonly clockMs: () => number;
  readonly signal: AbortSignal;
  /** The machine on which mail servers are looked for; whoever opens it closes it. Absent: this one. */
  readonly openHost?: () => Promise<Host>;
  /** Tests open one repository once: deriving its key takes half a second each time. */
  readonly openRepository: typeof openRepository;
};
