/**
 * Which folders of a store a line of Dovecot's log means. Names of users and mailboxes come from outside: none leads
 * out of the store, nor through a symbolic link, and a wrong one costs a look at most.
 */
import { lstatSync } from "node:fs";
import { systemErrorCode } from "#errors";
import {
  isWithin,
  joinRawPath,
  rawBaseName,
  type RawPath,
  rawParent,
  rawPathToBytes,
} from "#image";
import { encodeMailboxName } from "#mail";
import type { ChangeHint, HintPlace } from "./change-hints.ts";
import type { MailLogLine } from "./dovecot-log-line.ts";

export type DovecotFoldersOptions = {
  /** Where the store lies. */
  readonly places: () => readonly HintPlace[];
  readonly isProtected: (path: RawPath) => boolean;
  /** As `OpenHintsRequest` has it. */
  readonly partsOf?: ((path: RawPath) => readonly RawPath[]) | undefined;
  /** All folders below the root that are known. */
  readonly folders: () => Iterable<RawPath>;
  readonly steadyMs: () => number;
};

/** Names that servers give to a mailbox's own folder below its owner's. */
const mailFolders = ["Maildir", "maildir", ".maildir", "mail", "Mail", "mdbox", "sdbox", "dbox"];
/** Folders are gone through again for a user that was not found before, this often. */
const indexEveryMs = 60_000;
const mostAccounts = 4;
const mostParts = 32;
const mostRemembered = 20_000;

export class DovecotFolders {
  readonly #options: DovecotFoldersOptions;
  readonly #accounts = new Map<string, readonly RawPath[]>();
  readonly #unknown = new Set<string>();
  /** A name in lower case → accounts whose folder has it. */
  #index = new Map<string, RawPath[]>();
  #indexedMs = -Infinity;

  constructor(options: DovecotFoldersOptions) {
    this.#options = options;
  }

  /** Users whose mail lies nobody knows where, so far. */
  get unknown(): ReadonlySet<string> {
    return this.#unknown;
  }

  /** Where to look. Of a user that is not known: where a new account may have come. */
  hintsOf({ user, mailboxes }: MailLogLine): readonly ChangeHint[] {
    const accounts = this.#accountsOf(user);
    if (accounts.length === 0) return this.#whereNewOnesCome(user);
    // A part of an account may look like one by itself.
    const whole = new Set(accounts.map((account) => this.#ownFolderOf(account)));
    const hints = [...whole]
      .filter(this.#options.isProtected)
      .flatMap((account) =>
        this.#foldersOf(account, mailboxes).flatMap((hint) => [
          hint,
          ...this.#apart(account, hint),
        ]),
      );
    return [...new Map(hints.map((hint) => [hint.folder, hint])).values()];
  }

  #ownFolderOf(account: RawPath): RawPath {
    const [first = account] = this.#partsOf(account);
    return isWithin(account, first) ? account : first;
  }

