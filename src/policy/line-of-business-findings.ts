import { quoted } from "#errors";
import type { AddFinding } from "./checked-yaml.ts";
import { matchesMailbox } from "./mailbox-pattern.ts";
import { valueIn } from "./schema-problems.ts";
import type { YamlDocument } from "./yaml-document.ts";

/** Lines whose patterns others are compared with; more are not compared. */
const mostCompared = 1000;

/** Lines that no mailbox reaches, mailboxes that reach no line, and half of what belongs together. */
export function checkLinesOfBusiness(document: YamlDocument, add: AddFinding): void {
  const lines = document.keysOf(["lines_of_business"]);
  // Patterns without "?": what they match as text, they cover as patterns.
  const earlier: string[] = [];
  for (const line of lines) {
    checkDowntime(document, { line, add });
    const patterns = patternsOf(document, line);
    const isCovered = (pattern: string): boolean =>
      earlier.some((before) => matchesMailbox(before, pattern));
    if (patterns.length > 0 && earlier.length < mostCompared && patterns.every(isCovered)) {
      const message = `no mailbox gets to ${quoted(line)}: earlier lines take them all`;
      add(["lines_of_business", line, "mailboxes"], {
        severity: "warning",
        code: "config.unreachable",
        message,
        hint: "The first match wins: move it up.",
      });
    }
    for (const pattern of patterns) if (!pattern.includes("?")) earlier.push(pattern);
  }
  if (lines.length === 0 || earlier.some((pattern) => /^\*+$/.test(pattern))) return;
  const message = "mailboxes that match no line of business are not protected";
  add(["lines_of_business"], {
    severity: "warning",
    code: "config.unprotected",
    message,
    hint: 'End with a line for mailboxes: ["*"].',
  });
}

const payroll = "payroll";
const productivity = "productivity_lost_without_mail";

/** What an hour without mail costs is a product (paper §1.4.4): one factor says nothing. */
function checkDowntime(
  document: YamlDocument,
  options: { readonly line: string; readonly add: AddFinding },
): void {
  const path = ["lines_of_business", options.line];
  const keys = document.keysOf(path);
  for (const [has, lacks] of [[payroll, productivity] as const, [productivity, payroll] as const]) {
    if (!keys.includes(has) || keys.includes(lacks)) continue;
    options.add([...path, has], {
      code: "config.downtime",
      message: `"${has}" stands here without "${lacks}"`,
      hint: "Give both, or neither: an hour without mail costs their product.",
    });
  }
}

function patternsOf(document: YamlDocument, line: string): readonly string[] {
  const patterns = valueIn(document.value, ["lines_of_business", line, "mailboxes"]);
  return Array.isArray(patterns) ? patterns.filter((pattern) => typeof pattern === "string") : [];
}
