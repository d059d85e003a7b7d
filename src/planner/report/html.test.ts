import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  hostileReport,
  hostileScatter,
  hostileTimeline,
  unshowable,
} from "./hostile-report.fixture.ts";
import { renderHtml } from "./html.ts";
import type { Block, Report } from "./report.ts";
import { samplePoints, sampleReport, sampleTimeline } from "./sample-report.fixture.ts";

const elements =
  /^(?:a|b|body|caption|circle|code|dd|defs|del|desc|details|div|dl|dt|em|figcaption|figure|footer|g|h[1-4]|head|header|html|li|line|link|main|meta|nav|ol|p|path|pattern|polyline|pre|rect|section|span|strong|style|summary|sup|svg|table|tbody|td|text|th|thead|title|tr|ul)$/;
const attributes =
  /^(?:aria-hidden|aria-label|aria-labelledby|charset|class|content|cx|cy|d|fill|height|href|http-equiv|id|lang|name|patternTransform|patternUnits|points|r|rel|role|rx|scope|tabindex|text-anchor|title|transform|viewBox|width|x|x1|x2|y|y1|y2)$/;
const tag = /<(\/?)([a-z][a-z0-9]*)((?: [a-zA-Z0-9-]+="[^"<>]*")*)(?: \/)?>/g;
const drawn = /^(?:cx|cy|d|height|points|r|width|x|x1|x2|y|y1|y2|transform|viewBox)$/;

/** Reads tags as strictly as we write them; what is left over must be text without any bracket. */
function assertWellFormed(page: string): void {
  const open: string[] = [];
  for (const [whole, closes, name = "", list = ""] of page.matchAll(tag)) {
    assert.match(name, elements);
    for (const [, key = "", value = ""] of list.matchAll(/ ([a-zA-Z0-9-]+)="([^"]*)"/g)) {
      assert.match(key, attributes);
      if (drawn.test(key)) assert.doesNotMatch(value, /NaN|Infinity|undefined/);
      if (key === "href") assert.match(value, /^(?:#[a-z0-9-]+|data:,)$/);
    }
    if (closes === "/") assert.equal(open.pop(), name);
    else if (!whole.endsWith("/>") && name !== "meta" && name !== "link") open.push(name);
  }
  assert.deepEqual(open, []);
  const text = page.replace(/<style>[^<]*<\/style>/, "").replace(tag, "");
  assert.doesNotMatch(text.replace("<!doctype html>", ""), /[<>]/);
}

test("renderHtml() lets no text of a report out of its place", () => {
  fc.assert(
    fc.property(hostileReport, (report) => {
      const page = renderHtml(report);
      assertWellFormed(page);
      assert.doesNotMatch(page, unshowable);
    }),
    { numRuns: 300 },
  );
});

test("the page is one file: no script, nothing fetched, and a policy that forbids both", () => {
  const page = renderHtml(sampleReport);
  assertWellFormed(page);
  assert.match(page, /http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; /);
  assert.doesNotMatch(page, /<script|<iframe|<img|src=|@import|url\((?!#)/);
});

test("the page has landmarks, a language, and one title", () => {
  const page = renderHtml(sampleReport);
  assert.match(page, /<html lang="en">/);
  for (const landmark of ["header", "nav", "main", "footer"]) {
    assert.equal(page.split(`<${landmark}`).length > 1, true, landmark);
  }
  assert.equal(page.split("<h1>").length, 2);
  assert.match(page, /<section aria-labelledby="section-1">\n<h2 id="section-1">Decision<\/h2>/);
});

test("ids are unique, and what refers to one finds it", () => {
  fc.assert(
    fc.property(hostileReport, (report) => {
      const page = renderHtml(report);
      const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id = ""]) => id);
      assert.equal(new Set(ids).size, ids.length);
      const references = [...page.matchAll(/(?:href="#|url\(#)([a-z0-9-]+)|labelledby="([^"]*)"/g)];
      for (const [, one, several = ""] of references) {
        const named = one === undefined ? several.split(" ") : [one];
        for (const id of named) assert.ok(ids.includes(id), id);
      }
    }),
    { numRuns: 50 },
  );
});

test("tables have captions and scopes, and numbers their origin in a word", () => {
  const page = renderHtml(sampleReport);
  assert.match(page, /<caption>The choice, by line of business<\/caption>/);
  assert.match(page, /<th scope="col" class="right">RPO<\/th>/);
  assert.match(page, /<th scope="row" class="left">Sales<\/th>/);
  assert.match(
    page,
    /<span class="origin measured"><span aria-hidden="true">◉ <\/span>measured<\/span>/,
  );
});

test("an old value is struck through, and said to be old to who hears it", () => {
  const page = renderHtml(sampleReport);
  assert.match(page, /<del><span class="unseen">before: <\/span>30 min<\/del>/);
});

test("what a number is based on is written out once, under its table", () => {
  const cell = (text: string) => ({ text, title: "2.5 + 45 × ½" });
  const page = renderHtml(
    reportOf({
      kind: "table",
      columns: [{ heading: "RTO", align: "right" }],
      rows: [[cell("25 min")], [cell("26 min")]],
    }),
  );
  assert.equal(page.split('<li id="section-1-1-basis-1">2.5 + 45 × ½</li>').length, 2);
  assert.equal(page.split('href="#section-1-1-basis-1"').length, 3);
});

test("every plot is named, described, and followed by a table of its numbers", () => {
  fc.assert(
    fc.property(hostileScatter, hostileTimeline, (scatter, timeline) => {
      for (const block of [
        { kind: "scatter", ...scatter },
        { kind: "timeline", ...timeline },
      ] as const) {
        const page = renderHtml(reportOf(block));
        const [drawing = "", table = ""] = page.split('<details class="numbers">');
        assert.equal(drawing.match(/<svg class="plot/g)?.length, 2);
        assert.equal(drawing.match(/role="img" aria-labelledby="\S+-title \S+-desc"/g)?.length, 2);
        for (const [, facts = ""] of drawing.matchAll(/<g[^>]*><title>([^<]*)<\/title>/g)) {
          for (const number of numbersIn(facts, block.kind))
            assert.ok(table.includes(number), number);
        }
      }
    }),
    { numRuns: 100 },
  );
});

/** The numbers in what a mark of the drawing says of itself. */
function numbersIn(facts: string, kind: "scatter" | "timeline"): readonly string[] {
  if (kind === "timeline") return /^(.+?) to (.+?): /.exec(facts)?.slice(1) ?? [];
  const found = /^(\d+)\. .*: RPO (.+), RTO (.+?), (\S+)/s.exec(facts);
  assert.ok(found !== null, facts);
  return found.slice(1);
}

test("the drawing shows the objective, the chosen, the 48 hours and the lapse", () => {
  const page = renderHtml(sampleReport);
  assert.equal(page.match(/<rect class="objective"/g)?.length, 3, "two drawings and the legend");
  const chosen = samplePoints.filter((point) => point.chosen).length;
  assert.equal(page.match(/<g class="mark group-\d front chosen">/g)?.length, chosen * 2);
  assert.equal(page.match(/<text class="mark-48h"[^>]*>48 h<\/text>/g)?.length, 2);
  assert.equal(
    page.match(/fill="url\(#[a-z0-9-]+-hatch\)"/g)?.length,
    sampleTimeline.lapses.length * 2,
  );
  assert.match(page, /<li>✗ Lapse, 14 d to 21 d: between the last copy and the first tape<\/li>/);
});

test("a mark's area grows with its cost", () => {
  const point = (costPerYear: number) => ({
    label: "a",
    rpoMinutes: costPerYear,
    rtoMinutes: 1,
    costPerYear,
    onFront: true,
    chosen: false,
    group: "g",
  });
  const points = [point(2500), point(10_000)];
  const page = renderHtml(reportOf({ kind: "scatter", title: "t", points, currency: "EUR" }));
  const [wide = ""] = page.split("</svg>");
  const radii = [...wide.matchAll(/<circle cx="\S+" cy="\S+" r="(\S+)" \/>/g)].map(([, r]) =>
    Number(r),
  );
  assert.deepEqual(radii, [22, 11]);
});

test("origins are explained where they are used, and only then", () => {
  const plain = renderHtml(reportOf({ kind: "paragraph", text: "nothing" }));
  assert.doesNotMatch(plain, /<footer>/);
  assert.match(renderHtml(sampleReport), /<footer>.*assumed, to be checked/s);
});

function reportOf(block: Block): Report {
  return { title: "t", sections: [{ heading: "h", level: 1, blocks: [block] }] };
}