  #partsOf(account: RawPath): readonly RawPath[] {
    return this.#options.partsOf?.(account) ?? [account];
  }

  /** The same mailbox where indexes, lists and other messages of the account lie, and what lies beside all of them. */
  #apart(account: RawPath, { folder, below }: ChangeHint): readonly ChangeHint[] {
    const parts = this.#partsOf(account).filter(
      (part) => !isWithin(account, part) && this.#isFolder(part),
    );
    if (below === true) return parts.map((part) => ({ folder: part, below }));
    const within = account === "" ? folder : folder.slice(account.length + 1);
    const isMaildir = this.#isFolder(at(account, "cur"));
    if (isMaildir && /(?:^|\/)(?:cur|new)$/.test(within)) return [];
    // Beside the Maildir itself INBOX has a folder of its own.
    const place = isMaildir && within === "" ? ".INBOX" : within;
    return parts.flatMap((part) => [{ folder: part }, { folder: this.#nearest(part, place) }]);
  }

  /** That folder in a part, or the last on the way to it that is there: what is new is in that. */
  #nearest(part: RawPath, within: string): RawPath {
    const steps = within.split("/");
    while (steps.length > 0 && !this.#isFolder(at(part, ...steps))) steps.pop();
    return at(part, ...steps);
  }

  #accountsOf(user: string): readonly RawPath[] {
    const known = this.#accounts.get(user);
    if (known?.every((account) => this.#isFolder(account)) === true) return known;
    const names = namesOf(user);
    if (names === undefined) return [];
    let found = this.#usualPlaces(names).filter((path) => this.#isAccount(path));
    if (found.length === 0) found = this.#indexed(names);
    if (found.length === 0) {
      this.#accounts.delete(user);
      if (this.#unknown.size < mostRemembered) this.#unknown.add(user);
      return [];
    }
    this.#unknown.delete(user);
    if (this.#accounts.size >= mostRemembered) this.#accounts.clear();
    const some = [...new Set(found)].slice(0, mostAccounts);
    this.#accounts.set(user, some);
    return some;
  }

  #usualPlaces({ local, domain }: UserNames): readonly RawPath[] {
    const homes =
      domain === undefined ? [local] : [`${domain}/${local}`, `${local}@${domain}`, local];
    const below = homes.flatMap((home) => [home, ...mailFolders.map((name) => `${home}/${name}`)]);
    return this.#options.places().flatMap(({ path, folder }) => {
      // A place may be one user's own.
      const steps = folder.split("/");
      const name = mailFolders.includes(steps.at(-1) ?? "") ? steps.at(-2) : steps.at(-1);
      const isOwn = name === local || name === `${local}@${domain ?? ""}`;
      return [...(isOwn ? ["", ...mailFolders] : []), ...below].map((place) => at(path, place));
    });
  }

  /** Among the folders that are known: places with a hash, or of another shape. */
  #indexed({ local, domain }: UserNames): RawPath[] {
    const now = this.#options.steadyMs();
    if (now >= this.#indexedMs + indexEveryMs) {
      this.#indexedMs = now;
      this.#index = indexOf(this.#options.folders());
    }
    const places = [local, ...(domain === undefined ? [] : [`${local}@${domain}`])].flatMap(
      (name) => this.#index.get(name.toLowerCase()) ?? [],
    );
    const inDomain = places.filter(
      (path) => domain !== undefined && `/${path}/`.includes(`/${domain}/`),
    );
    return (inDomain.length > 0 ? inDomain : places).filter((path) => this.#isAccount(path));
  }

  #isAccount(path: RawPath): boolean {
    return (
      this.#isFolder(path) &&
      ["cur", "mailboxes", "storage"].some((name) => this.#isFolder(at(path, name)))
    );
  }

  #whereNewOnesCome(user: string): readonly ChangeHint[] {
    const domain = namesOf(user)?.domain;
    return this.#options.places().flatMap(({ path }) => {
      const inDomain = domain === undefined ? undefined : at(path, domain);
      const hasDomain = inDomain !== undefined && this.#isFolder(inDomain);
      return [{ folder: path }, ...(hasDomain ? [{ folder: inDomain }] : [])];
    });
  }

  #foldersOf(account: RawPath, mailboxes: readonly string[] | undefined): readonly ChangeHint[] {
    const isMaildir = this.#isFolder(at(account, "cur"));
    const found = (mailboxes ?? []).flatMap((name) => {
      const folder = isMaildir ? this.#maildirOf(account, name) : this.#dboxFolderOf(account, name);
      return folder === undefined ? [] : [folder];
    });
    if (found.length === 0) return [{ folder: account, below: true }];
    const others = isMaildir ? ["cur", "new"] : [];
    // A mailbox with a name of its own that is not known yet is looked at with all below it.
    const folders = found.flatMap((folder) => [folder, ...others.map((name) => at(folder, name))]);
    const storage = at(account, "storage");
    if (!isMaildir && this.#isFolder(storage)) folders.push(storage);
    return folders.map((folder) => ({ folder }));
  }

  #maildirOf(account: RawPath, mailbox: string): RawPath | undefined {
    if (/^inbox$/i.test(mailbox)) return account;
    for (const parts of partsOf(mailbox)) {
      const plus = nameOf(`.${parts.join(".")}`);
      const places = [...(plus === undefined ? [] : [plus]), parts.join("/")];
      for (const place of places)
        if (this.#isFolder(at(account, place, "cur"))) return at(account, place);
    }
    return undefined;
  }

  #dboxFolderOf(account: RawPath, mailbox: string): RawPath | undefined {
    for (const parts of [...(/^inbox$/i.test(mailbox) ? [["INBOX"]] : []), ...partsOf(mailbox)]) {
      const folder = at(account, "mailboxes", parts.join("/"), "dbox-Mails");
      if (this.#isFolder(folder)) return folder;
    }
    return undefined;
  }

  /** That it is one, and that no step on the way is a link. */
  #isFolder(path: RawPath): boolean {
    const place = this.#options
      .places()
      .find((one) => one.path === "" || path === one.path || path.startsWith(`${one.path}/`));
    if (place === undefined) return false;
    const within = path.slice(place.path === "" ? 0 : place.path.length + 1);
    let folder = place.folder;
    for (const step of ["", ...within.split("/")]) {
      if (step !== "") folder = joinRawPath(folder, step as RawPath);
      if (!isRealFolder(folder)) return false;
    }
    return true;
  }
}

