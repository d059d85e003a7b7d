import {
  entryTypeOf,
  type Image,
  isImageError,
  joinRawPath,
  type Listing,
  rawBaseName,
  type RawName,
  type RawPath,
} from "#image";
import { isMailError } from "../mail-error.ts";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import {
  byUid,
  type MailAccount,
  type StoredMailbox,
  type StoredMessage,
  type StoredMessages,
} from "../mail-store.ts";
import { decodeMailboxName } from "../mailbox-name.ts";
import { courierKeywordsName, readCourierKeywords } from "./courier-keywords.ts";
import type { FoundAccount } from "./maildir-find.ts";
import { readMaildirMessage, unpackedSize } from "./maildir-message.ts";
import { parseMaildirName } from "./maildir-name.ts";
import { readLinesTogether, type UidList, UidListReader } from "./maildir-uid-list.ts";

/** What of a Dovecot's places a Maildir has apart from itself. */
export type MaildirPlaces = {
  /** `CONTROL=`: has the account's folders again, with lists of UIDs and keywords in them. */
  readonly control?: RawPath;
  /** `INDEX=`: nothing of it is read. */
  readonly index?: RawPath;
};

/** An account, and where its lists are. */
type Maildirs = FoundAccount & { readonly control: RawPath };

/** A mailbox owner's Maildir++ root, or the top of a tree of Maildirs. */
export function openMaildirAccount(
  image: Image,
  found: FoundAccount,
  { control = found.root, index }: MaildirPlaces = {},
): MailAccount {
  const account: Maildirs = { ...found, control };
  const beside = [control, index].filter((path) => path !== undefined && path !== found.root);
  return {
    layout: "maildir",
    root: account.root,
    ...(beside.length === 0 ? {} : { alsoIn: [...new Set(beside as readonly RawPath[])] }),
    mailboxes: async (signal) => {
      const mailboxes: StoredMailbox[] = [];
      for (const folder of account.folders) {
        signal?.throwIfAborted();
        mailboxes.push(await readMailbox(image, account, folder));
      }
      return mailboxes.sort(inboxFirst);
    },
    messages: (mailbox, signal) =>
      readMessages(image, { path: mailbox.path, lists: listsOf(account, mailbox.path) }, signal),
    read: (message, options) => readMaildirMessage(image, message.path, options),
    subscriptions: () => readSubscriptions(image, account),
  };
}

/** Names of folders are in another order where they are not ASCII. */
function inboxFirst(a: StoredMailbox, b: StoredMailbox): number {
  if (a.name === b.name) return a.path < b.path ? -1 : 1;
  if (a.name === "INBOX" || b.name === "INBOX") return a.name === "INBOX" ? -1 : 1;
  return a.name < b.name ? -1 : 1;
}

const uidListNames = ["dovecot-uidlist", "courierimapuiddb"] as const;
const keywordsName = "dovecot-keywords";
const subscriptionNames = ["subscriptions", "courierimapsubscribed"] as const;

/** Where the lists of a Maildir may be: itself, or its counterpart below CONTROL=, where INBOX has a folder of its own. */
function listsOf({ root, control }: Maildirs, path: RawPath): readonly RawPath[] {
  if (control === root) return [path];
  const below = (root === "" ? path : path.slice(root.length + 1)) as RawPath;
  const names = path === root ? [".INBOX", "INBOX"] : [below];
  return [...names.map((name) => joinRawPath(control, name as RawPath)), path];
}

async function readMailbox(
  image: Image,
  account: Maildirs,
  folder: RawPath,
): Promise<StoredMailbox> {
  const problems: MailProblem[] = [];
  const path = folder === "" ? account.root : joinRawPath(account.root, folder);
  const lists = listsOf(account, path);
  const {
    uids: _,
    problems: listProblems,
    ...header
  } = await readUidList(image, lists, { headerOnly: true });
  const name =
    folder === "" ? "INBOX" : mailboxName(folder.split("/").flatMap(hierarchyOf), problems);
  const dependsOn = [
    ...["cur", "new"].map((part) => joinRawPath(path, part as RawName)),
    ...lists.flatMap((folder) =>
      [...uidListNames, keywordsName].map((part) => joinRawPath(folder, part as RawName)),
    ),
    joinRawPath(path, courierKeywordsName),
  ];
  return { name, path, ...header, dependsOn, problems: [...problems, ...listProblems] };
}

/** ".A.B" is B below A in Maildir++; without the dot in front a dot is a dot. */
function hierarchyOf(folderName: string): readonly string[] {
  return folderName.startsWith(".") ? folderName.slice(1).split(".") : [folderName];
}

