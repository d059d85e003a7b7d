import {
  displayPath,
  type Entry,
  type Image,
  isImageError,
  joinRawPath,
  rawBaseName,
  type RawName,
  rawParent,
  type RawPath,
  rawPathFromText,
} from "#image";
import { isMaildirFolder, type MailAccount, type StoredMailbox, openMailStore } from "#mail";
import { CliError } from "./cli-error.ts";
import { isAddressOf, mailboxAddress } from "./mailbox-address.ts";
import { absoluteOf, type MomentView } from "./moment-view.ts";
import type { Target, WantedMailboxes } from "./target.ts";
import { safeText } from "./text.ts";

/** A folder or file of an Image that a target stands for. */
export type Scope = {
  /** As a person would name it. */
  readonly shown: string;
  /** "" is the whole Image. */
  readonly path: RawPath;
  /** What of it is meant: the INBOX of a Maildir is `cur` and `new`, and not the folders beside them. */
  readonly parts: readonly RawPath[];
  /** Undefined for the whole Image. */
  readonly entry?: Entry;
  /** The mailbox owner's Maildir that it is or lies in, where it is mail. */
  readonly account?: MailAccount;
};

type View = Pick<MomentView, "image" | "root"> & { readonly target: Target };

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
  if (mailboxes === undefined) return [await folderScope(view, withAccount)];
  const store = await openMailStore(image);
  const scopes: Scope[] = [];
  for (const account of store.accounts) {
    const address = mailboxAddress(absoluteOf(root, account.root));
    if (isMeant(mailboxes, address))
      scopes.push(await mailScope(account, { address, folder: mailboxes.folder }));
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

function isMeant(wanted: WantedMailboxes, address: string): boolean {
  return wanted.kind === "mailbox" ? isAddressOf(wanted.mailbox, address) : wanted.matches(address);
}

async function folderScope({ image, root, target }: View, withAccount: boolean): Promise<Scope> {
  const absolute = absoluteOf(rawPathFromText(target.store), target.within);
  const path = (root === "/" ? absolute.slice(1) : absolute.slice(root.length + 1)) as RawPath;
  const shown = displayPath(absolute);
  const entry = path === "" ? undefined : await findEntry(image, path);
  if (path !== "" && entry === undefined) {
    throw new CliError("cli.nothing-matched", `Cannot find "${shown}": it is not in that moment`, {
      hint: `See what is there with \`restante ls ${displayPath(rawParent(absolute))}\`, or choose another moment.`,
    });
  }
  const account = withAccount ? await enclosingAccount(image, path) : undefined;
  return {
    shown,
    path,
    parts: [path],
    ...(entry === undefined ? {} : { entry }),
    ...(account === undefined ? {} : { account }),
  };
}

/** The entry of a path below the root; undefined when it, or a folder above it, is not there. */
export async function findEntry(image: Image, path: RawPath): Promise<Entry | undefined> {
  if (image.entry !== undefined) return await image.entry(path);
  const listing = await listIfThere(image, rawParent(path));
  const index = listing?.indexOf(rawBaseName(path)) ?? -1;
  return index < 0 ? undefined : listing?.entry(index);
}

async function listIfThere(image: Image, path: RawPath) {
  try {
    return await image.list(path);
  } catch (error) {
    if (
      isImageError(error) &&
      (error.code === "image.not-found" || error.code === "image.not-a-folder")
    )
      return undefined;
    throw error;
  }
}

/** The outermost Maildir that a path is or lies in. Looks upwards only: a large store is not walked for it. */
async function enclosingAccount(image: Image, path: RawPath): Promise<MailAccount | undefined> {
  let outermost: RawPath | undefined;
  for (
    let folder: RawPath | undefined = path;
    folder !== undefined;
    folder = folder === "" ? undefined : rawParent(folder)
  ) {
    const listing = await listIfThere(image, folder);
    if (listing !== undefined && isMaildirFolder(listing)) outermost = folder;
  }
  if (outermost === undefined) return undefined;
  const { accounts } = await openMailStore(image, { root: outermost });
  return accounts.find(({ root }) => root === outermost);
}

type MailScopeOptions = { readonly address: string; readonly folder: string | undefined };

async function mailScope(
  account: MailAccount,
  { address, folder }: MailScopeOptions,
): Promise<Scope> {
  if (folder === undefined)
    return { shown: address, path: account.root, parts: [account.root], account };
  const mailboxes = await account.mailboxes();
  const found = findMailbox(mailboxes, folder);
  if (found === undefined) {
    throw new CliError(
      "cli.nothing-matched",
      `Cannot find folder "${safeText(folder)}" of ${safeText(address)}: it is not in that moment`,
      {
        hint: `There are ${mailboxes.map(({ name }) => safeText(name)).join(", ")}.`,
      },
    );
  }
  const isInbox = found.path === account.root;
  const parts = isInbox
    ? messageFolders.map((name) => joinRawPath(found.path, name))
    : [found.path];
  return { shown: `${address}/${found.name}`, path: found.path, parts, account };
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
