/** The paper's text, for tests that hold a quotation to it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const path = join(
  import.meta.dirname,
  "../../../../shared/paper/ilm-data-recovery-for-email-2004.txt",
);

export const withoutPaper: string | false = existsSync(path) ? false : "the paper is not there";

const ligatures: ReadonlyMap<string, string> = new Map([
  ["ﬁ", "fi"],
  ["ﬂ", "fl"],
  ["ﬀ", "ff"],
]);

/** White space, quotation marks, ligatures and words broken at a line's end read alike. */
function normalised(text: string): string {
  return text
    .replaceAll(/[ﬁﬂﬀ]/g, (one) => ligatures.get(one) ?? one)
    .replaceAll(/["'“”‘’]/g, "'")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/(\w-) (?=\w)/g, "$1")
    .trim();
}

let paper: string | undefined;

/** Whether the paper has the words in this order; “…” leaves something out, [..] puts something in. */
export function isInPaper(quotation: string): boolean {
  paper ??= normalised(readFileSync(path, "utf8"));
  const pieces = quotation
    .split(/…|\[[^\]]*\]/)
    .map((piece) => normalised(piece))
    .filter((piece) => piece !== "");
  return pieces.length > 0 && inOrder(pieces, paper);
}

/** From any place where the first piece stands, the others follow within a page. */
function inOrder([first = "", ...others]: readonly string[], text: string): boolean {
  for (let at = text.indexOf(first); at >= 0; at = text.indexOf(first, at + 1)) {
    let end = at + first.length;
    const follow = others.every((piece) => {
      const next = text.indexOf(piece, end);
      if (next < 0 || next - end > 1000) return false;
      end = next + piece.length;
      return true;
    });
    if (follow) return true;
  }
  return false;
}

/** The pieces of a text that stand in “quotation marks”; ‘inner’ marks stay within them. */
export function quotationsIn(text: string): readonly string[] {
  return [...text.matchAll(/“([^“”]*(?:“[^“”]*”[^“”]*)*)”/g)].map(([, words = ""]) => words);
}

/** The numbers of the paper's sections of two and three levels, in its order. */
export function paperSections(): readonly string[] {
  const headings = readFileSync(path, "utf8").matchAll(/^ ?(\d\.\d(?:\.\d)?)\.? [A-Z]/gm);
  return [...new Set([...headings].map(([, number = ""]) => number))];
}