function mailboxName(hierarchy: readonly string[], problems: MailProblem[]): string {
  const names = hierarchy.map((raw) => {
    const decoded = decodeMailboxName(raw);
    if (decoded.problem !== undefined) addProblem(problems, "mailbox-name", decoded.problem);
    return decoded.name;
  });
  return names.join("/");
}

async function readMessages(
  image: Image,
  { path, lists }: { readonly path: RawPath; readonly lists: readonly RawPath[] },
  signal: AbortSignal | undefined,
): Promise<StoredMessages> {
  const problems: MailProblem[] = [];
  const uidList = await readUidList(image, lists, { headerOnly: false });
  problems.push(...uidList.problems);
  const keywords = await readKeywords(image, lists, problems);
  const couriers = await readCourierKeywords(image, path, problems);
  const messages: StoredMessage[] = [];
  // Of those without a UID; the others are told by their UIDs once they are sorted.
  const seen = new Set<string>();
  for (const folderName of ["cur", "new"] as const) {
    const folder = joinRawPath(path, folderName as RawName);
    const within = `${folder}/`;
    const isRecent = folderName === "new";
    const listing: Listing = await image.list(folder, signal);
    for (const problem of listing.problems) addProblem(problems, "unreadable", problem.message);
    // By columns: an entry as an object, and names put together anew, cost more than all the rest.
    for (let index = 0; index < listing.length; index++) {
      const entryName = listing.names[index] as RawName;
      if (entryName.startsWith(".")) continue;
      if (entryTypeOf(listing.modes[index] as number) !== "file") {
        addProblem(problems, "not-a-message", `${JSON.stringify(entryName)} is not a file`);
        continue;
      }
      const name = parseMaildirName(entryName);
      const { baseName, keywordLetters, virtualSizeBytes } = name;
      const uid = uidList.uids.get(baseName);
      if (uid === undefined) {
        if (seen.has(baseName)) addDuplicate(problems, baseName);
        seen.add(baseName);
      }
      const file = (within + entryName) as RawPath;
      const own = keywordLetters === "" ? none : keywordsOf(keywordLetters, keywords);
      // Nearly no store has any: what is not asked for needs no hash of its name.
      const courier = couriers.size === 0 ? undefined : couriers.get(baseName);
      let sizeBytes: number = name.sizeBytes ?? (listing.sizes[index] as number);
      if (name.sizeBytes === undefined && name.otherLetters?.includes("Z") === true)
        sizeBytes = await sizeOf(image, { path: file, sizeBytes });
      messages.push(
        storedMessage(
          {
            path: file,
            flags: shownFlags(name.flags),
            keywords: courier === undefined ? own : [...new Set([...own, ...courier])].sort(),
            internalDateNs: listing.mtimesNs[index] as bigint,
            sizeBytes,
            isRecent,
          },
          uid,
          virtualSizeBytes,
        ),
      );
    }
  }
  sortByUid(messages);
  for (const [index, { uid, path: file }] of messages.entries()) {
    if (uid === undefined) break;
    if (uid === messages[index + 1]?.uid)
      addDuplicate(problems, parseMaildirName(rawBaseName(file)).baseName);
  }
  return { messages, problems };
}

function addDuplicate(problems: MailProblem[], baseName: string): void {
  addProblem(problems, "duplicate-message", `${JSON.stringify(baseName)} is there twice`);
}

type Always = Pick<
  StoredMessage,
  "path" | "flags" | "keywords" | "internalDateNs" | "sizeBytes" | "isRecent"
>;

/** Each form in one piece: objects that fields are added to take half as much memory again, and there are many. */
function storedMessage(
  { path, flags, keywords, internalDateNs, sizeBytes, isRecent }: Always,
  uid: number | undefined,
  virtualSizeBytes: number | undefined,
): StoredMessage {
  const key = path;
  if (uid === undefined) {
    return virtualSizeBytes === undefined
      ? { key, path, flags, keywords, internalDateNs, sizeBytes, isRecent }
      : { key, path, flags, keywords, internalDateNs, sizeBytes, virtualSizeBytes, isRecent };
  }
  return virtualSizeBytes === undefined
    ? { key, path, uid, flags, keywords, internalDateNs, sizeBytes, isRecent }
    : { key, path, uid, flags, keywords, internalDateNs, sizeBytes, virtualSizeBytes, isRecent };
}

/** Most are in order: names come by their times, as UIDs do. */
function sortByUid(messages: StoredMessage[]): void {
  for (let index = 1; index < messages.length; index++) {
    if (byUid(messages[index - 1] as StoredMessage, messages[index] as StoredMessage) <= 0)
      continue;
    messages.sort(byUid);
    return;
  }
}

