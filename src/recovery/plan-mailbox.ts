import {
  displayPath,
  type Image,
  isImageError,
  joinRawPath,
  readAll,
  type RawName,
  type RawPath,
} from "#image";
import { keywordTranslation, messageNameOf } from "./message-name.ts";
import { type Mailbox, type MailboxMessage, readMailbox } from "./mailbox.ts";
import { matchMessages, type MessagePair } from "./match-messages.ts";
import { listingNow } from "./restore-error.ts";
import type { RestoreMode, RestoreStep } from "./restore-plan.ts";

export type MailboxPlanOptions = {
  readonly mode: RestoreMode;
  readonly now: Image;
  readonly pastRoot: RawPath;
  readonly nowRoot: RawPath;
  /** Where a path of the past belongs now; undefined outside of the scope. */
  readonly toOf: (path: RawPath) => RawPath | undefined;
  /** Whether a path of now lies in what is to be made exact. */
  readonly isInScope: (path: RawPath) => boolean;
  readonly uniqueName: () => string;
  readonly signal: AbortSignal | undefined;
  readonly onCompared: () => void;
};

export type MailboxPlan = {
  readonly steps: readonly RestoreStep[];
  readonly skipped: number;
  readonly warnings: readonly string[];
};

/** What is to be done for the messages of one living mailbox. */
export async function planMailbox(image: Image, options: MailboxPlanOptions): Promise<MailboxPlan> {
  const { signal } = options;
  const past = await readMailbox(image, options.pastRoot, {
    signal,
    skipUnlistable: options.mode === "additive",
  });
  const now = await listingNow(options.nowRoot, () =>
    readMailbox(options.now, options.nowRoot, { signal }),
  );
  const match = await matchMessages(past, now, {
    isWanted: ({ path }) => options.toOf(path) !== undefined,
    signal,
    onCompared: options.onCompared,
  });
  const planner = new MailboxPlanner({ ...options, past, nowMailbox: now });
  for (const pair of match.pairs) await planner.pair(pair);
  const extra = await planner.putBack(match.missing, new Set(match.extra));
  for (const { message, error } of match.unreadable) planner.fail(message, error);
  if (options.mode === "exact") for (const message of extra) planner.remove(message);
  const lost = match.unreadableNow.length;
  if (lost > 0) {
    planner.warnings.push(
      `${lost} messages of "${displayPath(options.nowRoot)}" could not be read now: what is put back may be among them.`,
    );
  }
  return { steps: planner.steps, skipped: planner.skipped, warnings: planner.warnings };
}

class MailboxPlanner {
  readonly steps: RestoreStep[] = [];
  readonly warnings: string[] = [];
  skipped = 0;
  readonly #options: MailboxPlanOptions & { readonly past: Mailbox; readonly nowMailbox: Mailbox };
  /** Base names in use, per Maildir folder of now. */
  readonly #taken = new Map<RawPath, Set<string>>();
  /** Folder and base name of what exact moves back. */
  readonly #destinations = new Set<string>();
  readonly #translations = new Map<RawPath, (letters: string) => Translated>();

  constructor(
    options: MailboxPlanOptions & { readonly past: Mailbox; readonly nowMailbox: Mailbox },
  ) {
    this.#options = options;
    for (const { folder, base } of options.nowMailbox.messages) this.#takenIn(folder).add(base);
  }

