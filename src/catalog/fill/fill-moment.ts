/**
 * Tells a catalog what one moment holds. What has the fingerprints of the moment before is not looked
 * at; of what has changed the list is read, and of messages those alone that no moment had before.
 */
import { isRecoveryError } from "#errors";
import {
  type Image,
  isImageError,
  isWithin,
  type RawPath,
  rawPathFromText,
  rootPath,
} from "#image";
import { type MailAccount, type MailProblem, openMailStore, type StoredMailbox } from "#mail";
import type { AccountKey, LastSighting, MailboxFacts, MailboxKey, MomentFill } from "../catalog.ts";
import { accountText, mailboxText, shownMailbox } from "../mailbox-key.ts";
import type { FactsPool } from "./facts-pool.ts";
import { MailboxWindow } from "./mailbox-window.ts";
import { PrefetchedImage } from "./prefetched-image.ts";

export type FillMomentOptions = {
  readonly fill: MomentFill;
  readonly pool: FactsPool;
  readonly textLimit: number;
  /** Paths of what the moment does not hold as it was, as `displayPath` shows them; "" where that may be anything. */
  readonly missing: readonly string[];
  readonly onRead: (messages: number, bytes: number) => void;
  readonly signal?: AbortSignal | undefined;
};

const problemLimit = 100;
const scopeNote = "scope";
const rootNote = "root";

/** Problems of a list that say that it lacks messages. */
const lacking: ReadonlySet<MailProblem["code"]> = new Set([
  "unreadable",
  "index",
  "damaged",
  "too-deep",
]);

/** Returns what is not whole in it. */
export async function fillMoment(
  image: Image,
  options: FillMomentOptions,
): Promise<readonly string[]> {
  return await new MomentFiller(image, options).run();
}

/** Of a moment that cannot be opened: nothing is known of any mailbox. */
export async function fillUnknownMoment(fill: MomentFill, problem: string): Promise<void> {
  for (const { mailbox } of fill.last) await fill.record({ mailbox, kind: "failed" });
  await fill.finish({ problems: [problem], notes: new Map() });
}

class MomentFiller {
  readonly #inner: Image;
  readonly #image: PrefetchedImage;
  readonly #options: FillMomentOptions;
  readonly #missing: readonly RawPath[];
  readonly #fill: MomentFill;
  readonly #window: MailboxWindow;
  readonly #last: ReadonlyMap<string, LastSighting>;
  readonly #seen = new Set<string>();
  readonly #notes = new Map<string, string>();
  /** Of this moment alone: whatever other moments say. */
  readonly #problems: string[] = [];
  readonly #gone: string[] = [];
  /** Whether fingerprints compare with those of the moment before. */
  readonly #isSameScope: boolean;
  readonly #keepsContents: boolean;

