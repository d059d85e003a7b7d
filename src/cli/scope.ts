import {
  displayPath,
  type Entry,
  findEntry,
  type Image,
  joinRawPath,
  type RawName,
  rawParent,
  type RawPath,
  rawPathFromText,
} from "#image";
import { type MailAccount, openAccountsAround, openMailStore, type StoredMailbox } from "#mail";
import { CliError } from "./cli-error.ts";
import { accountAddress, isAddressOf } from "./mailbox-address.ts";
import { splitMessageNumber } from "./message-number.ts";
import { absoluteOf, type MomentView } from "./moment-view.ts";
import type { Target, WantedMailboxes } from "./target.ts";
import { safeText } from "./text.ts";

/** What a target stands for in an Image: folders and files, and the mail in them. */
export type Scope = {
  /** As a person would name it. */
  readonly shown: string;
  /** "" is the whole Image. */
  readonly path: RawPath;
  /**
   * What of it is meant, as files: the INBOX of a Maildir is `cur` and `new`, and not the folders
   * beside them. Empty where it is a part of files that hold other mail too (a folder of an mdbox).
   */
  readonly parts: readonly RawPath[];
  /** Undefined for the whole Image. */
  readonly entry?: Entry;
  /** The mailbox owner's mail that it is or lies in, where it is mail. */
  readonly account?: MailAccount;
  /** The one folder of the account that is meant; absent: all that lie at or below the path. */
  readonly mailbox?: StoredMailbox;
  /** The message of the folder that was named, by its UID. */
  readonly uid?: number;
};

type View = Pick<MomentView, "image" | "root" | "target"> & {
  /** The moment, where it may have been captured from several folders. */
  readonly chosen?: MomentView["chosen"];
};

export type ScopeOptions = {
  /** Whose mailbox a path lies in is found by listing the folders above it, large ones too. Default: true. */
  readonly withAccount?: boolean;
};

/** What the target stands for in the Image; at least one, else exit code 22. */
export async function scopesOf(
  view: View,
  { withAccount = true }: ScopeOptions = {},
): Promise<readonly Scope[]> {
  const { image, root, target } = view;
  const { mailboxes } = target;
  if (mailboxes === undefined)
    return await Promise.all(wholeOf(view).map(async (one) => await folderScope(one, withAccount)));
  const store = await openMailStore(image);
  const scopes: Scope[] = [];
  for (const account of store.accounts) {
    const address = accountAddress(account, root);
    if (isMeant(mailboxes, address))
      scopes.push(await mailScope(image, account, { address, folder: mailboxes.folder }));
  }
  if (scopes.length > 0) return scopes;
  throw new CliError(
    "cli.nothing-matched",
    `Cannot find "${safeText(target.shown)}": no mailbox of that moment matches`,
    {
      hint: `See what there is with \`restante ls ${safeText(displayPath(root))}\`.`,
    },
  );
}

/** Of a server all folders that were captured as its store, in this moment. */
function wholeOf(view: View): readonly View[] {
  const { target, chosen } = view;
  const paths = chosen?.point.paths ?? [];
  if (target.groups === undefined || target.within !== "" || paths.length < 2) return [view];
  return paths.map((store) => ({ ...view, target: { ...target, store } }));
}

function isMeant(wanted: WantedMailboxes, address: string): boolean {
  return wanted.kind === "mailbox" ? isAddressOf(wanted.mailbox, address) : wanted.matches(address);
}

async function folderScope(view: View, withAccount: boolean): Promise<Scope> {
  const { image, root, target } = view;
  const whole = await pathIn(image, { root, target, within: target.within });
  const { numbered } = target;
  // A file's own name may end like a message's number.
  if (whole.entry === undefined && whole.path !== "" && numbered !== undefined) {
    const folder = await pathIn(image, { root, target, within: numbered.within });
    if (folder.entry !== undefined || folder.path === "")
      return await messageScope(image, { ...folder, target, root, uid: numbered.uid });
  }
  const { absolute, path, entry } = whole;
  const shown = displayPath(absolute);
  if (path !== "" && entry === undefined) {
    throw new CliError("cli.nothing-matched", `Cannot find "${shown}": it is not in that moment`, {
      hint: `See what is there with \`restante ls ${displayPath(rawParent(absolute))}\`, or choose another moment.`,
    });
  }
  const account = withAccount ? (await mailAround(image, path)).account : undefined;
  return {
    shown,
    path,
    parts: [path],
    ...(entry === undefined ? {} : { entry }),
    ...(account === undefined ? {} : { account }),
  };
}

type PathIn = {
  readonly absolute: RawPath;
  readonly path: RawPath;
  readonly entry: Entry | undefined;
};

