/** UTF-16 units, so that a name of a megabyte neither fills a page nor takes long. */
const longestText = 4000;
const longestLabel = 300;
const longestCode = 200_000;

const lineBreaks = /[\t\n\v\f\r\u0085\p{Zl}\p{Zp}]+/gu;
/**
 * Controls, direction marks and overrides, other invisible formats, lone surrogates, private and
 * unassigned characters. The two joiners stay: Persian and emoji are misspelt without them.
 */
const unshowable = /(?![\u200c\u200d])\p{C}/gu;

/** One line of text in which everything is what it looks like. What cannot be shown becomes U+FFFD. */
export function safeText(text: string, longest: number = longestText): string {
  return shown(clipped(text, longest).replace(lineBreaks, " "));
}

/** The same for a name or a heading: short enough to stand in a drawing's title, a caption or a contents list. */
export function safeLabel(text: string): string {
  return safeText(text, longestLabel);
}

/** The lines of a code block; a tab is two blanks. */
export function safeCodeLines(text: string): readonly string[] {
  return clipped(text, longestCode)
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map((line) => shown(line.replaceAll("\t", "  ")));
}

function shown(text: string): string {
  return text.replace(unshowable, "\u{fffd}");
}

function clipped(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const last = text.charCodeAt(longest - 1);
  const splitsPair = last >= 0xd800 && last < 0xdc00;
  return `${text.slice(0, splitsPair ? longest - 1 : longest)}…`;
}
