import { broken, displayWidth } from "./display-width.ts";
import { origins, states } from "./origins.ts";
import { partsOf, type Cell, detailOf, type Inline } from "./report.ts";
import { safeText } from "./safe-text.ts";
import type { Paint, TextStyle } from "./text-style.ts";

const noBreak = "\u00a0";

/** Text with its paint beside it: widths are counted before anything is painted. */
export type Piece = { readonly text: string; readonly paint?: Paint };
export type Line = readonly Piece[];

export function inlinePieces(text: Inline, style: TextStyle): readonly Piece[] {
  return partsOf(text).map((part) => {
    if (typeof part === "string") return { text: safeText(part) };
    const safe = safeText(part.text);
    return part.kind === "emphasis" ? { text: safe } : { text: safe, paint: style.bold };
  });
}

/** Sign of the state, value, origin, and the value it took the place of. */
export function cellPieces(cell: Cell, style: TextStyle): readonly Piece[] {
  const { text, was, origin, state } = detailOf(cell);
  const pieces: Piece[] = [];
  const value = inlinePieces(text, style);
  if (state === undefined) pieces.push(...value);
  else {
    const { sign, ascii } = states[state];
    const paint = style[state];
    pieces.push({ text: `${style.ascii ? ascii : sign} `, paint });
    pieces.push(...value.map((piece) => ({ text: piece.text, paint })));
  }
  if (origin !== undefined) {
    const { mark, ascii } = origins[origin];
    pieces.push({ text: ` ${style.ascii ? ascii : mark}`, paint: style.dim });
  }
  if (was !== undefined) {
    const old = inlinePieces(was, style).map((piece) => piece.text);
    pieces.push({ text: " " }, { text: keptTogether(`(was ${old.join("")})`), paint: style.dim });
  }
  return pieces;
}

/** What is short stays on one line. */
function keptTogether(text: string): string {
  return text.length <= 24 ? text.replaceAll(" ", noBreak) : text;
}

/** Lines at most `columns` wide, broken between words, and within a word that is wider than a line. */
export function wrapPieces(pieces: readonly Piece[], columns: number): readonly Line[] {
  const width = Math.max(1, columns);
  const lines: Line[] = [];
  let line: Piece[] = [];
  let used = 0;
  for (const word of wordsOf(pieces)) {
    for (const part of widthOf(word) > width ? cutWord(word, width) : [word]) {
      const partWidth = widthOf(part);
      if (used > 0 && used + 1 + partWidth > width) {
        lines.push(line);
        line = [];
        used = 0;
      }
      if (used > 0) line.push({ text: " " });
      line.push(...part);
      used += (used > 0 ? 1 : 0) + partWidth;
    }
  }
  return used > 0 || lines.length === 0 ? [...lines, line] : lines;
}

export function widthOf(pieces: readonly Piece[]): number {
  return displayWidth(plainOf(pieces));
}

/** Neighbours are joined before they are measured: a combining mark belongs to the letter before it. */
export function plainOf(pieces: readonly Piece[]): string {
  return pieces.map(({ text }) => text).join("");
}

export function painted(line: Line): string {
  return line.map(({ text, paint = same }) => paint(text.replaceAll(noBreak, " "))).join("");
}

function same(text: string): string {
  return text;
}

/** Words, each of the pieces it is painted in: "a" and "b" of `a<strong>b</strong>` are one. */
function wordsOf(pieces: readonly Piece[]): readonly Piece[][] {
  const words: Piece[][] = [[]];
  for (const { text, paint } of pieces) {
    for (const [index, chunk] of text.split(/ +/).entries()) {
      if (index > 0) words.push([]);
      if (chunk !== "")
        words.at(-1)?.push(paint === undefined ? { text: chunk } : { text: chunk, paint });
    }
  }
  return words.filter((word) => word.length > 0);
}

function cutWord(word: readonly Piece[], columns: number): readonly Piece[][] {
  return word.flatMap(({ text, paint }) =>
    broken(text, columns).map((part): Piece[] => [
      paint === undefined ? { text: part } : { text: part, paint },
    ]),
  );
}