async function pathIn(
  image: Image,
  {
    root,
    target,
    within,
  }: { readonly root: RawPath; readonly target: Target; readonly within: RawPath },
): Promise<PathIn> {
  const absolute = absoluteOf(rawPathFromText(target.store), within);
  const path = (root === "/" ? absolute.slice(1) : absolute.slice(root.length + 1)) as RawPath;
  return { absolute, path, entry: path === "" ? undefined : await findEntry(image, path) };
}

type NumberedFolder = PathIn & {
  readonly target: Target;
  readonly root: RawPath;
  readonly uid: number;
};

/** "…/dbox-Mails#17": one message of the folder that lies there. */
async function messageScope(
  image: Image,
  { path, target, root, uid }: NumberedFolder,
): Promise<Scope> {
  const { account, mailbox } = await mailAround(image, path);
  if (account === undefined || mailbox === undefined) {
    throw new CliError(
      "cli.nothing-matched",
      `Cannot find "${safeText(target.shown)}": what stands before the # is no folder of mail`,
      { hint: "`restante ls` gives the name of each message in its last column." },
    );
  }
  const shown = `${accountAddress(account, root)}/${mailbox.name}#${uid}`;
  return { shown, path, parts: [], account, mailbox, uid };
}

/** The account that a path is or lies in, where that is one, and the mailbox that lies there. */
async function mailAround(
  image: Image,
  path: RawPath,
): Promise<{ readonly account?: MailAccount; readonly mailbox?: StoredMailbox }> {
  const around = await openAccountsAround(image, path);
  for (const account of around) {
    const mailbox = (await account.mailboxes()).find((one) => isMailboxAt(one, path));
    if (mailbox !== undefined) return { account, mailbox };
  }
  // Owners of one spool share its root, what belongs to nobody too: the root alone says nothing of whose mail is meant.
  const [only, ...others] = around;
  return only !== undefined && only.owner === undefined && others.length === 0
    ? { account: only }
    : {};
}

/** The folder of a mailbox, or where its messages lie in it. */
function isMailboxAt({ path }: StoredMailbox, at: RawPath): boolean {
  return path === at || messageFolders.some((name) => at === joinRawPath(path, name));
}

type MailScopeOptions = {
  readonly address: string;
  readonly folder: string | undefined;
};

async function mailScope(
  image: Image,
  account: MailAccount,
  { address, folder }: MailScopeOptions,
): Promise<Scope> {
  if (folder === undefined)
    return { shown: address, path: account.root, parts: await wholeParts(image, account), account };
  const mailboxes = await account.mailboxes();
  const numbered = splitMessageNumber(folder);
  const whole = findMailbox(mailboxes, folder);
  const mailbox =
    whole ?? (numbered === undefined ? undefined : findMailbox(mailboxes, numbered.folder));
  if (mailbox === undefined) {
    throw new CliError(
      "cli.nothing-matched",
      `Cannot find folder "${safeText(folder)}" of ${safeText(address)}: it is not in that moment`,
      {
        hint: `There are ${mailboxes.map(({ name }) => safeText(name)).join(", ")}.`,
      },
    );
  }
  const shown = `${address}/${mailbox.name}`;
  const base = { path: mailbox.path, account, mailbox };
  return whole !== undefined || numbered === undefined
    ? { ...base, shown, parts: partsOf(account, mailbox) }
    : { ...base, shown: `${shown}#${numbered.uid}`, parts: [], uid: numbered.uid };
}

/** All folders of an account, where they are nobody else's; none where they hold other mail too. */
async function wholeParts(
  image: Image,
  { owner, root, alsoIn = [] }: MailAccount,
): Promise<readonly RawPath[]> {
  if (owner !== undefined) return [];
  const parts = [root];
  for (const path of alsoIn) {
    const isInside = path === root || path.startsWith(`${root}/`);
    if (!isInside && (await findEntry(image, path)) !== undefined) parts.push(path);
  }
  return parts;
}

/** The files that hold just that; none where they hold other mail too. */
function partsOf({ layout, root }: MailAccount, mailbox: StoredMailbox): readonly RawPath[] {
  if (layout === "mbox") return [mailbox.path];
  if (layout !== "maildir") return [];
  return mailbox.path === root
    ? messageFolders.map((name) => joinRawPath(mailbox.path, name))
    : [mailbox.path];
}

export const messageFolders: readonly RawName[] = [
  "cur",
  "new",
] as readonly string[] as readonly RawName[];

/** "INBOX/Invoices" is how many clients show a folder that the server keeps as "Invoices". */
export function findMailbox(
  mailboxes: readonly StoredMailbox[],
  wanted: string,
): StoredMailbox | undefined {
  const names = [wanted, wanted.replace(/^INBOX\//i, "")];
  for (const name of names) {
    const found =
      mailboxes.find((mailbox) => mailbox.name === name) ??
      mailboxes.find((mailbox) => mailbox.name.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return found;
  }
  return undefined;
}
