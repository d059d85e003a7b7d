import {
  type Entry,
  type Image,
  joinRawPath,
  type Listing,
  rawBaseName,
  type RawPath,
  statModeOf,
} from "#image";
import { isMaildirFolder } from "#mail";
import { compareEntries } from "./compare-entries.ts";
import { isMessageEntry, readMailbox } from "./mailbox.ts";
import { matchMessages } from "./match-messages.ts";

export type ImageDifference =
  /** In now and not in the past. */
  | {
      readonly kind: "created";
      readonly now: RawPath;
      readonly entry: Entry;
      readonly isMessage: boolean;
    }
  /** In the past and not in now. */
  | {
      readonly kind: "removed";
      readonly past: RawPath;
      readonly entry: Entry;
      readonly isMessage: boolean;
    }
  /** A message in another folder of its mailbox. */
  | { readonly kind: "moved"; readonly past: RawPath; readonly now: RawPath; readonly entry: Entry }
  /** A message with other flags, or seen by its server since. */
  | {
      readonly kind: "flagged";
      readonly past: RawPath;
      readonly now: RawPath;
      readonly entry: Entry;
    }
  /** Other content or attributes under the same path. `content` is false where only attributes differ. */
  | {
      readonly kind: "changed";
      readonly past: RawPath;
      readonly now: RawPath;
      readonly entry: Entry;
      readonly content: boolean;
    };

export type DifferenceCounts = {
  readonly created: number;
  readonly removed: number;
  readonly moved: number;
  readonly flagged: number;
  readonly changed: number;
  readonly same: number;
};

export type ImageDifferences = {
  readonly counts: DifferenceCounts;
  /** Messages among `created` and `removed`. */
  readonly messagesCreated: number;
  readonly messagesRemoved: number;
  readonly differences: readonly ImageDifference[];
  /** One sentence each: what could not be compared. */
  readonly warnings: readonly string[];
};

export type DiffImagesOptions = {
  /** A folder of both images; "" is all. */
  readonly scope: RawPath;
  readonly signal?: AbortSignal;
};

type Pair = { readonly path: RawPath; readonly isLive: boolean };

/** What differs between two moments: messages by identity, everything else by path. A listing that fails throws. */
export async function diffImages(
  past: Image,
  now: Image,
  options: DiffImagesOptions,
): Promise<ImageDifferences> {
  const differ = new Differ(past, now, options.signal);
  return await differ.run(options.scope);
}

class Differ {
  readonly #past: Image;
  readonly #now: Image;
  readonly #signal: AbortSignal | undefined;
  readonly #differences: ImageDifference[] = [];
  readonly #warnings: string[] = [];
  #same = 0;

  constructor(past: Image, now: Image, signal: AbortSignal | undefined) {
    this.#past = past;
    this.#now = now;
    this.#signal = signal;
  }

