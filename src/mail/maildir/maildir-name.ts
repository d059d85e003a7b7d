import type { RawName } from "#image";

/** What the name of a message's file says (Maildir, Maildir++ and Dovecot's S= and W=). */
export type MaildirName = {
  /** Up to the ":" and unchanged for the message's lifetime in this folder. */
  readonly baseName: RawName;
  /** IMAP's flags, in the order of the letters. */
  readonly flags: readonly string[];
  /** a–z, ascending; `dovecot-keywords` says what they mean. */
  readonly keywordLetters: string;
  /** S=: size of the file as stored before compression. */
  readonly sizeBytes?: number;
  /** W=: size with CRLF. */
  readonly virtualSizeBytes?: number;
  /** Letters that no server of today writes; kept so that nothing is lost. */
  readonly otherLetters?: string;
};

/** P, "passed on", is a keyword in IMAP. */
const flagOfLetter: ReadonlyMap<string, string> = new Map([
  ["D", "\\Draft"],
  ["F", "\\Flagged"],
  ["P", "$Forwarded"],
  ["R", "\\Answered"],
  ["S", "\\Seen"],
  ["T", "\\Deleted"],
]);
const letterOfFlag: ReadonlyMap<string, string> = new Map(
  [...flagOfLetter].map(([letter, flag]) => [flag, letter]),
);
const infoStart = ":2,";

export function parseMaildirName(name: RawName): MaildirName {
  // The first ":" counts, and flags end at the next comma, as in Dovecot's maildir-filename-flags.c.
  const colon = name.indexOf(":");
  const baseName = (colon < 0 ? name : name.slice(0, colon)) as RawName;
  const hasFlags = colon >= 0 && name.startsWith(infoStart, colon);
  const { flags, keywordLetters, otherLetters } = lettersOf(
    hasFlags ? name.slice(colon + infoStart.length) : "",
  );
  const sizeBytes = sizeField(baseName, ",S=");
  const virtualSizeBytes = sizeField(baseName, ",W=");
  // Folders hold a hundred thousand of these: objects that are put together cost most of the time.
  if (sizeBytes !== undefined && virtualSizeBytes !== undefined && otherLetters === "")
    return { baseName, flags, keywordLetters, sizeBytes, virtualSizeBytes };
  const parsed: Writable<MaildirName> = { baseName, flags, keywordLetters };
  if (sizeBytes !== undefined) parsed.sizeBytes = sizeBytes;
  if (virtualSizeBytes !== undefined) parsed.virtualSizeBytes = virtualSizeBytes;
  if (otherLetters !== "") parsed.otherLetters = otherLetters;
  return parsed;
}

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };
type Letters = Pick<MaildirName, "flags" | "keywordLetters"> & { readonly otherLetters: string };

/** Most messages have one of a few combinations. Forgotten where they become many: names are anybody's. */
const knownLetters = new Map<string, Letters>();
const knownLimit = 1024;

function lettersOf(info: string): Letters {
  const known = knownLetters.get(info);
  if (known !== undefined) return known;
  const flags: string[] = [];
  let keywordLetters = "";
  let otherLetters = "";
  for (const letter of sortedLetters(info.split(",", 1)[0] as string)) {
    const flag = flagOfLetter.get(letter);
    if (flag !== undefined) flags.push(flag);
    else if (letter >= "a" && letter <= "z") keywordLetters += letter;
    else otherLetters += letter;
  }
  if (knownLetters.size >= knownLimit) knownLetters.clear();
  // Shared by all messages that have them.
  const letters = { flags: Object.freeze(flags), keywordLetters, otherLetters };
  knownLetters.set(info, letters);
  return letters;
}

/** The name in `cur` of a message with these flags; flags without a letter are left out. */
export function formatMaildirName(
  name: Pick<MaildirName, "baseName" | "flags" | "keywordLetters" | "otherLetters">,
): RawName {
  const letters = name.flags.map((flag) => letterOfFlag.get(flag) ?? "").join("");
  const all = sortedLetters(letters + name.keywordLetters + (name.otherLetters ?? ""));
  return `${name.baseName}${infoStart}${all.join("")}` as RawName;
}

/** Each character once, in ascending order, as Maildir wants them. */
function sortedLetters(letters: string): readonly string[] {
  return [...new Set(letters.split(""))].toSorted();
}

/** Of a size: more would be no exact number. */
const mostDigits = 15;

function sizeField(baseName: string, key: string): number | undefined {
  const at = baseName.lastIndexOf(key);
  if (at < 0) return undefined;
  const start = at + key.length;
  let value = 0;
  let index = start;
  for (; index < baseName.length && index - start <= mostDigits; index++) {
    const digit = baseName.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  const isNumber = index > start && index - start <= mostDigits;
  return isNumber && (index === baseName.length || baseName[index] === ",") ? value : undefined;
}
