import { displayPath, rawPathFromText } from "#image";

/**
 * Text from mail or from a person, made safe for a terminal: control characters, escapes and direction
 * overrides become \xNN, so that a subject can neither move the cursor nor retype the line.
 */
export function safeText(text: string): string {
  return displayPath(rawPathFromText(text));
}

/**
 * A document from mail, made safe for a terminal: line ends and tabs are its own, other control characters and
 * direction overrides become \xNN. What joins characters of some scripts stays.
 */
export function safeDocument(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replace(
      // oxlint-disable-next-line no-control-regex
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
      (character) => safeText(character),
    )
    .toWellFormed();
}

/** The same, where line breaks are ours (an error's hint stands on its own line). */
export function safeLines(text: string): string {
  return text.split("\n").map(safeText).join("\n");
}

/** 1204 → "1,204". */
export function countText(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** "1 message", "2 messages". */
export function plural(count: number, noun: string, nouns: string = `${noun}s`): string {
  return `${countText(count)} ${count === 1 ? noun : nouns}`;
}

/** Rows as columns two spaces apart; the last column is not padded. Numbers go right. */
export function tableText(
  rows: readonly (readonly string[])[],
  options: { readonly right?: readonly number[] } = {},
): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries())
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  const right = new Set(options.right);
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return right.has(column) ? cell.padStart(width) : cell.padEnd(width);
        })
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** At most `columns` characters, with "…" where something was cut. */
export function clipped(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;
}
