/** What tests ask of an MTA, Postfix or Exim: take mail, try it at the delivery stage, keep what was not taken. */
import { existsSync, readFileSync, watch } from "node:fs";
import { dirname, join } from "node:path";
import { projectRoot, readText } from "./source-tree.ts";

/** Where `.ci/mtas` puts them. */
export const mtaPrograms: string = process.env["RESTANTE_TEST_MTAS"] ?? "/var/tmp/restante-mtas";
export const mtaLibraries: string = join(mtaPrograms, "usr/lib/x86_64-linux-gnu");

/** One try at one recipient, as the MTA's log has it. */
export type Attempt = {
  readonly recipient: string;
  readonly end: "sent" | "deferred" | "bounced";
  /** What it was told. */
  readonly text: string;
};

export type OutgoingMail = {
  readonly sender: string;
  readonly recipients: readonly string[];
  /** Lines end with LF. */
  readonly message: Buffer;
  /** Further words for its sendmail. */
  readonly words?: readonly string[];
};

export type MtaSettings = {
  /** What the documents say, with this machine's places. */
  readonly lines: string;
  /** What else belongs to the test. */
  readonly further?: readonly string[];
};

export interface Mta extends AsyncDisposable {
  /** Puts it into the queue, and resolves when each recipient was tried once. */
  send(mail: OutgoingMail): Promise<readonly Attempt[]>;
  /** Tries all that waits, at once, and resolves when each of it was tried. */
  runQueue(): Promise<readonly Attempt[]>;
  /** The recipients that still wait, when none is being tried. */
  waiting(): Promise<readonly string[]>;
  /** All attempts, as soon as they are as the test wants them. */
  until(isThere: (attempts: readonly Attempt[]) => boolean): Promise<readonly Attempt[]>;
}

/** Nothing takes so long: rather an error that shows the log than a test that hangs. */
const patienceMs = 60_000;

/** A log that grows. */
export class GrowingLog {
  readonly #path: string;
  readonly #attemptOf: (line: string) => Attempt | undefined;

  constructor(path: string, attemptOf: (line: string) => Attempt | undefined) {
    this.#path = path;
    this.#attemptOf = attemptOf;
  }

  get text(): string {
    return existsSync(this.#path) ? readFileSync(this.#path, "utf8") : "";
  }

  get attempts(): readonly Attempt[] {
    return this.text.split("\n").flatMap((line) => this.#attemptOf(line) ?? []);
  }

  async until(isThere: (attempts: readonly Attempt[]) => boolean): Promise<readonly Attempt[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Attempt[]>();
    const look = (): void => {
      const { attempts } = this;
      if (isThere(attempts)) resolve(attempts);
    };
    const watcher = watch(dirname(this.#path), look);
    const timer = setTimeout(
      () => reject(new Error(`the MTA has not come so far: ${this.text}`)),
      patienceMs,
    );
    try {
      look();
      return await promise;
    } finally {
      clearTimeout(timer);
      watcher.close();
    }
  }

  /** Of these recipients, after so many attempts: one each. */
  async oneEach(recipients: readonly string[], after: number): Promise<readonly Attempt[]> {
    const due = (all: readonly Attempt[]): readonly Attempt[] | undefined => {
      const left = [...recipients];
      const found = all.slice(after).filter(({ recipient }) => {
        const index = left.indexOf(recipient);
        if (index !== -1) left.splice(index, 1);
        return index !== -1;
      });
      return left.length === 0 ? found : undefined;
    };
    return due(await this.until((all) => due(all) !== undefined)) ?? [];
  }
}

/** The lines of a block of the delivery stage's page: what it says is what is tried. */
export function documentedLines(heading: string, startsWith: string): string {
  const page = readText("docs/operations/lmtp-stage.md");
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  const blocks = [...section.matchAll(/^```\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
  const block = blocks.find((text) => text.startsWith(startsWith));
  if (block !== undefined) return block;
  throw new Error(`${projectRoot}: "${heading}" has no block that begins with ${startsWith}`);
}
