import { markup, type Markup } from "./html-escape.ts";
import { partsOf, type Inline, type InlinePart } from "./report.ts";

export function inlineMarkup(text: Inline): Markup {
  return markup`${partsOf(text).map(partMarkup)}`;
}

function partMarkup(part: InlinePart): Markup {
  if (typeof part === "string") return markup`${part}`;
  switch (part.kind) {
    case "strong":
      return markup`<strong>${part.text}</strong>`;
    case "emphasis":
      return markup`<em>${part.text}</em>`;
    case "code":
      return markup`<code>${part.text}</code>`;
  }
}
