import type { Arguments, OptionSpec } from "./arguments.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { Output } from "./output.ts";
import type { Passwords } from "./passwords.ts";
import type { Surroundings } from "./terminal.ts";

/** What one run of a verb is given. */
export type CommandContext = {
  readonly arguments: Arguments;
  readonly surroundings: Surroundings;
  readonly output: Output;
  readonly passwords: Passwords;
};

/** What a verb's module exports as `run`. */
export type Command = (context: CommandContext) => Promise<ExitCode>;

export type CommandSpec = {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** One line for the list of verbs. */
  readonly summary: string;
  /** What follows the verb, one line per form. */
  readonly usage: readonly string[];
  /** Paragraphs of the verb's own help. */
  readonly about: readonly string[];
  readonly options: readonly OptionSpec[];
  readonly examples: readonly { readonly command: string; readonly about: string }[];
  /** Words that may stand first after the verb, for completion. Otherwise folders are offered. */
  readonly words?: readonly string[];
  /** Most positional arguments that the verb takes. */
  readonly positionals: { readonly least: number; readonly most: number };
  /** Loaded only when the verb runs: start-up stays quick. */
  readonly load: () => Promise<{ readonly run: Command }>;
};
