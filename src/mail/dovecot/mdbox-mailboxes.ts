import { isImageError, type RawPath } from "#image";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import type { StoredMessage, StoredMessages } from "../mail-store.ts";
import { shortGuid } from "./dbox-format.ts";
import { findDboxFolders } from "./dbox-folders.ts";
import { plainSize, recordEnd } from "./dbox-record.ts";
import { placeKey } from "./mdbox-map.ts";
import { listMdboxMessages, type MdboxParts } from "./mdbox-messages.ts";
import type { Scan } from "./mdbox-storage.ts";
import { unlisted } from "./stored-flags.ts";

/** Which messages the mailboxes of an account show, and which mailboxes may have more. */
type Survey = {
  /** `messageKey` of each. */
  readonly shown: ReadonlySet<string>;
  /** Folders, in the order of their names. */
  readonly incomplete: readonly RawPath[];
};

/**
 * The messages of a mailbox of mdbox: those that its index lists, and where that is damaged, those in
 * `m.*` that no mailbox shows any more. They go to the mailbox that they were first saved to
 * (metadata B) if it is damaged, else to the first that is. What the map knows as expunged stays so.
 */
export class MdboxMailboxes {
  readonly #parts: MdboxParts;
  #survey: Promise<Survey> | undefined;

  constructor(parts: MdboxParts) {
    this.#parts = parts;
  }

  async read(folder: RawPath, signal?: AbortSignal): Promise<StoredMessages> {
    const problems: MailProblem[] = [];
    const listing = await listMdboxMessages(this.#parts, { folder, problems, signal });
    if (!listing.isIncomplete) return { messages: listing.messages, problems };
    const orphans = await this.#orphansOf(folder);
    if (orphans.length > 0)
      addProblem(
        problems,
        "index",
        `${orphans.length} messages that no index lists are shown here, without flags and UIDs`,
      );
    return { messages: [...listing.messages, ...orphans], problems };
  }

  async #orphansOf(folder: RawPath): Promise<readonly StoredMessage[]> {
    this.#survey ??= this.#takeSurvey();
    const { shown, incomplete } = await this.#survey;
    const { storage } = this.#parts;
    const scan = await storage.scan();
    const expunged = (await storage.map()).expunged();
    return scan.messages
      .filter(({ fileId, path, record }) => {
        if (shown.has(messageKey(path, record.offset))) return false;
        return !expunged.has(placeKey({ fileId, offset: record.offset }));
      })
      .filter((message) => this.#homeOf(message, incomplete) === folder)
      .map(orphanMessage);
  }

  #homeOf(
    { record }: Scan["messages"][number],
    incomplete: readonly RawPath[],
  ): RawPath | undefined {
    const { mailbox } = record.metadata;
    const home = incomplete.find((folder) => mailbox === this.#rawName(folder));
    return home ?? incomplete[0];
  }

  /** As metadata B has it: the path below `mailboxes/`. */
  #rawName(folder: RawPath): string {
    const start = this.#parts.files.root === "" ? 0 : this.#parts.files.root.length + 1;
    return folder
      .slice(start)
      .replace(/^mailboxes\//, "")
      .replace(/\/dbox-Mails$/, "");
  }

  async #takeSurvey(): Promise<Survey> {
    const shown = new Set<string>();
    const incomplete: RawPath[] = [];
    for (const { path: folder } of await findDboxFolders(this.#parts.files)) {
      try {
        const listing = await listMdboxMessages(this.#parts, { folder, problems: [] });
        if (listing.isIncomplete) incomplete.push(folder);
        for (const { path, range } of listing.messages) shown.add(messageKey(path, range?.offset));
      } catch (error) {
        // Its own listing says why; what it would have shown is not known.
        if (!isImageError(error)) throw error;
      }
    }
    return { shown, incomplete };
  }
}

function messageKey(path: RawPath, offset: number | undefined): string {
  return `${path}@${offset}`;
}

function orphanMessage({ path, record }: Scan["messages"][number]): StoredMessage {
  const { receivedSeconds = 0, virtualSizeBytes, guid } = record.metadata;
  return {
    key: messageKey(path, record.offset),
    path,
    range: { offset: record.offset, lengthBytes: recordEnd(record) - record.offset },
    ...unlisted,
    internalDateNs: BigInt(receivedSeconds) * 1_000_000_000n,
    sizeBytes: plainSize(record),
    ...(virtualSizeBytes === undefined ? {} : { virtualSizeBytes }),
    ...(guid === undefined ? {} : { guid: shortGuid(guid) }),
  };
}
