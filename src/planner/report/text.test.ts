import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { displayWidth } from "./display-width.ts";
import { hostileReport, hostileTable, unshowable } from "./hostile-report.fixture.ts";
import type { Block, Report } from "./report.ts";
import { samplePoints, sampleReport } from "./sample-report.fixture.ts";
import type { TextStyle } from "./text-style.ts";
import { renderText } from "./text.ts";

const same = (text: string): string => text;
const plain: TextStyle = { bold: same, dim: same, good: same, bad: same, warn: same, ascii: false };
const ascii: TextStyle = { ...plain, ascii: true };

test("renderText() fits its columns and lets no control through, whatever the texts are", () => {
  fc.assert(
    fc.property(hostileReport, fc.integer({ min: 20, max: 140 }), (report, columns) => {
      const lines = renderText(withoutCode(report), { columns, style: plain }).split("\n");
      for (const line of lines) {
        assert.doesNotMatch(line, unshowable);
        assert.ok(displayWidth(line) <= columns, `${displayWidth(line)} > ${columns}: ${line}`);
      }
    }),
    { numRuns: 300 },
  );
});

test("code keeps its lines, and hostile code has no controls either", () => {
  const long = "x".repeat(200);
  const page = renderText(reportOf({ kind: "code", text: `a\n${long}\u001b[2J` }), {
    columns: 40,
    style: plain,
  });
  assert.ok(page.endsWith(`\n    a\n    ${long}\u{fffd}[2J\n`));
});

test("a table wraps its widest column of text and keeps numbers whole", () => {
  const page = renderText(tableReport, { columns: 44, style: plain });
  assert.equal(
    page.slice(page.indexOf("Option")),
    [
      "Option                                   RTO",
      "──────────────────────────────  ────────────",
      "backup to tape, logs every six  ✗ 2 h 42 min",
      "hours",
      "clones                                25 min",
      "",
    ].join("\n"),
  );
});

test("a table that cannot fit becomes a list of its rows", () => {
  const page = renderText(tableReport, { columns: 22, style: plain });
  assert.ok(page.includes("RTO: ✗ 2 h 42 min\n\nOption: clones\nRTO: 25 min\n"), page);
});

test("every cell of a table is shown, in a table or in a list", () => {
  fc.assert(
    fc.property(hostileTable, fc.integer({ min: 20, max: 200 }), (table, columns) => {
      const marked = table.rows.map((row, index) => row.map((_, place) => `q${index}q${place}q`));
      const page = renderText(reportOf({ kind: "table", ...table, rows: marked }), {
        columns,
        style: plain,
      });
      for (const mark of marked.flat()) assert.ok(page.includes(mark), mark);
    }),
  );
});

test("wide letters do not push columns out of line", () => {
  const page = renderText(
    reportOf({
      kind: "table",
      columns: [
        { heading: "Line of business", align: "left" },
        { heading: "RPO", align: "right" },
      ],
      rows: [
        ["営業部", "4 h"],
        ["Sales", "10 s"],
      ],
    }),
    { columns: 80, style: plain },
  );
  const ends = page.trimEnd().split("\n").slice(-4).map(displayWidth);
  assert.deepEqual(ends, [22, 22, 22, 22]);
});

test("colour comes from the caller alone, and from whole values", () => {
  const style: TextStyle = { ...plain, bad: (text) => `{bad:${text}}` };
  const page = renderText(tableReport, { columns: 80, style });
  assert.ok(page.includes("{bad:✗}"), page);
});

test("the timeline is drawn by fineness, with its lapse and the 48 hours", () => {
  const page = renderText(sampleReport, { columns: 100, style: plain });
  assert.match(page, /^continuous data protection {2}│█{30,}▓{5,}$/m);
  assert.match(page, /^rotation of delta snapshots │▒{30,} +┊$/m);
  assert.match(page, /^move backup tapes offsite {3}│ +┊ +░{5,}$/m);
  assert.match(page, /^lapse +│ +╳+$/m);
  assert.match(page, /^ +1 min +10 min +1 h .* 48 h .* 1 year$/m);
});

test("in ASCII there is nothing else but what the report says", () => {
  const letters = /[^\x20-\x7e\n§→⅓×]/;
  assert.doesNotMatch(renderText(sampleReport, { columns: 72, style: ascii }), letters);
  assert.match(renderText(sampleReport, { columns: 72, style: ascii }), /\|#{20,}={3,}/);
});

test("the scatter is its table", () => {
  const page = renderText(sampleReport, { columns: 140, style: plain });
  for (const { label } of samplePoints) assert.ok(page.includes(`  ${label}  `), label);
});

const tableReport: Report = reportOf({
  kind: "table",
  columns: [
    { heading: "Option", align: "left" },
    { heading: "RTO", align: "right" },
  ],
  rows: [
    ["backup to tape, logs every six hours", { text: "2 h 42 min", state: "bad" }],
    ["clones", "25 min"],
  ],
});

function reportOf(block: Block): Report {
  return { title: "t", sections: [{ heading: "h", level: 1, blocks: [block] }] };
}

function withoutCode(report: Report): Report {
  const sections = report.sections.map((section) => ({
    ...section,
    blocks: section.blocks.filter(({ kind }) => kind !== "code"),
  }));
  return { ...report, sections };
}