  async pair({ past, now }: MessagePair): Promise<void> {
    const folder = this.#folderFor(past);
    const { letters } = (await this.#translationFor(past.folder, folder))(
      messageNameOf(past.name).flags,
    );
    // Within its folder it keeps the base name that it has now: the server knows its UID by that.
    const base = folder === now.folder ? now.base : past.base;
    const name = past.name === past.base ? base : `${base}:2,${letters}`;
    const to = joinRawPath(folder, `${past.part}/${name}` as RawPath);
    if (to === now.path) {
      this.skipped++;
      return;
    }
    const put = { from: past.path, to, at: now.path, entry: past.entry() };
    if (this.#options.mode === "additive") this.steps.push({ kind: "moved", ...put });
    else {
      this.#destinations.add(`${folder}\0${base}`);
      this.steps.push({ kind: "merge", ...put, note: describeMove(put) });
    }
  }

  /** Steps for what is missing; returns what of the extra ones is still extra. */
  async putBack(
    missing: readonly MailboxMessage[],
    extra: ReadonlySet<MailboxMessage>,
  ): Promise<readonly MailboxMessage[]> {
    const left = new Map(
      [...extra].map((message) => [`${message.folder}\0${message.base}`, message]),
    );
    for (const message of missing) {
      const folder = this.#folderFor(message);
      const key = `${folder}\0${message.base}`;
      const impostor = left.get(key);
      const put = { from: message.path, entry: message.entry() };
      if (
        this.#options.mode === "exact" &&
        impostor !== undefined &&
        !this.#destinations.has(key)
      ) {
        // Same name, other bytes: scrambled in place. The name, and with it the UID, stays.
        left.delete(key);
        const to = joinRawPath(folder, `${message.part}/${message.name}` as RawPath);
        this.steps.push({ kind: "replace", ...put, to, at: impostor.path });
        continue;
      }
      const { name, note } = await this.#nameFor(message, folder);
      const to = joinRawPath(folder, `${message.part}/${name}` as RawPath);
      this.steps.push({
        kind: "create",
        ...put,
        to,
        isMessage: true,
        ...(note === undefined ? {} : { note }),
      });
    }
    return [...left.values()];
  }

  fail(message: MailboxMessage, error: Error): void {
    const to = this.#options.toOf(message.path) as RawPath;
    const note = `It cannot be read from the copy: ${error.message}.`;
    this.steps.push({ kind: "fail", from: message.path, to, entry: message.entry(), note });
  }

  remove(message: MailboxMessage): void {
    if (!this.#options.isInScope(message.path)) return;
    // Its name may be that of a message that is moved back.
    const isInTheWay = this.#destinations.has(`${message.folder}\0${message.base}`);
    const step = { kind: "delete", to: message.path, entry: message.entry(), entries: 1 } as const;
    this.steps.push(isInTheWay ? { ...step, isInTheWay } : step);
  }

  /** The name as it was, with the keyword letters of today; another base name where that one is taken. */
  async #nameFor(
    message: MailboxMessage,
    folder: RawPath,
  ): Promise<{ readonly name: string; readonly note?: string }> {
    const { base, flags } = messageNameOf(message.name);
    const { letters, lost } = (await this.#translationFor(message.folder, folder))(flags);
    const taken = this.#takenIn(folder);
    let own = base;
    // Sizes that the name tells (",S=", ",W=") stay true: the bytes are the same.
    if (taken.has(own)) own = this.#options.uniqueName() + (/,S=[0-9].*$/.exec(base)?.[0] ?? "");
    taken.add(own);
    const name = message.name === base ? own : `${own}:2,${letters}`;
    if (lost.length === 0) return { name };
    return {
      name,
      note: `Keywords that its folder does not know now are left out: ${lost.join(", ")}.`,
    };
  }

  /** The Maildir of now that a message of the past belongs to. */
  #folderFor(message: MailboxMessage): RawPath {
    return folderOf(this.#options.toOf(message.path) as RawPath);
  }

  #takenIn(folder: RawPath): Set<string> {
    let taken = this.#taken.get(folder);
    if (taken === undefined) this.#taken.set(folder, (taken = new Set()));
    return taken;
  }

  async #translationFor(
    pastFolder: RawPath,
    nowFolder: RawPath,
  ): Promise<(letters: string) => Translated> {
    let translation = this.#translations.get(pastFolder);
    if (translation === undefined) {
      const was = await this.#keywordsIn(this.#options.past.image, pastFolder);
      const is = await this.#keywordsIn(this.#options.now, nowFolder);
      translation = keywordTranslation(was, is);
      this.#translations.set(pastFolder, translation);
    }
    return translation;
  }

  /** The file dovecot-keywords of a Maildir; undefined where there is none. */
  async #keywordsIn(image: Image, folder: RawPath): Promise<string | undefined> {
    const path = joinRawPath(folder, "dovecot-keywords" as RawName);
    try {
      return Buffer.from(await readAll(image, path, { limitBytes: 64 * 1024 })).toString("latin1");
    } catch (error) {
      if (
        isImageError(error) &&
        (error.code === "image.not-found" || error.code === "image.not-a-file")
      )
        return undefined;
      throw error;
    }
  }
}

export type Translated = { readonly letters: string; readonly lost: readonly string[] };

/** The Maildir folder of a message's path. */
export function folderOf(path: RawPath): RawPath {
  const part = path.slice(0, Math.max(0, path.lastIndexOf("/")));
  return part.slice(0, Math.max(0, part.lastIndexOf("/"))) as RawPath;
}

function describeMove({ to, at }: { readonly to: RawPath; readonly at: RawPath }): string {
  return folderOf(to) === folderOf(at)
    ? "Its flags are put back."
    : `It is moved back from "${displayPath(folderOf(at))}".`;
}
