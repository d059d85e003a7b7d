import { safeText } from "./safe-text.ts";

/** Text that is markup already. Only the template below makes it, so that nothing is escaped twice or never. */
export type Markup = { readonly markup: string };
export type MarkupValue = string | number | Markup | readonly Markup[] | undefined;

/** A template whose values are escaped unless they are markup; undefined is nothing. Serves HTML and SVG. */
export function markup(strings: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  const pieces = strings.map((piece, index) => piece + markupOf(values[index]));
  return { markup: pieces.join("") };
}

function escapeHtml(text: string): string {
  return escaped(safeText(text));
}

/** Lines whose text was made safe before: those of a code block, whose line breaks count. */
export function codeMarkup(safeLines: readonly string[]): Markup {
  return { markup: escaped(safeLines.join("\n")) };
}

/** Our own style sheet: the one text that is not escaped. Nothing of a report may enter it. */
export function styleElement(sheet: string): Markup {
  return { markup: `<style>${sheet}</style>` };
}

function markupOf(value: MarkupValue): string {
  if (value === undefined) return "";
  if (typeof value === "string") return escapeHtml(value);
  if (typeof value === "number") return coordinate(value);
  if ("markup" in value) return value.markup;
  return value.map(({ markup }) => markup).join("");
}

/** Numbers here are places in drawings and spans: a tenth of a pixel is enough, and NaN breaks a path. */
function coordinate(value: number): string {
  return String(Number.isFinite(value) ? Math.round(value * 10) / 10 : 0);
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
}
