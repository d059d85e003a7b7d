import { withoutTrailingSpaces } from "./command.ts";
import type { Reply } from "./reply.ts";

/** What a server offers after LHLO: keyword in capitals → its arguments as text. */
export type Capabilities = ReadonlyMap<string, string>;

/**
 * Extensions that we hand on: what they ask for, the mail server does. PIPELINING is not among them
 * because it is between two neighbours.
 */
const handedOn: readonly string[] = [
  "8BITMIME",
  "CHUNKING",
  "DSN",
  "ENHANCEDSTATUSCODES",
  "SMTPUTF8",
];

/** From the lines of a positive answer to LHLO; the first is the server's name. */
export function readCapabilities({ lines }: Reply): Capabilities {
  const found = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const [, keyword, rest = ""] =
      /^([A-Za-z0-9][A-Za-z0-9-]*)(?: +(.*))?$/.exec(withoutTrailingSpaces(line)) ?? [];
    if (keyword !== undefined) found.set(keyword.toUpperCase(), rest);
  }
  return found;
}

export type OfferOptions = {
  readonly name: string;
  readonly server: Capabilities;
  /** The largest message that we take. */
  readonly maxMessageBytes: number;
  readonly withStartTls: boolean;
  readonly withXclient: boolean;
};

/** The lines of our answer to LHLO: what the mail server offers and we hand on, and what is ours. */
export function offeredLines(options: OfferOptions): readonly string[] {
  const { name, server, maxMessageBytes, withStartTls, withXclient } = options;
  return [
    name,
    "PIPELINING",
    ...handedOn.filter((keyword) => server.has(keyword)),
    ...(server.has("SIZE") ? [`SIZE ${sizeLimit(server, maxMessageBytes)}`] : []),
    ...(withStartTls ? ["STARTTLS"] : []),
    ...(withXclient ? ["XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"] : []),
  ];
}

/** RFC 1870 §4: nothing and 0 both mean that no limit is known. */
function sizeLimit(server: Capabilities, ours: number): number {
  const [digits] = /^\d{1,15}/.exec(server.get("SIZE") ?? "") ?? [];
  const theirs = Number(digits ?? 0);
  return theirs === 0 ? ours : Math.min(theirs, ours);
}