type UserNames = { readonly local: string; readonly domain: string | undefined };

/** One character per byte. Undefined where they can be no names of folders. */
function namesOf(user: string): UserNames | undefined {
  const cut = user.lastIndexOf("@");
  const local = nameOf(cut < 0 ? user : user.slice(0, cut));
  const domain = cut < 0 ? undefined : nameOf(user.slice(cut + 1));
  if (local === undefined || (cut >= 0 && domain === undefined)) return undefined;
  return { local, domain };
}

/** Text as the name of a folder, one character per byte; undefined where it can be none. */
function nameOf(text: string): string | undefined {
  const raw = Buffer.from(text, "utf8").toString("latin1");
  const isName = raw !== "" && raw !== "." && raw !== ".." && raw.length <= 255;
  return isName && !/[/\0]/.test(raw) ? raw : undefined;
}

/** A mailbox's levels as folders are named, by either separator, with and without the prefix "INBOX". */
function partsOf(mailbox: string): readonly (readonly string[])[] {
  return ["/", "."].flatMap((separator) => {
    const levels = mailbox.split(separator);
    const all = [levels, ...(/^inbox$/i.test(levels[0] ?? "") ? [levels.slice(1)] : [])];
    return all.flatMap((some) => {
      const names = some.flatMap((level) => nameOf(encodeMailboxName(level)) ?? []);
      const isWhole = names.length === some.length && names.length > 0;
      return isWhole && names.length <= mostParts ? [names] : [];
    });
  });
}

function indexOf(folders: Iterable<RawPath>): Map<string, RawPath[]> {
  const index = new Map<string, RawPath[]>();
  for (const folder of folders) {
    const name = rawBaseName(folder);
    if (name !== "cur" && name !== "mailboxes" && name !== "storage") continue;
    const account = rawParent(folder);
    // A folder of a Maildir++ is no account.
    if (rawBaseName(account).startsWith(".") && rawBaseName(account) !== ".maildir") continue;
    const isMail = mailFolders.includes(rawBaseName(account));
    const key = rawBaseName(isMail ? rawParent(account) : account).toLowerCase();
    const known = index.get(key);
    if (known === undefined) index.set(key, [account]);
    else if (known.length < mostAccounts * 4 && !known.includes(account)) known.push(account);
  }
  return index;
}

function at(folder: RawPath, ...names: readonly string[]): RawPath {
  return [folder, ...names].filter((name) => name !== "").join("/") as RawPath;
}

function isRealFolder(path: RawPath): boolean {
  try {
    return lstatSync(rawPathToBytes(path)).isDirectory();
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}
