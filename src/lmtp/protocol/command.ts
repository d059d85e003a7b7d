import { type Reply, reply } from "./reply.ts";

/** `KEY` or `KEY=VALUE` after an address (RFC 5321 §4.1.2), keys in capitals. */
export type Parameters = ReadonlyMap<string, string | undefined>;

export type Command =
  | { readonly verb: "LHLO"; readonly name: string }
  | MailCommand
  | RecipientCommand
  | { readonly verb: "DATA" }
  | { readonly verb: "RSET" | "NOOP" | "QUIT" | "STARTTLS" | "VRFY" }
  /** RFC 3030 §2. So many bytes follow at once, whatever is answered. */
  | { readonly verb: "BDAT"; readonly sizeBytes: number; readonly isLast: boolean }
  | { readonly verb: "XCLIENT"; readonly attributes: string }
  /** Not understood, or not ours. Fatal where nobody knows where the next command begins. */
  | { readonly verb: "problem"; readonly reply: Reply; readonly isFatal: boolean };

/** Texts are bytes, one character each. */
export type MailCommand = {
  readonly verb: "MAIL";
  /** What stands between the angle brackets; empty for a notification. */
  readonly sender: string;
  readonly parameters: Parameters;
  /** The whole command as it goes to the mail server. */
  readonly line: string;
};
export type RecipientCommand = {
  readonly verb: "RCPT";
  readonly recipient: string;
  readonly parameters: Parameters;
  readonly line: string;
};

/** A line without its CR LF, one character per byte. */
export function parseCommand(line: string): Command {
  if (hasControls(line)) return problem(500, "5.5.2 Control characters in a command");
  const [, verb = "", tail = ""] = /^([A-Za-z]+)(?: +(.*))?$/.exec(line) ?? [];
  const rest = withoutTrailingSpaces(tail);
  const word = verb.toUpperCase();
  switch (word) {
    case "LHLO":
      return parseGreeting(rest);
    case "MAIL":
      return parseMail(rest);
    case "RCPT":
      return parseRecipient(rest);
    case "BDAT":
      return parseChunk(rest);
    case "XCLIENT":
      return { verb: "XCLIENT", attributes: rest };
    case "DATA":
      return rest === "" ? { verb: "DATA" } : problem(501, "5.5.4 DATA takes no argument");
    case "RSET":
    case "QUIT":
    case "STARTTLS":
      return rest === "" ? { verb: word } : problem(501, `5.5.4 ${word} takes no argument`);
    case "NOOP":
    case "VRFY":
      return { verb: word };
    case "HELO":
    case "EHLO":
      // RFC 2033 §4.1: a server must not answer these with success.
      return problem(500, "5.5.1 This is LMTP: say LHLO");
    default:
      return problem(500, "5.5.1 Unknown command");
  }
}

/** Bytes that end lines, or do worse, where somebody prints them. */
export function hasControls(text: string): boolean {
  if (/^[\x20-\x7e]*$/.test(text)) return false;
  return /\p{Cc}/u.test(text.replace(/[\u{80}-\u{9f}]/gu, ""));
}

/** In one pass: a regular expression would take the square of what a hostile line has. */
export function withoutTrailingSpaces(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === " ") end--;
  return text.slice(0, end);
}

function parseGreeting(name: string): Command {
  if (name === "") return problem(501, "5.5.4 LHLO needs the name of the client");
  return name.length <= 255 ? { verb: "LHLO", name } : problem(501, "5.5.4 The name is too long");
}

function parseMail(rest: string): Command {
  const found = parsePath(rest, "FROM");
  if (found === undefined) return problem(501, "5.5.4 Syntax: MAIL FROM:<address> [parameters]");
  const { path, parameters, tail } = found;
  return { verb: "MAIL", sender: path, parameters, line: `MAIL FROM:<${path}>${tail}` };
}

function parseRecipient(rest: string): Command {
  const found = parsePath(rest, "TO");
  if (found === undefined || found.path === "")
    return problem(501, "5.5.4 Syntax: RCPT TO:<address> [parameters]");
  const { path, parameters, tail } = found;
  return { verb: "RCPT", recipient: path, parameters, line: `RCPT TO:<${path}>${tail}` };
}

const startOfPath = { FROM: /^FROM: *</i, TO: /^TO: *</i } as const;

/** `FROM:<path> KEY=VALUE …`; the tail is the parameters as they were, each with one space in front. */
function parsePath(
  rest: string,
  word: "FROM" | "TO",
): { path: string; parameters: Parameters; tail: string } | undefined {
  const start = startOfPath[word].exec(rest)?.[0].length;
  if (start === undefined) return undefined;
  const end = endOfPath(rest, start);
  if (end === undefined) return undefined;
  const words = rest.slice(end + 1).split(/ +/);
  // What follows the bracket at once is no parameter.
  if (words.shift() !== "") return undefined;
  const parameters = new Map<string, string | undefined>();
  for (const text of words) {
    const [, key, value] = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=(.+))?$/.exec(text) ?? [];
    if (key === undefined || parameters.has(key.toUpperCase())) return undefined;
    parameters.set(key.toUpperCase(), value);
  }
  return {
    path: rest.slice(start, end),
    parameters,
    tail: words.map((text) => ` ${text}`).join(""),
  };
}

/** Where the closing bracket is: not one inside a quoted local part. */
function endOfPath(text: string, start: number): number | undefined {
  let isQuoted = false;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (isQuoted && character === "\\") at++;
    else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && character === ">") return at;
    else if (!isQuoted && (character === "<" || character === " ")) return undefined;
  }
  return undefined;
}

function parseChunk(rest: string): Command {
  const [, digits, last] = /^(\d{1,12})( +LAST)?$/i.exec(rest) ?? [];
  if (digits === undefined)
    return { ...problem(501, "5.5.4 Syntax: BDAT size [LAST]"), isFatal: true };
  return { verb: "BDAT", sizeBytes: Number(digits), isLast: last !== undefined };
}

function problem(code: number, text: string): Extract<Command, { verb: "problem" }> {
  return { verb: "problem", reply: reply(code, text), isFatal: false };
}
