import { codeMarkup, markup, styleElement, type Markup } from "./html-escape.ts";
import { inlineMarkup } from "./html-inline.ts";
import { scatterMarkup, timelineMarkup } from "./html-plot.ts";
import { styleSheet } from "./html-style.ts";
import { originMarkup, tableMarkup } from "./html-table.ts";
import { origins, originsIn } from "./origins.ts";
import type { Block, Report, Section } from "./report.ts";
import { safeCodeLines, safeLabel } from "./safe-text.ts";

const contentSecurityPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";
/** Fewer sections are seen at a glance. */
const contentsFromSections = 4;

/**
 * One HTML file that needs nothing else: no scripts, nothing fetched (its policy forbids both), light and
 * dark, for a desk, a phone and paper.
 */
export function renderHtml(report: Report): string {
  const { title, subtitle, generatedAt, sections } = report;
  const page = markup`<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${safeLabel(title)}</title>
${styleElement(styleSheet)}
</head>
<body>
<header>
<h1>${safeLabel(title)}</h1>
${optional(subtitle, (text) => markup`<p class="subtitle">${text}</p>`)}
${optional(generatedAt, (text) => markup`<p class="generated">${text}</p>`)}
</header>
${contentsMarkup(sections)}
<main>
${sections.map(sectionMarkup)}
</main>
${legendMarkup(report)}
</body>
</html>
`;
  return `<!doctype html>\n${page.markup}`;
}

function optional(text: string | undefined, make: (text: string) => Markup): Markup | undefined {
  return text === undefined ? undefined : make(text);
}

function sectionMarkup({ heading, level, blocks }: Section, index: number): Markup {
  const id = `section-${index + 1}`;
  const content = blocks.map((block, place) => blockMarkup(block, `${id}-${place + 1}`));
  return markup`<section aria-labelledby="${id}">
${headingMarkup(heading, { level, id })}
${content}</section>
`;
}

function headingMarkup(
  heading: string,
  { level, id }: { readonly level: Section["level"]; readonly id: string },
): Markup {
  switch (level) {
    case 1:
      return markup`<h2 id="${id}">${safeLabel(heading)}</h2>`;
    case 2:
      return markup`<h3 id="${id}">${safeLabel(heading)}</h3>`;
    case 3:
      return markup`<h4 id="${id}">${safeLabel(heading)}</h4>`;
  }
}

function blockMarkup(block: Block, id: string): Markup {
  switch (block.kind) {
    case "paragraph":
      return markup`<p>${inlineMarkup(block.text)}</p>
`;
    case "list": {
      const items = block.items.map(
        (item) => markup`<li>${inlineMarkup(item)}</li>
`,
      );
      return block.ordered
        ? markup`<ol>${items}</ol>
`
        : markup`<ul>${items}</ul>
`;
    }
    case "table":
      return tableMarkup(block, id);
    case "note":
      return noteMarkup(block);
    case "code":
      return markup`<pre tabindex="0"><code>${codeMarkup(safeCodeLines(block.text))}</code></pre>
`;
    case "definitions": {
      const pairs = block.pairs.map(
        ({
          term,
          definition,
        }) => markup`<dt>${inlineMarkup(term)}</dt><dd>${inlineMarkup(definition)}</dd>
`,
      );
      return markup`<dl>${pairs}</dl>
`;
    }
    case "scatter":
      return scatterMarkup(block, id);
    case "timeline":
      return timelineMarkup(block, id);
  }
}

const noteWords = {
  info: { icon: "i", word: "Note" },
  warn: { icon: "!", word: "Warning" },
  bad: { icon: "✗", word: "Problem" },
} as const;

function noteMarkup({ tone, text }: Extract<Block, { kind: "note" }>): Markup {
  const { icon, word } = noteWords[tone];
  return markup`<div class="note ${tone}" role="note"><p><span class="icon" aria-hidden="true">${icon}</span><strong>${word}:</strong> ${inlineMarkup(text)}</p></div>
`;
}

function contentsMarkup(sections: readonly Section[]): Markup | undefined {
  const listed = sections.flatMap(({ heading, level }, index) =>
    level === 1 ? [markup`<li><a href="#section-${index + 1}">${safeLabel(heading)}</a></li>`] : [],
  );
  if (listed.length < contentsFromSections) return undefined;
  return markup`<nav aria-label="Contents"><ol>${listed}</ol></nav>`;
}

function legendMarkup(report: Report): Markup | undefined {
  const used = originsIn(report);
  if (used.length === 0) return undefined;
  const items = used.map(
    (origin) => markup`<li>${originMarkup(origin)} <span>${origins[origin].legend}</span></li>`,
  );
  return markup`<footer><h2>Where numbers come from</h2><ul class="legend">${items}</ul></footer>`;
}
