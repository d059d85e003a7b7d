import { join } from "node:path";
import {
  MaildirFolder,
  writeDeliveryTraces,
  type Random,
  type StoreOptions,
} from "../src/cli/demo/index.ts";

/** The moment of all laid-out stores, so that they are the same bytes on every day and machine. */
export const NEWEST_MS: number = Date.UTC(2026, 10, 23, 12);
const DAY_MS = 86_400_000;
const HOST = "mx1.example.org";

export type FolderShare = {
  readonly name: string;
  /** Of the mailbox's messages; the shares add up to 1. */
  readonly share: number;
};

export type ServerOptions = {
  readonly root: string;
  readonly random: Random;
  readonly mailboxes: number;
  readonly folders: readonly FolderShare[];
};

export type Letter = {
  readonly sender: string;
  readonly message: Buffer;
  readonly timeMs: number;
  /** Indexes of mailboxes, each at most once. */
  readonly recipients: readonly number[];
};

/** A Maildir++ server as Dovecot keeps it, laid out message by message, oldest first. */
export class MaildirServer {
  readonly #random: Random;
  readonly #shares: readonly FolderShare[];
  readonly #mailboxes: readonly (readonly MaildirFolder[])[];
  #delivered = 0;

  constructor(options: ServerOptions) {
    this.#random = options.random;
    this.#shares = options.folders;
    this.#mailboxes = Array.from({ length: options.mailboxes }, (_, index) =>
      options.folders.map(({ name }, position) =>
        MaildirFolder.create(join(options.root, "example.org", userName(index), "Maildir", name), {
          uidValidity: Math.floor(NEWEST_MS / 1000) - 86_400 * 900 + index * 64 + position,
          guid: options.random.hex(32),
        }),
      ),
    );
  }

  get folders(): number {
    return this.#mailboxes.length * this.#shares.length;
  }

  /** Writes one file per recipient; their delivery traces differ, everything after them is the same. */
  deliver(letter: Letter): void {
    const traces = writeDeliveryTraces(this.#random, {
      sender: letter.sender,
      recipients: letter.recipients.map((index) => `${userName(index)}@example.org`),
      timeMs: letter.timeMs,
      host: HOST,
    });
    for (const [position, recipient] of letter.recipients.entries()) {
      const trace = traces[position];
      if (trace === undefined) continue;
      this.#choose(recipient)?.store([trace, letter.message], this.#storeOptions(letter.timeMs));
    }
  }

  commit(): void {
    for (const folder of this.#mailboxes.flat()) folder.commit();
  }

  #choose(recipient: number): MaildirFolder | undefined {
    let left = this.#random.fraction();
    const position = this.#shares.findIndex(({ share }) => (left -= share) < 0);
    return this.#mailboxes[recipient]?.at(position);
  }

  #storeOptions(timeMs: number): StoreOptions {
    const random = this.#random;
    this.#delivered += 1;
    const recent = NEWEST_MS - timeMs < DAY_MS && random.fraction() < 0.6;
    const letters = random.pick(["S", "S", "S", "S", "S", "S", "RS", "RS", "FS", ""]);
    return {
      arrival: {
        timeMs,
        microseconds: random.integer(1000),
        processId: 1000 + (this.#delivered % 30_000),
        host: HOST,
      },
      flags: recent ? "new" : { letters },
    };
  }
}

/** `count` moments in the `days` days before the newest, oldest first. */
export function spreadArrivals(
  random: Random,
  { count, days }: { readonly count: number; readonly days: number },
): readonly number[] {
  return Array.from(
    { length: count },
    () => NEWEST_MS - Math.floor(random.fraction() * days * DAY_MS),
  ).sort((left, right) => left - right);
}

function userName(index: number): string {
  return `user${String(index + 1).padStart(3, "0")}`;
}
