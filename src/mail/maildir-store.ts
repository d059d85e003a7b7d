import {
  type Image,
  isImageError,
  joinRawPath,
  type Listing,
  rawBaseName,
  type RawName,
  type RawPath,
  rootPath,
} from "#image";
import { findMaildirs, type FoundAccount } from "./maildir-find.ts";
import { parseMaildirName } from "./maildir-name.ts";
import { readLines, type UidList, UidListReader } from "./maildir-uid-list.ts";
import { addProblem, type MailProblem } from "./mail-problem.ts";
import { decodeMailboxName } from "./mailbox-name.ts";

/** All mail of one or many users, kept in Maildirs. */
export type MaildirStore = {
  /** Ascending by raw path. */
  readonly accounts: readonly MaildirAccount[];
  readonly problems: readonly MailProblem[];
  readMessage(message: Pick<MaildirMessage, "path">): AsyncIterable<Uint8Array>;
};

/** A mailbox owner's Maildir++ root, or the top of a tree of Maildirs. */
export type MaildirAccount = {
  readonly root: RawPath;
  mailboxes(): Promise<readonly MaildirMailbox[]>;
  /** Every message of one mailbox. Throws ImageError when `cur` or `new` cannot be listed. */
  messages(mailbox: Pick<MaildirMailbox, "rawPath">): Promise<MaildirMessages>;
  /** Names of the mailboxes that the owner's clients show. */
  subscriptions(): Promise<{
    readonly names: readonly string[];
    readonly problems: readonly MailProblem[];
  }>;
};

export type MaildirMailbox = {
  /** As a person reads it: "INBOX", "Archive/2024". */
  readonly name: string;
  /** The folder that holds `cur` and `new`. */
  readonly rawPath: RawPath;
  readonly uidValidity?: number;
  readonly uidNext?: number;
  readonly guid?: string;
  readonly problems: readonly MailProblem[];
};

export type MaildirMessages = {
  readonly messages: readonly MaildirMessage[];
  readonly problems: readonly MailProblem[];
};

export type MaildirMessage = {
  readonly path: RawPath;
  readonly baseName: RawName;
  /** IMAP's flags: `\Seen`, … and `$Forwarded`. */
  readonly flags: readonly string[];
  /** Names from `dovecot-keywords`; "unknown-N" for a letter that it does not explain. */
  readonly keywords: readonly string[];
  readonly uid?: number;
  /** When the message arrived: the file's mtime, nanoseconds since 1970 UTC. */
  readonly internalDateNs: bigint;
  /** S= of the name, else the file's size. */
  readonly sizeBytes: number;
  /** W= of the name: the size with CRLF. */
  readonly virtualSizeBytes?: number;
  /** In `new`: no client has seen it yet. */
  readonly isRecent: boolean;
};

const uidListNames = ["dovecot-uidlist", "courierimapuiddb"] as const;
const subscriptionNames = ["subscriptions", "courierimapsubscribed"] as const;

/** Opens the Maildirs anywhere below `root`. Throws ImageError when `root` itself cannot be listed. */
export async function openMaildirStore(
  image: Image,
  root: RawPath = rootPath,
): Promise<MaildirStore> {
  const problems: MailProblem[] = [];
  const found = await findMaildirs(image, root, problems);
  return {
    accounts: found.map((account) => openAccount(image, account)),
    problems,
    readMessage: (message) => image.read(message.path),
  };
}

function openAccount(image: Image, account: FoundAccount): MaildirAccount {
  return {
    root: account.root,
    mailboxes: async () => {
      const mailboxes: MaildirMailbox[] = [];
      for (const folder of account.folders)
        mailboxes.push(await readMailbox(image, account, folder));
      return mailboxes;
    },
    messages: (mailbox) => readMessages(image, mailbox.rawPath),
    subscriptions: () => readSubscriptions(image, account),
  };
}

async function readMailbox(
  image: Image,
  account: FoundAccount,
  folder: RawPath,
): Promise<MaildirMailbox> {
  const problems: MailProblem[] = [];
  const rawPath = folder === "" ? account.root : joinRawPath(account.root, folder);
  const {
    uids: _,
    problems: listProblems,
    ...header
  } = await readUidList(image, rawPath, { headerOnly: true });
  const name =
    folder === "" ? "INBOX" : mailboxName(folder.split("/").flatMap(hierarchyOf), problems);
  return { name, rawPath, ...header, problems: [...problems, ...listProblems] };
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

async function readMessages(image: Image, rawPath: RawPath): Promise<MaildirMessages> {
  const problems: MailProblem[] = [];
  const uidList = await readUidList(image, rawPath, { headerOnly: false });
  problems.push(...uidList.problems);
  const keywords = await readKeywords(image, rawPath, problems);
  const messages: MaildirMessage[] = [];
  const seen = new Set<string>();
  for (const folderName of ["cur", "new"] as const) {
    const folder = joinRawPath(rawPath, folderName as RawName);
    const listing: Listing = await image.list(folder);
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
      messages.push({
        path: joinRawPath(folder, entry.name),
        baseName: name.baseName,
        flags: name.flags,
        keywords: Array.from(name.keywordLetters, (letter) => keywordOf(letter, keywords)),
        ...(uid === undefined ? {} : { uid }),
        internalDateNs: entry.mtimeNs,
        sizeBytes: name.sizeBytes ?? entry.sizeBytes,
        ...(name.virtualSizeBytes === undefined ? {} : { virtualSizeBytes: name.virtualSizeBytes }),
        isRecent: folderName === "new",
      });
    }
  }
  return { messages, problems };
}

function keywordOf(letter: string, keywords: ReadonlyMap<number, string>): string {
  const number = letter.charCodeAt(0) - 0x61;
  return keywords.get(number) ?? `unknown-${number}`;
}

async function readUidList(
  image: Image,
  rawPath: RawPath,
  options: { readonly headerOnly: boolean },
): Promise<UidList> {
  for (const name of uidListNames) {
    const path = joinRawPath(rawPath, name as RawName);
    const reader = new UidListReader();
    const problems: MailProblem[] = [];
    const isThere = await eachLine(image, path, {
      line: (line) => {
        reader.line(line);
        return !options.headerOnly;
      },
      problems,
      code: "uid-list",
    });
    if (!isThere) continue;
    const list = reader.result();
    return { ...list, problems: [...problems, ...list.problems] };
  }
  return { uids: new Map(), problems: [] };
}

async function readKeywords(
  image: Image,
  rawPath: RawPath,
  problems: MailProblem[],
): Promise<ReadonlyMap<number, string>> {
  const keywords = new Map<number, string>();
  await eachLine(image, joinRawPath(rawPath, "dovecot-keywords" as RawName), {
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