/** Dovecot marks what it compressed by a Z among the flags; where the size is not in the name, only reading tells. */
async function sizeOf(
  image: Image,
  { path, sizeBytes }: Pick<StoredMessage, "path" | "sizeBytes">,
): Promise<number> {
  try {
    return await unpackedSize(image, path);
  } catch (error) {
    // Whoever reads it is told.
    if (!isImageError(error) && !isMailError(error)) throw error;
    return sizeBytes;
  }
}

const none: readonly string[] = [];

/** P ("passed") is no flag of IMAP: Dovecot keeps the letter and shows nothing of it. */
function shownFlags(flags: readonly string[]): readonly string[] {
  return flags.includes("$Forwarded") ? flags.filter((flag) => flag.startsWith("\\")) : flags;
}

function keywordsOf(letters: string, keywords: ReadonlyMap<number, string>): readonly string[] {
  return Array.from(letters, (letter) => keywordOf(letter, keywords)).sort();
}

function keywordOf(letter: string, keywords: ReadonlyMap<number, string>): string {
  const number = letter.charCodeAt(0) - 0x61;
  return keywords.get(number) ?? `unknown-${number}`;
}

/** The first that there is. */
async function readUidList(
  image: Image,
  folders: readonly RawPath[],
  options: { readonly headerOnly: boolean },
): Promise<UidList> {
  const places = folders.flatMap((folder) =>
    uidListNames.map((name) => joinRawPath(folder, name as RawName)),
  );
  for (const place of places) {
    const reader = new UidListReader();
    const problems: MailProblem[] = [];
    let last = "";
    const isThere = await eachLine(image, place, {
      line: (line) => {
        if (!options.headerOnly || !reader.hasHeader) reader.line(line);
        else if (line !== "") last = line;
        return true;
      },
      problems,
      code: "uid-list",
    });
    // The server adds lines without changing the header: only the last one tells UIDNEXT.
    if (last !== "") reader.line(last);
    if (!isThere) continue;
    const list = reader.result();
    return { ...list, problems: [...problems, ...list.problems] };
  }
  return { uids: new Map(), problems: [] };
}

async function readKeywords(
  image: Image,
  folders: readonly RawPath[],
  problems: MailProblem[],
): Promise<ReadonlyMap<number, string>> {
  const keywords = new Map<number, string>();
  const read = async (folder: RawPath): Promise<boolean> =>
    await eachLine(image, joinRawPath(folder, keywordsName as RawName), options);
  const options: EachLineOptions = {
    line: (line) => {
      const match = /^([0-9]{1,4}) (\S{1,500})$/.exec(line);
      if (match === null)
        addProblem(problems, "keywords", "A line of dovecot-keywords cannot be read");
      else
        keywords.set(Number(match[1]), Buffer.from(match[2] as string, "latin1").toString("utf8"));
      return true;
    },
    problems,
    code: "keywords",
  };
  for (const folder of folders) if (await read(folder)) break;
  return keywords;
}

/** Dovecot's `subscriptions` (version 1: names; version 2: a header, then names with tabs between levels), or Courier's. */
async function readSubscriptions(
  image: Image,
  account: Maildirs,
): Promise<{ readonly names: readonly string[]; readonly problems: readonly MailProblem[] }> {
  const problems: MailProblem[] = [];
  const names: string[] = [];
  for (const name of subscriptionNames) {
    const path = joinRawPath(account.control, name as RawName);
    let isVersion2 = false;
    let lines = 0;
    const isThere = await eachLine(image, path, {
      line: (line) => {
        if (lines++ === 0 && line === "V\t2") isVersion2 = true;
        else if (line !== "")
          names.push(
            mailboxName(subscribedHierarchy(line, isVersion2, rawBaseName(path)), problems),
          );
        return true;
      },
      problems,
      code: "subscriptions",
    });
    if (isThere) break;
  }
  return { names, problems };
}

function subscribedHierarchy(
  line: string,
  isVersion2: boolean,
  fileName: string,
): readonly string[] {
  if (isVersion2) return line.split("\t");
  const levels = line.split(/[./]/);
  const isCourier = fileName === "courierimapsubscribed";
  return isCourier && levels.length > 1 && levels[0] === "INBOX" ? levels.slice(1) : levels;
}

type EachLineOptions = {
  /** Returns whether to go on. */
  readonly line: (line: string) => boolean;
  readonly problems: MailProblem[];
  readonly code: MailProblem["code"];
};

/** False where there is no such file. A file that cannot be read is a problem, not an end. */
async function eachLine(image: Image, path: RawPath, options: EachLineOptions): Promise<boolean> {
  try {
    for await (const lines of readLinesTogether(image.read(path))) {
      if (!lines.every((line) => options.line(line))) break;
    }
    return true;
  } catch (error) {
    if (!isImageError(error)) throw error;
    if (error.code === "image.not-found") return false;
    addProblem(options.problems, options.code, error.message);
    return true;
  }
}
