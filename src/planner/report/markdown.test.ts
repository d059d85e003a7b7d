import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { attacks, hostileReport, hostileTable, unshowable } from "./hostile-report.fixture.ts";
import { escapeMarkdown } from "./markdown-escape.ts";
import { renderMarkdown } from "./markdown.ts";
import { columnsOf, type Block, type Report } from "./report.ts";
import { samplePoints, sampleReport } from "./sample-report.fixture.ts";

test("renderMarkdown() lets no markup, control or direction override of a text through", () => {
  fc.assert(
    fc.property(hostileReport, (report) => {
      const page = renderMarkdown(report);
      assert.doesNotMatch(page, unshowable);
      assert.doesNotMatch(withoutFences(page).replace(/<\/?code>/g, ""), /</);
    }),
    { numRuns: 300 },
  );
});

test("pipes and line breaks in cells keep tables whole", () => {
  fc.assert(
    fc.property(hostileTable, (table) => {
      const lines = renderMarkdown(reportOf({ kind: "table", ...table })).split("\n");
      const rows = lines.filter((line) => line.startsWith("| "));
      const width = columnsOf(table).length;
      if (width === 0) return;
      assert.equal(rows.length, table.rows.length + 2);
      for (const row of rows) assert.equal(unescapedPipes(row), width + 1, row);
    }),
  );
});

test("a hostile text is one paragraph and no link", () => {
  for (const attack of attacks) {
    const page = renderMarkdown(reportOf({ kind: "paragraph", text: attack }));
    const paragraph = page.split("\n\n").slice(2).join("\n\n").trimEnd();
    assert.doesNotMatch(paragraph, /\n|:\/\/|^(?:#|\d+\. |>|- )/);
    assert.doesNotMatch(paragraph, /(?<!\\)[[\]`|]|www\./);
  }
  assert.equal(escapeMarkdown("2.5 + ⅓ GB * 45"), "2.5 + ⅓ GB \\* 45");
  assert.equal(escapeMarkdown("1. first"), "1\\. first");
});

test("a code block has a fence that its text cannot close", () => {
  const page = renderMarkdown(reportOf({ kind: "code", text: "a\n````\n# b" }));
  assert.ok(page.endsWith("`````\na\n````\n# b\n`````\n"));
});

test("code that could break a table is written as an element", () => {
  const text = [
    { kind: "code", text: "a|b" } as const,
    " ",
    { kind: "code", text: "a=b" } as const,
  ];
  assert.ok(
    renderMarkdown(reportOf({ kind: "paragraph", text })).endsWith("<code>a\\|b</code> `a=b`\n"),
  );
});

test("origins are letters with a legend, old values struck, bases footnotes", () => {
  const page = renderMarkdown(sampleReport);
  assert.match(page, /\| ✓ ~~30 min~~ 18 min ᵐ\[\^2\] \|/);
  assert.match(page, /^ᵖ the paper says so · .*ᵃ assumed, to be checked$/m);
  assert.match(page, /^\[\^8\]: Figure 6: 66-153 minutes$/m);
  assert.doesNotMatch(renderMarkdown(reportOf({ kind: "paragraph", text: "x" })), /---|ᵖ/);
});

test("plots are tables that lose nothing", () => {
  const page = renderMarkdown(sampleReport);
  for (const { label } of samplePoints) assert.ok(page.includes(`| ${label} |`), label);
  assert.match(
    page,
    /\| 14 \| sync\. mirrors.* \| 0 \| automatic \| 24,900 EUR \| on the front \|/,
  );
  assert.match(page, /\| move backup tapes offsite \| disaster \| 21 d \| 1 year \| every week \|/);
  assert.match(page, /\| ✗ between the last copy and the first tape \| 14 d \| 21 d \|/);
});

test("a note is an alert as GitHub knows it", () => {
  const page = renderMarkdown(reportOf({ kind: "note", tone: "bad", text: "a\nb" }));
  assert.ok(page.endsWith("> [!CAUTION]\n> a b\n"));
});

function reportOf(block: Block): Report {
  return { title: "t", sections: [{ heading: "h", level: 1, blocks: [block] }] };
}

function withoutFences(page: string): string {
  return page.replace(/^(`{3,})\n[^]*?\n\1$/gm, "");
}

function unescapedPipes(row: string): number {
  return row.replace(/\\./gs, "").split("|").length - 1;
}