  constructor(image: Image, options: FillMomentOptions) {
    const { fill } = options;
    this.#inner = image;
    this.#image = new PrefetchedImage(image);
    this.#options = options;
    this.#missing = options.missing.map(pathOfShown);
    this.#fill = fill;
    this.#last = new Map(fill.last.map((one) => [mailboxText(one.mailbox), one]));
    const before = fill.notes.get(scopeNote);
    this.#isSameScope = before === image.fingerprintScope;
    this.#keepsContents = before === undefined || this.#isSameScope;
    this.#notes.set(scopeNote, image.fingerprintScope);
    this.#window = new MailboxWindow({
      ...options,
      inner: image,
      image: this.#image,
      keepsContents: this.#keepsContents,
      onProblem: (problem) => this.#note(problem),
    });
  }

  async run(): Promise<readonly string[]> {
    const missing = this.#missing;
    const { notes } = this.#fill;
    const root = await fingerprintOf(this.#inner, rootPath);
    const isKnown = this.#isSameScope && root !== undefined && root === notes.get(rootNote);
    if (missing.length === 0 && isKnown) {
      await this.#fill.finish({ problems: [], notes });
      return [];
    }
    if (missing.length > 0)
      this.#note("Some of its files were not captured as they were, or not at all");
    await this.#fillStore();
    // What was not whole is looked at again next time.
    if (this.#problems.length === 0 && root !== undefined) this.#notes.set(rootNote, root);
    await this.#fill.finish({ problems: this.#problems, notes: this.#notes });
    return [...this.#problems, ...this.#gone.slice(0, problemLimit)];
  }

  async #fillStore(): Promise<void> {
    const { signal } = this.#options;
    try {
      const store = await openMailStore(this.#image.image, signal === undefined ? {} : { signal });
      for (const { message } of store.problems) this.#note(message);
      for (const account of store.accounts) await this.#fillAccount(account);
    } catch (error) {
      if (!isImageError(error)) throw error;
      // The top folder itself cannot be listed.
      this.#note(error.message);
      await this.#window.flush();
      await this.#recordUnseen("failed");
      return;
    }
    await this.#window.flush();
    await this.#recordUnseen("absent");
  }

  async #fillAccount(account: MailAccount): Promise<void> {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    const key = accountKey(account);
    const note = `account ${accountText(key)}`;
    const fingerprint = await fingerprintOf(this.#inner, account.root, signal);
    const isKnown = fingerprint !== undefined && this.#fill.notes.get(note) === fingerprint;
    if (this.#isSameScope && isKnown && !this.#lacks([account.root])) {
      this.#notes.set(note, fingerprint);
      for (const mailbox of this.#knownOf(key)) this.#seen.add(mailboxText(mailbox));
      return;
    }
    let mailboxes: readonly StoredMailbox[];
    try {
      mailboxes = await account.mailboxes(signal);
    } catch (error) {
      if (!isRecoveryError(error) || error.retryable) throw error;
      this.#note(error.message);
      for (const mailbox of this.#knownOf(key)) await this.#record({ mailbox, kind: "failed" });
      return;
    }
    let isWhole = true;
    for (const mailbox of mailboxes) {
      const isWholeList = await this.#fillMailbox(account, mailbox);
      // An index that lies elsewhere may change without the account's own folder.
      isWhole &&= isWholeList && mailbox.dependsOn.every((path) => isWithin(path, account.root));
    }
    if (isWhole && fingerprint !== undefined) this.#notes.set(note, fingerprint);
  }

  #knownOf(key: AccountKey): readonly MailboxKey[] {
    const text = accountText(key);
    return this.#fill.last
      .map(({ mailbox }) => mailbox)
      .filter((mailbox) => accountText(mailbox.account) === text);
  }

  /** Whether its list is whole. */
  async #fillMailbox(account: MailAccount, stored: StoredMailbox): Promise<boolean> {
    const mailbox: MailboxKey = {
      account: accountKey(account),
      name: stored.name,
      path: stored.path,
    };
    const last = this.#last.get(mailboxText(mailbox));
    const lacks = this.#lacks(stored.dependsOn);
    const fingerprint = await this.#listFingerprint(stored);
    const wasWhole = last?.kind === "complete" || last?.kind === "empty";
    if (!lacks && wasWhole && fingerprint !== undefined && fingerprint === last.fingerprint) {
      this.#seen.add(mailboxText(mailbox));
      return true;
    }
    let listed: Awaited<ReturnType<MailAccount["messages"]>>;
    try {
      listed = await account.messages(stored, this.#options.signal);
    } catch (error) {
      if (!isRecoveryError(error) || error.retryable) throw error;
      this.#note(`${shownMailbox(mailbox)}: ${error.message}`);
      await this.#record({ mailbox, kind: "failed" });
      return false;
    }
    const problems = [...stored.problems, ...listed.problems].filter(({ code }) =>
      lacking.has(code),
    );
    for (const { message } of problems) this.#note(`${shownMailbox(mailbox)}: ${message}`);
    const isPartial = lacks || problems.length > 0;
    const { messages } = listed;
    this.#seen.add(mailboxText(mailbox));
    await this.#window.add({ mailbox, account, fingerprint, isPartial, messages });
    return !isPartial;
  }

  async #record(facts: MailboxFacts): Promise<void> {
    this.#seen.add(mailboxText(facts.mailbox));
    await this.#fill.record(facts);
  }

  /** What the moment has not: that is told, and is no deletion of the mail in it. */
  async #recordUnseen(kind: "absent" | "failed"): Promise<void> {
    for (const [text, { mailbox, kind: before }] of this.#last) {
      if (this.#seen.has(text)) continue;
      if (kind === "absent" && before !== "absent")
        this.#gone.push(`${shownMailbox(mailbox)} is not there any more`);
      await this.#fill.record({ mailbox, kind });
    }
  }

  async #listFingerprint({ dependsOn }: StoredMailbox): Promise<string | undefined> {
    if (!this.#keepsContents) return undefined;
    const all: string[] = [];
    for (const path of dependsOn) {
      const one = await fingerprintOf(this.#inner, path, this.#options.signal);
      if (one === undefined) return undefined;
      all.push(one);
    }
    return JSON.stringify([this.#inner.fingerprintScope, ...all]);
  }

  #lacks(paths: readonly RawPath[]): boolean {
    return this.#missing.some((missing) =>
      paths.some((path) => isWithin(missing, path) || isWithin(path, missing)),
    );
  }

  #note(problem: string): void {
    if (this.#problems.length < problemLimit) this.#problems.push(problem);
  }
}

/**
 * What `fillMoment` notes of a moment, of an Image of it: by these the next one is compared with it. An
 * account that was not whole, or of which something lies elsewhere, must be left out of them. `isWhole`:
 * nothing was amiss in all of it.
 */
export async function fingerprintNotes(
  image: Image,
  { isWhole, signal }: { readonly isWhole: boolean; readonly signal?: AbortSignal | undefined },
): Promise<ReadonlyMap<string, string>> {
  const notes = new Map([[scopeNote, image.fingerprintScope]]);
  const root = isWhole ? await fingerprintOf(image, rootPath, signal) : undefined;
  if (root !== undefined) notes.set(rootNote, root);
  const store = await openMailStore(image, signal === undefined ? {} : { signal });
  for (const account of store.accounts) {
    const fingerprint = await fingerprintOf(image, account.root, signal);
    if (fingerprint !== undefined)
      notes.set(`account ${accountText(accountKey(account))}`, fingerprint);
  }
  return notes;
}

/** "-" where it is not there; undefined where only reading would tell. */
async function fingerprintOf(
  image: Image,
  path: RawPath,
  signal?: AbortSignal,
): Promise<string | undefined> {
  try {
    return await image.fingerprint(path, signal);
  } catch (error) {
    if (isImageError(error, "image.not-found")) return "-";
    if (isImageError(error)) return undefined;
    throw error;
  }
}

function accountKey({ layout, root, owner }: MailAccount): AccountKey {
  return { layout, root, ...(owner === undefined ? {} : { owner }) };
}

/** A path as it was shown: from where bytes were escaped on, its folder stands for it. */
function pathOfShown(shown: string): RawPath {
  const escaped = shown.indexOf("\\x");
  if (escaped < 0) return rawPathFromText(shown);
  return rawPathFromText(shown.slice(0, Math.max(shown.lastIndexOf("/", escaped), 0)));
}
