import { parseDlist } from "./dlist.ts";

/** What `cyrus.header` says of a mailbox. Text with one character per byte. */
export type CyrusHeader = {
  /** Internal name; only since 3.6. */
  readonly name?: string;
  readonly uniqueId?: string;
  /** Letters as in mailboxes.db; only since 3.6. */
  readonly type?: string;
  /** By bit in a record's user flags; undefined: not in use. */
  readonly flagNames: readonly (string | undefined)[];
  /** Identifier, tab, rights, tab, and so on. */
  readonly acl?: string;
  /** Sentences in plain words. */
  readonly problems: readonly string[];
};

/** The most flags of its own that a mailbox can have. */
export const userFlagLimit = 128;

const start =
  "\xa1\x02\x8b\x0dCyrus mailbox header\n" +
  '"The best thing about this system was that it had lots of goals."\n' +
  "\t--Jim Morris on Andrew\n";

/**
 * A magic of three lines, then in 3.6 one line of dlist: `%(T type N name I uniqueid Q quotaroot A
 * %(identifier rights …) U (flag NIL …))`. Before: a line "quotaroot, tab, unique ID", one of flag
 * names with a space between them, one with the ACL. Source: Cyrus IMAP 3.6.1, imap/mailbox.c. Never throws.
 */
export function parseCyrusHeader(bytes: Uint8Array): CyrusHeader {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const problems: string[] = [];
  if (!text.startsWith(start)) problems.push("cyrus.header does not begin as it should");
  // With a damaged magic, what follows may still be whole.
  const lines = (text.startsWith(start) ? text.slice(start.length) : afterThreeLines(text)).split(
    "\n",
  );
  const [first = ""] = lines;
  if (first.startsWith("%")) return { ...readDlist(first, problems), problems };
  const [, uniqueId] = first.split("\t");
  if (lines.length < 4 || uniqueId === undefined)
    problems.push("cyrus.header is cut off or damaged");
  const names = (lines[1] ?? "").split(" ").slice(0, userFlagLimit);
  const acl = lines[2];
  return {
    ...(uniqueId === undefined || uniqueId === "" ? {} : { uniqueId }),
    flagNames: names.map((name) => (name === "" ? undefined : name)),
    ...(acl === undefined || acl === "" ? {} : { acl }),
    problems,
  };
}

function readDlist(line: string, problems: string[]): Omit<CyrusHeader, "problems"> {
  const fields = parseDlist(line);
  if (!(fields instanceof Map)) {
    problems.push("cyrus.header is damaged");
    return { flagNames: [] };
  }
  const name = fields.get("N");
  const uniqueId = fields.get("I");
  const type = fields.get("T");
  const flags = fields.get("U");
  const acl = fields.get("A");
  return {
    ...(typeof name === "string" ? { name } : {}),
    ...(typeof uniqueId === "string" ? { uniqueId } : {}),
    ...(typeof type === "string" ? { type } : {}),
    flagNames: Array.isArray(flags)
      ? flags.slice(0, userFlagLimit).map((flag) => (typeof flag === "string" ? flag : undefined))
      : [],
    ...(acl instanceof Map ? { acl: aclText(acl) } : {}),
  };
}

export function aclText(acl: ReadonlyMap<string, unknown>): string {
  return [...acl]
    .map(([identifier, rights]) => `${identifier}\t${typeof rights === "string" ? rights : ""}\t`)
    .join("");
}

function afterThreeLines(text: string): string {
  let at = 0;
  for (let line = 0; line < 3; line++) at = text.indexOf("\n", at) + 1 || text.length;
  return text.slice(at);
}
