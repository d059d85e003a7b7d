import { type RawPath, rawParent } from "#image";
import {
  type CyrusName,
  isUniqueId,
  ownerOf,
  parseInternalName,
  pathOfId,
  pathsOfName,
  pathsOfUserFile,
} from "./cyrus-name.ts";
import { readDatabase } from "./database.ts";
import { type ListedMailbox, readMailboxList } from "./mailbox-list.ts";

/** Where mailboxes lie, by the names that Cyrus writes into its logs ("example.org!user.ann.Sent"). */
export type CyrusFolders = {
  /** Where it may lie within a partition; [] where the list does not have it. */
  readonly ofMailbox: (internalName: string) => readonly RawPath[];
  /** Names of all that an owner has ("ann", "ann@example.org"). */
  readonly mailboxesOf: (owner: string) => readonly string[];
  /** Where files of an owner may lie within the configuration folder. */
  readonly ofUser: (owner: string) => readonly RawPath[];
  /** Sentences in plain words. */
  readonly problems: readonly string[];
};

/** From the bytes of mailboxes.db. Never throws. */
export function cyrusFolders(database: Uint8Array): CyrusFolders {
  const { mailboxes, problems } = readMailboxList(readDatabase(database));
  const paths = new Map<string, readonly RawPath[]>();
  const owned = new Map<string, string[]>();
  const files = new Map<string, readonly RawPath[]>();
  for (const mailbox of mailboxes) {
    const { name, uniqueId } = mailbox;
    const key = keyOf(name);
    paths.set(key, pathsOf(mailbox));
    const owner = ownerOf(name);
    if (owner === undefined || name.deleted !== undefined) continue;
    const known = owned.get(owner);
    if (known === undefined) owned.set(owner, [key]);
    else known.push(key);
    if (name.folders.length > 0) continue;
    const some = pathsOfUserFile(name, { kind: "seen", inboxId: uniqueId });
    files.set(owner, [...new Set(some.map(rawParent))]);
  }
  return {
    ofMailbox: (internalName) => {
      const name = parseInternalName(internalName);
      return name === undefined ? [] : (paths.get(keyOf(name)) ?? []);
    },
    mailboxesOf: (owner) => owned.get(owner) ?? [],
    ofUser: (owner) => files.get(owner) ?? [],
    problems,
  };
}

function pathsOf({ name, uniqueId, isByName }: ListedMailbox): readonly RawPath[] {
  const byId = uniqueId === undefined || !isUniqueId(uniqueId) ? [] : [pathOfId(uniqueId)];
  return isByName || uniqueId === undefined ? [...pathsOfName(name), ...byId] : byId;
}

/** As it is written in logs. */
function keyOf({ domain, user, folders, deleted }: CyrusName): string {
  const own = user === undefined ? folders : ["user", user, ...folders];
  const all = deleted === undefined ? own : ["DELETED", ...own, deleted];
  const written = all.map((part) => part.replaceAll(".", "^")).join(".");
  return domain === undefined ? written : `${domain}!${written}`;
}
