import { parseFromLine } from "./from-line.ts";

/** What is looked at of a file. */
export const mboxHeadBytes = 1024;
/** What is looked at of a file that should be an mbox, and does not begin as one. */
export const damagedHeadBytes: number = 64 * 1024;

const headerLine = /^[!-9;-~]{1,100}[ \t]*:/;
const markedLine = /(?:^|\r?\n)\r?\n(From [^\r\n]{20,1000})\r?\n(?=[!-9;-~]{1,100}[ \t]*:)/g;

/**
 * Whether a file is an mbox, from its first bytes: it begins with a From_ line, or with one that was
 * damaged in its date or in its "From " and goes on with a header. "From " alone makes no mail of a text.
 */
export function looksLikeMbox(head: Uint8Array): boolean {
  const [first = "", second = ""] = firstLines(head);
  if (first.startsWith("From ") && parseFromLine(first) !== undefined) return true;
  if (!headerLine.test(second)) return false;
  return first.startsWith("From ") || parseFromLine(`From ${first.slice(5)}`) !== undefined;
}

/** Whether a file that should be an mbox is one whose beginning is destroyed: a From_ line comes later. */
export function looksLikeDamagedMbox(head: Uint8Array): boolean {
  const text = Buffer.from(head).toString("latin1");
  for (const [, line = ""] of text.matchAll(markedLine))
    if (parseFromLine(line) !== undefined) return true;
  return false;
}

function firstLines(head: Uint8Array): readonly string[] {
  return Buffer.from(head)
    .toString("latin1")
    .split("\n", 2)
    .map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
}
