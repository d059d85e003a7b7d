import { addProblem, type MailProblem } from "../mail-problem.ts";
import type { IndexBeside } from "./index-beside.ts";
import type { ImapBase } from "./mbox-header.ts";
import { type MboxSource, scanMbox, type ScannedMessage } from "./mbox-scanner.ts";

/** A message of an mbox with what its server would say of it. */
export type IndexedMessage = Pick<
  ScannedMessage,
  "headerOffset" | "endOffset" | "sizeBytes" | "virtualSizeBytes" | "dateNs"
> & {
  readonly uid?: number;
  readonly flags: readonly string[];
  readonly keywords: readonly string[];
  readonly isRecent: boolean;
};

export type MboxIndex = {
  readonly messages: readonly IndexedMessage[];
  readonly problems: readonly MailProblem[];
};

export type ReadMboxIndexOptions = {
  /** Messages beyond so many are a problem and left out. Default 5,000,000. */
  readonly messageLimit?: number;
  /** What the server had not written into the file yet. */
  readonly beside?: IndexBeside | undefined;
};

/** Reads a whole mbox once. In the order of the file; the pseudo message is left out. */
export async function readMboxIndex(
  source: MboxSource,
  { messageLimit = 5_000_000, beside }: ReadMboxIndexOptions = {},
): Promise<MboxIndex> {
  const problems: MailProblem[] = [];
  const messages: IndexedMessage[] = [];
  let numbering: Numbering | undefined;
  for await (const scanned of scanMbox(source)) {
    const { fields, headerOffset, endOffset, sizeBytes, virtualSizeBytes, dateNs } = scanned;
    if (scanned.fromOffset === 0 && dateNs === undefined)
      addProblem(problems, "damaged", "The file does not begin with a From_ line");
    numbering ??= new Numbering(fields.base);
    if (fields.isPseudoMessage) continue;
    if (messages.length >= messageLimit) {
      addProblem(
        problems,
        "index",
        `There are more than ${messageLimit} messages: the rest is not listed`,
      );
      break;
    }
    const uid = numbering.uid(fields.uid);
    const isSame = beside?.uidValidity === numbering.uidValidity;
    const changed = uid === undefined || !isSame ? undefined : beside?.changed.get(uid);
    messages.push({
      headerOffset,
      endOffset,
      sizeBytes,
      virtualSizeBytes,
      dateNs,
      ...(uid === undefined ? {} : { uid }),
      flags: changed?.flags ?? fields.flags,
      keywords: changed?.keywords ?? numbering.keywords(fields.keywords ?? []),
      isRecent: fields.isRecent,
    });
  }
  return { messages, problems };
}

/**
 * What of the server's fields is the server's. An X-UID is one where they ascend, up to the last that
 * the mailbox says it gave, or one more, as a delivery adds it; keywords are those that the mailbox
 * names, all of them. Any other field was in the mail before the server saw it.
 */
class Numbering {
  readonly uidValidity: number | undefined;
  readonly #keywords: ReadonlyMap<string, string>;
  #next: number;
  #last = 0;

  constructor(base: ImapBase | undefined) {
    this.uidValidity = base?.uidValidity;
    this.#keywords = new Map(base?.keywords.map((name) => [name.toLowerCase(), name]));
    this.#next = (base?.uidLast ?? 0) + 1;
  }

  uid(stated: number | undefined): number | undefined {
    if (this.uidValidity === undefined || stated === undefined) return undefined;
    if (stated > this.#next || stated <= this.#last) return undefined;
    if (stated === this.#next) this.#next += 1;
    this.#last = stated;
    return stated;
  }

  keywords(names: readonly string[]): readonly string[] {
    const found = new Set<string>();
    for (const name of names) {
      const keyword = this.#keywords.get(name.toLowerCase());
      if (keyword === undefined) return [];
      found.add(keyword);
    }
    return [...found].sort();
  }
}
