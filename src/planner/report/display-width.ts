const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
const plain = /^[\x20-\x7e]*$/;
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
const zeroWidth = /^[\p{M}\u200b-\u200d]+$/u;

/** Columns that a terminal gives to the text: two for wide letters and emoji, none for what combines. */
export function displayWidth(text: string): number {
  if (plain.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += widthOf(segment);
  return width;
}

/** At most `columns` wide, with `ellipsis` where something was cut. */
export function fitted(text: string, columns: number, ellipsis: string = "…"): string {
  if (displayWidth(text) <= columns) return text;
  if (columns <= ellipsis.length) return ellipsis.slice(0, Math.max(0, columns));
  const [head = ""] = broken(text, columns - ellipsis.length);
  // A wide letter may be too wide for what is left.
  return displayWidth(head) > columns - ellipsis.length ? ellipsis : head.trimEnd() + ellipsis;
}

/** The text cut between its letters into pieces of at most `columns`; a letter wider than that stands alone. */
export function broken(text: string, columns: number): readonly string[] {
  const pieces: string[] = [];
  let piece = "";
  let width = 0;
  for (const { segment } of segmenter.segment(text)) {
    const more = widthOf(segment);
    if (width + more > columns && piece !== "") {
      pieces.push(piece);
      piece = "";
      width = 0;
    }
    piece += segment;
    width += more;
  }
  return piece === "" ? pieces : [...pieces, piece];
}

export function padded(text: string, columns: number, align: "left" | "right" = "left"): string {
  const blanks = " ".repeat(Math.max(0, columns - displayWidth(text)));
  return align === "right" ? blanks + text : text + blanks;
}

function widthOf(grapheme: string): number {
  if (zeroWidth.test(grapheme)) return 0;
  return wide.test(grapheme) ? 2 : 1;
}
