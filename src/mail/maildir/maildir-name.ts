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
  const [letters = ""] = hasFlags ? name.slice(colon + infoStart.length).split(",", 1) : [];
  const flags: string[] = [];
  let keywordLetters = "";
  let otherLetters = "";
  for (const letter of sortedLetters(letters)) {
    const flag = flagOfLetter.get(letter);
    if (flag !== undefined) flags.push(flag);
    else if (letter >= "a" && letter <= "z") keywordLetters += letter;
    else otherLetters += letter;
  }
  const sizeBytes = sizeField(baseName, ",S=");
  const virtualSizeBytes = sizeField(baseName, ",W=");
  return {
    baseName,
    flags,
    keywordLetters,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(virtualSizeBytes === undefined ? {} : { virtualSizeBytes }),
    ...(otherLetters === "" ? {} : { otherLetters }),
  };
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

function sizeField(baseName: string, key: string): number | undefined {
  const at = baseName.lastIndexOf(key);
  if (at < 0) return undefined;
  const digits = /^[0-9]{1,15}(?=,|$)/.exec(baseName.slice(at + key.length, at + key.length + 17));
  return digits === null ? undefined : Number(digits[0]);
}