  async run(scope: RawPath): Promise<ImageDifferences> {
    const stack: Pair[] = [{ path: scope, isLive: false }];
    for (let pair = stack.pop(); pair !== undefined; pair = stack.pop()) {
      this.#signal?.throwIfAborted();
      if (!(await this.#isEqualFolder(pair.path))) stack.push(...(await this.#compareFolder(pair)));
    }
    const count = (kind: ImageDifference["kind"]): number =>
      this.#differences.filter((one) => one.kind === kind).length;
    const messages = (kind: "created" | "removed"): number =>
      this.#differences.filter((one) => one.kind === kind && one.isMessage).length;
    return {
      counts: {
        created: count("created"),
        removed: count("removed"),
        moved: count("moved"),
        flagged: count("flagged"),
        changed: count("changed"),
        same: this.#same,
      },
      messagesCreated: messages("created"),
      messagesRemoved: messages("removed"),
      differences: this.#differences,
      warnings: this.#warnings,
    };
  }

  /** Two snapshots of one repository have the same fingerprint for the same subtree. */
  async #isEqualFolder(path: RawPath): Promise<boolean> {
    if (this.#past.fingerprintScope !== this.#now.fingerprintScope) return false;
    const fingerprint = await this.#past.fingerprint(path, this.#signal);
    return (
      fingerprint !== undefined && fingerprint === (await this.#now.fingerprint(path, this.#signal))
    );
  }

  async #compareFolder({ path, isLive }: Pair): Promise<Pair[]> {
    const past = await this.#past.list(path, this.#signal);
    const now = await this.#now.list(path, this.#signal);
    let isInMailbox = isLive;
    if (!isLive && isMaildirFolder(past) && isMaildirFolder(now)) {
      isInMailbox = true;
      await this.#compareMailbox(path);
    }
    const isMessage = (name: string, mode: number): boolean =>
      isInMailbox && /^(?:cur|new)$/.test(rawBaseName(path)) && isMessageEntry(name, mode);
    const below: Pair[] = [];
    for (const entry of past) {
      if (isMessage(entry.name, statModeOf(entry))) continue;
      const at = now.indexOf(entry.name);
      const here = joinRawPath(path, entry.name);
      const there = at < 0 ? undefined : now.entry(at);
      if (there !== undefined) await this.#compare(here, entry, there);
      if (there?.type === "directory" && entry.type === "directory")
        below.push({ path: here, isLive: isInMailbox });
      else if (there === undefined)
        await this.#only("removed", this.#past, { path: here, entry, isInMailbox });
    }
    await this.#newcomers({ past, now, path, isInMailbox, isMessage });
    return below.toReversed();
  }

  async #newcomers(options: {
    readonly past: Listing;
    readonly now: Listing;
    readonly path: RawPath;
    readonly isInMailbox: boolean;
    readonly isMessage: (name: string, mode: number) => boolean;
  }): Promise<void> {
    const { past, now, path, isInMailbox, isMessage } = options;
    for (const entry of now) {
      if (past.indexOf(entry.name) >= 0 || isMessage(entry.name, statModeOf(entry))) continue;
      await this.#only("created", this.#now, {
        path: joinRawPath(path, entry.name),
        entry,
        isInMailbox,
      });
    }
  }

  async #compare(path: RawPath, entry: Entry, there: Entry): Promise<void> {
    const result = await compareEntries(
      { image: this.#past, path, entry },
      { image: this.#now, path, entry: there },
      { owners: true, extendedAttributes: false, signal: this.#signal },
    );
    if (result === "same") this.#same++;
    else
      this.#differences.push({
        kind: "changed",
        past: path,
        now: path,
        entry,
        content: result === "different",
      });
  }

  /** An entry that only one of them has, with all that is below it. Messages in a mailbox are matched by their own. */
  async #only(
    kind: "created" | "removed",
    image: Image,
    top: { readonly path: RawPath; readonly entry: Entry; readonly isInMailbox: boolean },
  ): Promise<void> {
    const stack = [{ path: top.path, entry: top.entry, isMessage: false }];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      this.#signal?.throwIfAborted();
      const { path, entry, isMessage } = at;
      const rest = { entry, isMessage };
      this.#differences.push(
        kind === "created" ? { kind, now: path, ...rest } : { kind, past: path, ...rest },
      );
      if (entry.type !== "directory") continue;
      const isMessageFolder = /^(?:cur|new)$/.test(entry.name);
      const children = [...(await image.list(path, this.#signal))].filter(
        (child) =>
          !(top.isInMailbox && isMessageFolder && isMessageEntry(child.name, statModeOf(child))),
      );
      for (const child of children.toReversed()) {
        const isOne = isMessageFolder && isMessageEntry(child.name, statModeOf(child));
        stack.push({ path: joinRawPath(path, child.name), entry: child, isMessage: isOne });
      }
    }
  }

  async #compareMailbox(root: RawPath): Promise<void> {
    const signal = this.#signal;
    const past = await readMailbox(this.#past, root, { signal });
    const now = await readMailbox(this.#now, root, { signal });
    const match = await matchMessages(past, now, { signal });
    for (const pair of match.pairs) {
      if (pair.past.path === pair.now.path) this.#same++;
      else {
        const kind = pair.past.below === pair.now.below ? "flagged" : "moved";
        this.#differences.push({
          kind,
          past: pair.past.path,
          now: pair.now.path,
          entry: pair.past.entry(),
        });
      }
    }
    for (const message of match.missing) {
      this.#differences.push({
        kind: "removed",
        past: message.path,
        entry: message.entry(),
        isMessage: true,
      });
    }
    for (const message of match.extra) {
      this.#differences.push({
        kind: "created",
        now: message.path,
        entry: message.entry(),
        isMessage: true,
      });
    }
    for (const { error } of [...match.unreadable, ...match.unreadableNow])
      this.#warnings.push(`${error.message}.`);
  }
}
