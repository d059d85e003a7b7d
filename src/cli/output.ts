import { errorToJson, describeError } from "#errors";
import { styleText } from "node:util";
import { exitCodeOf } from "./exit-codes.ts";
import { Progress, type ProgressSink } from "./progress.ts";
import type { Terminal } from "./terminal.ts";
import { safeLines } from "./text.ts";

/** Every JSON document carries it; it grows when a field changes its meaning or goes away. */
export const jsonVersion = 1;

export type OutputMode = {
  /** One JSON document, or NDJSON for long jobs, instead of text. */
  readonly json: boolean;
  /** Only results and errors. */
  readonly quiet: boolean;
};

export type JsonDocument = { readonly type: string; readonly [field: string]: unknown };

type Style = Parameters<typeof styleText>[0];

/** What a command says, as text for people or as JSON for programs, never both on stdout. */
export class Output {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly #terminal: Terminal;

  constructor(terminal: Terminal, { json, quiet }: OutputMode) {
    this.#terminal = terminal;
    this.json = json;
    this.quiet = quiet;
  }

  /** Text for a person, on stdout; silent in JSON mode. */
  async text(text: string): Promise<void> {
    if (!this.json) await this.#terminal.write(text);
  }

  /** Raw bytes of a message, whatever the mode. */
  async bytes(bytes: Uint8Array): Promise<void> {
    await this.#terminal.write(bytes);
  }

  /** One line of JSON, on stdout; silent in text mode. */
  async document(document: JsonDocument): Promise<void> {
    if (this.json)
      await this.#terminal.write(`${jsonText({ version: jsonVersion, ...document })}\n`);
  }

  /** A remark for a person, on stderr: what was chosen, what happens now. */
  note(text: string): void {
    if (!this.json && !this.quiet) this.#terminal.say(`${text}\n`);
  }

  /** Something that should not be missed, on stderr, also when quiet. In JSON it belongs in the document. */
  warning(text: string): void {
    if (!this.json) this.#terminal.say(`warning: ${text}\n`);
  }

  async error(error: unknown): Promise<void> {
    const exitCode = exitCodeOf(error);
    if (this.json) {
      const { code, message, hint, retryable } = errorToJson(error);
      await this.document({
        type: "error",
        code,
        message,
        ...(hint === undefined ? {} : { hint }),
        retryable,
        exitCode,
      });
      return;
    }
    this.#terminal.say(`restante: ${safeLines(describeError(error))}\n`);
  }

  style(style: Style, text: string): string {
    return this.#terminal.colour && !this.json
      ? styleText(style, text, { validateStream: false })
      : text;
  }

  get columns(): number | undefined {
    return this.#terminal.columns;
  }

  progress(clockMs: () => number): Progress {
    return new Progress(this.#progressSink(), { clockMs });
  }

  #progressSink(): ProgressSink {
    if (this.quiet) return { kind: "quiet" };
    if (this.json) return { kind: "events", emit: (event) => void this.document(event) };
    const say = (text: string): void => this.#terminal.say(text);
    return this.#terminal.messagesIsTerminal ? { kind: "terminal", say } : { kind: "lines", say };
  }
}

/**
 * JSON that is also safe on a terminal: JSON.stringify escapes C0 controls only, and C1 controls and
 * direction overrides move cursors too. Bigints must have become text before.
 */
export function jsonText(value: unknown): string {
  const unsafe = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g;
  return JSON.stringify(value).replace(
    unsafe,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
