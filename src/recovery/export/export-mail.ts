import { isImageError, type RawPath } from "#image";
import {
  isMailError,
  type MailProblem,
  type ReadMessageOptions,
  type StoredMessage,
  type StoredMessages,
} from "#mail";
import { emlWriter } from "./eml-writer.ts";
import { writingFailed } from "./export-error.ts";
import type { ExportFormat, ExportLevels, ExportMailbox, ExportWriter } from "./export-writer.ts";
import { maildirWriter } from "./maildir-writer.ts";
import { mboxWriter } from "./mbox-writer.ts";
import { PartialTarget } from "./partial-target.ts";
import { zipWriter } from "./zip-writer.ts";

/** A mailbox that is to be exported, and how its messages are had. */
export type ExportSource = ExportMailbox & {
  list(signal?: AbortSignal): Promise<StoredMessages>;
  read(message: StoredMessage, options?: ReadMessageOptions): AsyncIterable<Uint8Array>;
};

export type ExportMailOptions = {
  /** Absolute path of the file or folder to make; it is not there yet. */
  readonly to: string;
  readonly format: ExportFormat;
  readonly levels: ExportLevels;
  /** Of .eml: the one message is the file itself, without a folder. */
  readonly isOneMessage?: boolean;
  /** For mailboxes of an mbox that have no UIDVALIDITY of their own. */
  readonly uidValidity: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ExportProgress) => void;
};

export type ExportProgress = { readonly messages: number; readonly bytes: number };

/** What could not be read, and is not in the export. */
export type ExportFailure = {
  readonly address: string;
  /** "*" stands for all of them. */
  readonly mailbox: string;
  /** Absent where it is the whole mailbox. */
  readonly message?: { readonly uid?: number; readonly path: RawPath };
  readonly reason: string;
};

export type ExportResult = {
  readonly mailboxes: number;
  readonly messages: number;
  /** Of the messages, as they are read. */
  readonly bytes: number;
  readonly failures: readonly ExportFailure[];
  /** More than are listed. */
  readonly failureCount: number;
  /** What is odd about a mailbox and cost nothing. */
  readonly remarks: readonly string[];
  /** Keywords that a Maildir has no letter for, counted by message. */
  readonly keywordsLost: number;
};

/** Failures that are listed one by one; the rest is counted. */
const failureLimit = 10_000;
/** Problems of a listing that stand for mail that is not there. */
const lossCodes: ReadonlySet<MailProblem["code"]> = new Set(["unreadable", "damaged", "index"]);

/**
 * Writes messages out in one format. What cannot be read is left out and reported. Until all is
 * written it is called "NAME.partial", which is removed where this fails or is told to end; nothing is
 * overwritten. Throws ExportError.
 */
export async function exportMail(
  sources: Iterable<ExportSource> | AsyncIterable<ExportSource>,
  options: ExportMailOptions,
): Promise<ExportResult> {
  const { to } = options;
  const tally = new Tally();
  const target = new PartialTarget(to);
  let writer: ExportWriter | undefined;
  try {
    writer = openWriter(target.path, options, tally);
    for await (const source of sources) await exportMailbox(source, { writer, tally, options });
    await writer.finish();
    await writer.close();
    if (tally.mailboxes > 0) await target.commit();
  } catch (error) {
    await writer?.close();
    target.discard();
    throw writingFailed(to, error);
  }
  return tally.result();
}

function openWriter(
  path: string,
  { format, levels, isOneMessage = false, uidValidity }: ExportMailOptions,
  tally: Tally,
): ExportWriter {
  switch (format) {
    case "mbox":
      return mboxWriter({ path, levels, uidValidity });
    case "eml":
      return emlWriter({ path, levels, isOneFile: isOneMessage });
    case "maildir":
      return maildirWriter({ path, levels, onKeywordLost: () => (tally.keywordsLost += 1) });
    case "zip":
      return zipWriter({ path, levels });
  }
}

type Exporting = {
  readonly writer: ExportWriter;
  readonly tally: Tally;
  readonly options: ExportMailOptions;
};

async function exportMailbox(
  source: ExportSource,
  { writer, tally, options }: Exporting,
): Promise<void> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const where = { address: source.address, mailbox: source.name };
  let listed: StoredMessages;
  try {
    listed = await source.list(signal);
  } catch (error) {
    tally.fail(where, error);
    return;
  }
  for (const { code, message } of listed.problems) {
    if (lossCodes.has(code)) tally.addFailure({ ...where, reason: message });
    else tally.remark(`${source.address}/${source.name}: ${message}`);
  }
  await writer.begin(source, listed.messages);
  tally.mailboxes += 1;
  for (const message of listed.messages) {
    signal?.throwIfAborted();
    try {
      const bytes = source.read(message, signal === undefined ? {} : { signal });
      tally.bytes += await writer.add(message, bytes);
      tally.messages += 1;
    } catch (error) {
      const { uid, path } = message;
      tally.fail({ ...where, message: { path, ...(uid === undefined ? {} : { uid }) } }, error);
    }
    onProgress?.({ messages: tally.messages, bytes: tally.bytes });
  }
}

class Tally {
  mailboxes = 0;
  messages = 0;
  bytes = 0;
  keywordsLost = 0;
  #failureCount = 0;
  readonly #failures: ExportFailure[] = [];
  readonly #remarks: string[] = [];

  /** Goes on where the mail is to blame; anything else ends the export. */
  fail(where: Omit<ExportFailure, "reason">, error: unknown): void {
    if (!isImageError(error) && !isMailError(error)) throw error;
    this.addFailure({ ...where, reason: error.message });
  }

  addFailure(failure: ExportFailure): void {
    this.#failureCount += 1;
    if (this.#failures.length < failureLimit) this.#failures.push(failure);
  }

  remark(text: string): void {
    if (this.#remarks.length < failureLimit) this.#remarks.push(text);
  }

  result(): ExportResult {
    return {
      mailboxes: this.mailboxes,
      messages: this.messages,
      bytes: this.bytes,
      failures: this.#failures,
      failureCount: this.#failureCount,
      remarks: this.#remarks,
      keywordsLost: this.keywordsLost,
    };
  }
}
