import type { Quantity } from "../quantity.ts";
import type { ClassifiedLine, Requirements } from "../requirements/index.ts";

/**
 * A site that nobody has described, with what a classification says of it: how much mail there is, where
 * each line of business has sizes, and how many mailboxes, where none is a pattern. What was measured stays.
 */
export function siteOfClassification(
  lines: readonly ClassifiedLine[],
  { requirements, fileName }: { readonly requirements: Requirements; readonly fileName: string },
): Requirements {
  const { mail, mailboxes } = requirements.parameters;
  return {
    ...requirements,
    parameters: {
      ...requirements.parameters,
      mail: mailOf(lines, fileName) ?? mail,
      mailboxes: mailboxesOf(lines, fileName) ?? mailboxes,
      ...(mail.origin === "measured" ? { mail } : {}),
      ...(mailboxes.origin === "measured" ? { mailboxes } : {}),
    },
  };
}

function mailOf(lines: readonly ClassifiedLine[], fileName: string): Quantity | undefined {
  if (lines.some(({ sizedMailboxes }) => sizedMailboxes === 0)) return undefined;
  const all = sumOf(lines, ({ mailboxes }) => mailboxes.length);
  const sized = sumOf(lines, ({ sizedMailboxes }) => sizedMailboxes);
  const size = Math.round(
    sumOf(
      lines,
      ({ sizeBytes, sizedMailboxes, mailboxes }) => (sizeBytes * mailboxes.length) / sizedMailboxes,
    ),
  );
  if (size <= 0 || !Number.isSafeInteger(size)) return undefined;
  const basis =
    sized === all
      ? `${fileName}: the sizes of its mailboxes`
      : `${fileName}: the sizes of ${sized} of ${all} mailboxes, the others of a line taken to be like them`;
  return {
    low: size,
    high: size,
    unit: "bytes",
    origin: sized === all ? "stated" : "computed",
    basis,
  };
}

function mailboxesOf(lines: readonly ClassifiedLine[], fileName: string): Quantity | undefined {
  const names = lines.flatMap(({ mailboxes }) => mailboxes);
  if (names.length === 0 || names.some((name) => /[*?]/.test(name))) return undefined;
  const { length } = names;
  return {
    low: length,
    high: length,
    unit: "count",
    origin: "stated",
    basis: `${fileName}: its rows`,
  };
}

function sumOf(lines: readonly ClassifiedLine[], of: (line: ClassifiedLine) => number): number {
  return lines.reduce((sum, line) => sum + of(line), 0);
}
