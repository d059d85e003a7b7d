import type { Image, RawName, RawPath } from "#image";
import { messageIdentity, parseMaildirName } from "#mail";

/** The two parts of a message's file name: who it is, and the letters after ":2,". */
export function messageNameOf(name: string): { readonly base: string; readonly flags: string } {
  const { baseName } = parseMaildirName(name as RawName);
  return { base: baseName, flags: name.slice(baseName.length + ":2,".length) };
}

/** The digest that tells whether two files are the same message (#mail). */
export async function identityOf(
  image: Image,
  path: RawPath,
  signal?: AbortSignal,
): Promise<string> {
  return await messageIdentity(image.read(path, signal === undefined ? {} : { signal }));
}

export type KeywordTranslation = (flags: string) => {
  readonly letters: string;
  /** Keywords that the folder does not know now. */
  readonly lost: readonly string[];
};

/** Turns the keyword letters of one dovecot-keywords file into those of another. Flags stay. */
export function keywordTranslation(
  past: string | undefined,
  now: string | undefined,
): KeywordTranslation {
  // Without both files the letters cannot be understood, or the file comes along: they stay.
  if (past === undefined || now === undefined) return (flags) => ({ letters: flags, lost: [] });
  const names = parseKeywords(past);
  const letterOf = new Map([...parseKeywords(now)].map(([letter, name]) => [name, letter]));
  return (flags) => {
    const lost: string[] = [];
    const letters = new Set<string>();
    for (const letter of flags) {
      const name = names.get(letter);
      const translated = name === undefined ? letter : letterOf.get(name);
      if (translated === undefined) lost.push(name as string);
      else letters.add(translated);
    }
    // Ascending, as maildir(5) wants them.
    return { letters: [...letters].toSorted().join(""), lost };
  };
}

/** Dovecot's file: a line "0 $Label" says that the letter a is $Label. Letter → keyword. */
function parseKeywords(text: string): ReadonlyMap<string, string> {
  const keywords = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^([0-9]{1,2}) (\S+)$/.exec(line);
    const index = Number(match?.[1]);
    if (match !== null && index < 26) {
      keywords.set(String.fromCharCode(0x61 + index), match[2] as string);
    }
  }
  return keywords;
}
