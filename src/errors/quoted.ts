const longestQuoted = 80;

/** The text in quotes for a message: short, and without characters that could break a line or move a cursor. */
export function quoted(text: string): string {
  const short = text.length > longestQuoted ? `${text.slice(0, longestQuoted)}…` : text;
  return `"${short.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\u{fffd}")}"`;
}
