import { partsOf, type Inline, type InlinePart } from "./report.ts";
import { safeCodeLines, safeText } from "./safe-text.ts";

/** Letters that need no escape anywhere, not even in a code span within a table. */
const harmless = /^[\p{L}\p{M}\p{N} .,:;/=@%+-]+$/u;

/** Text in which nothing is Markdown, HTML, or a link that was not meant (GitHub makes links of addresses). */
export function escapeMarkdown(text: string): string {
  return safeText(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replace(/[\\`*_[\]|~$]/g, "\\$&")
    .replaceAll("://", "&#58;//")
    .replace(/www\./gi, (found) => `${found.slice(0, 3)}&#46;`)
    .replace(/^\s+/, "")
    .replace(/^[#+=-]/, "\\$&")
    .replace(/^(\d+)([.)])(?=\s|$)/, "$1\\$2");
}

export function inlineMarkdown(text: Inline): string {
  return partsOf(text).map(partMarkdown).join("").trim();
}

/** A fence longer than any run of backticks inside. */
export function fencedMarkdown(text: string): string {
  const lines = safeCodeLines(text);
  const runs = lines.flatMap((line) => line.match(/`+/g) ?? []).map(({ length }) => length);
  const fence = "`".repeat(runs.reduce((most, run) => Math.max(most, run + 1), 3));
  return [fence, ...lines, fence].join("\n");
}

function partMarkdown(part: InlinePart): string {
  if (typeof part === "string") return spaced(part, escapeMarkdown(part));
  const escaped = escapeMarkdown(part.text).trim();
  if (escaped === "") return "";
  switch (part.kind) {
    case "strong":
      return `**${escaped}**`;
    case "emphasis":
      return `_${escaped}_`;
    case "code":
      return harmless.test(part.text) ? `\`${part.text.trim()}\`` : `<code>${escaped}</code>`;
  }
}

/** Blanks at the ends of a part stand between it and its neighbours. */
function spaced(text: string, escaped: string): string {
  const before = /^\s/.test(text) ? " " : "";
  const after = /\s$/.test(text) ? " " : "";
  return before + escaped.trim() + (escaped.trim() === "" ? "" : after);
}
