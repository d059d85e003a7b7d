import {
  type Image,
  isImageError,
  joinRawPath,
  type Listing,
  rawBaseName,
  type RawName,
  type RawPath,
} from "#image";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import {
  byUid,
  type MailAccount,
  type StoredMailbox,
  type StoredMessage,
  type StoredMessages,
} from "../mail-store.ts";
import { decodeMailboxName } from "../mailbox-name.ts";
import type { FoundAccount } from "./maildir-find.ts";
import { parseMaildirName } from "./maildir-name.ts";
import { readLines, type UidList, UidListReader } from "./maildir-uid-list.ts";

/** A mailbox owner's Maildir++ root, or the top of a tree of Maildirs. */
export function openMaildirAccount(image: Image, account: FoundAccount): MailAccount {
  return {
    layout: "maildir",
    root: account.root,
    mailboxes: async (signal) => {
      const mailboxes: StoredMailbox[] = [];
      for (const folder of account.folders) {
        signal?.throwIfAborted();
        mailboxes.push(await readMailbox(image, account, folder));
      }
      return mailboxes.sort(inboxFirst);
    },
    messages: (mailbox, signal) => readMessages(image, mailbox.path, signal),
    read: (message, options) => image.read(message.path, options),
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

async function readMailbox(
  image: Image,
  account: FoundAccount,
  folder: RawPath,
): Promise<StoredMailbox> {
  const problems: MailProblem[] = [];
  const path = folder === "" ? account.root : joinRawPath(account.root, folder);
  const {
    uids: _,
    problems: listProblems,
    ...header
  } = await readUidList(image, path, { headerOnly: true });
  const name =
    folder === "" ? "INBOX" : mailboxName(folder.split("/").flatMap(hierarchyOf), problems);
  const dependsOn = ["cur", "new", ...uidListNames, keywordsName].map((part) =>
    joinRawPath(path, part as RawName),
  );
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
  path: RawPath,
  signal: AbortSignal | undefined,
): Promise<StoredMessages> {
  const problems: MailProblem[] = [];
  const uidList = await readUidList(image, path, { headerOnly: false });
  problems.push(...uidList.problems);
  const keywords = await readKeywords(image, path, problems);
  const messages: StoredMessage[] = [];
  const seen = new Set<string>();
  for (const folderName of ["cur", "new"] as const) {
    const folder = joinRawPath(path, folderName as RawName);
    const listing: Listing = await image.list(folder, signal);
    for (const problem of listing.problems) addProblem(problems, "unreadable", problem.message);
    for (const entry of listing) {
      if (entry.name.startsWith(".")) continue;
      if (entry.type !== "file") {
        addProblem(problems, "not-a-message", `${JSON.stringify(entry.name)} is not a file`);
        continue;
      }
      const name = parseMaildirName(entry.name);
      if (seen.has(name.baseName)) {
        addProblem(
          problems,
          "duplicate-message",
          `${JSON.stringify(name.baseName)} is there twice`,
        );
      }
      seen.add(name.baseName);
      const uid = uidList.uids.get(name.baseName);
      const file = joinRawPath(folder, entry.name);
      messages.push({
        key: file,
        path: file,
        flags: name.flags,
        keywords: Array.from(name.keywordLetters, (letter) => keywordOf(letter, keywords)).sort(),
        ...(uid === undefined ? {} : { uid }),
        internalDateNs: entry.mtimeNs,
        sizeBytes: name.sizeBytes ?? entry.sizeBytes,
        ...(name.virtualSizeBytes === undefined ? {} : { virtualSizeBytes: name.virtualSizeBytes }),
        isRecent: folderName === "new",
      });
    }
  }
  return { messages: messages.sort(byUid), problems };
}

function keywordOf(letter: string, keywords: ReadonlyMap<number, string>): string {
  const number = letter.charCodeAt(0) - 0x61;
  return keywords.get(number) ?? `unknown-${number}`;
}

async function readUidList(
  image: Image,
  path: RawPath,
  options: { readonly headerOnly: boolean },
): Promise<UidList> {
  for (const name of uidListNames) {
    const reader = new UidListReader();
    const problems: MailProblem[] = [];
    let last = "";
    const isThere = await eachLine(image, joinRawPath(path, name as RawName), {
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
  path: RawPath,
  problems: MailProblem[],
): Promise<ReadonlyMap<number, string>> {
  const keywords = new Map<number, string>();
  await eachLine(image, joinRawPath(path, keywordsName as RawName), {
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
  });
  return keywords;
}

/** Dovecot's `subscriptions` (version 1: names; version 2: a header, then names with tabs between levels), or Courier's. */
async function readSubscriptions(
  image: Image,
  account: FoundAccount,
): Promise<{ readonly names: readonly string[]; readonly problems: readonly MailProblem[] }> {
  const problems: MailProblem[] = [];
  const names: string[] = [];
  for (const name of subscriptionNames) {
    const path = joinRawPath(account.root, name as RawName);
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
    for await (const line of readLines(image.read(path))) {
      if (!options.line(line)) break;
    }
    return true;
  } catch (error) {
    if (!isImageError(error)) throw error;
    if (error.code === "image.not-found") return false;
    addProblem(options.problems, options.code, error.message);
    return true;
  }
}
