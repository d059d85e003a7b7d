import type { ImapFlow } from "imapflow";

/** How a server writes mailboxes' names (RFC 2342). */
export type ImapNamespace = {
  /** "" or "INBOX.", say. */
  readonly prefix: string;
  /** Between levels; undefined where there are none. */
  readonly separator: string | undefined;
  /** Prefixes of other people's and of shared mailboxes. */
  readonly foreign: readonly string[];
};

/** Looks like a slash; stands for one that is a part of a level's name. */
const slashInLevel = "\u2215";

export function namespaceOf(client: Pick<ImapFlow, "namespace" | "namespaces">): ImapNamespace {
  const { namespace, namespaces } = client;
  const foreign = [namespaces?.other, namespaces?.shared].flatMap((found) =>
    Array.isArray(found) ? found.map(({ prefix }) => prefix).filter((prefix) => prefix !== "") : [],
  );
  const separator = namespace?.delimiter ?? undefined;
  return { prefix: namespace?.prefix ?? "", separator, foreign };
}

/** The name, with "/" between levels, of a path as the server lists it; undefined where it is not the owner's own. */
export function nameOfPath(
  path: string,
  { prefix, separator, foreign }: ImapNamespace,
): string | undefined {
  if (path.toUpperCase() === "INBOX") return "INBOX";
  if (foreign.some((other) => path.startsWith(other) && other.length >= prefix.length))
    return undefined;
  if (!path.startsWith(prefix)) return undefined;
  const levels = separator === undefined ? [path] : path.slice(prefix.length).split(separator);
  if (separator === "/") return levels.join("/");
  return levels.map((level) => level.replaceAll("/", slashInLevel)).join("/");
}

/** The inverse, for names that `nameHere` returned or a listing had. */
export function pathOfName(name: string, { prefix, separator }: ImapNamespace): string {
  if (name === "INBOX") return "INBOX";
  const levels = name.split("/").map((level) => level.replaceAll(slashInLevel, "/"));
  return prefix + levels.join(separator ?? "/");
}

/** A store's name for a mailbox as this server can have it: what a level cannot hold becomes "_". */
export function nameHere(name: string, { separator }: ImapNamespace): string {
  if (name.toUpperCase() === "INBOX") return "INBOX";
  const levels = name.split("/").map((level) => {
    const held =
      separator === undefined || separator === "/" ? level : level.replaceAll(separator, "_");
    // RFC 9051 §5.1 leaves control characters to nobody.
    const clean = held.replace(/\p{Cc}/gu, "_");
    return clean === "" ? "_" : clean;
  });
  return separator === undefined ? levels.join("_") : levels.join("/");
}
