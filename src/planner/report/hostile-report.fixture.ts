import fc from "fast-check";
import type {
  Block,
  Cell,
  CoverageWindow,
  Inline,
  Report,
  Scatter,
  ScatterPoint,
  Section,
  Table,
  Timeline,
} from "./report.ts";

/** What a configuration file or a CSV cell may hold to get out of its place. `evil` marks what came in. */
export const attacks: readonly string[] = [
  `<evil onload="evil()">`,
  `"><script>evil()</script>`,
  `</title></style></script></svg><evil a='b'>`,
  `' onmouseover='evil()`,
  "--><!-- evil -->]]>",
  "&lt;evil&gt; &#60;evil&#62;",
  "javascript:evil()",
  "| evil | evil |",
  "\\| evil \\\\| `evil | evil`",
  "line\nbreak\r\nevil\u2028evil\u2029evil",
  "```\nevil\n````",
  "[evil](https://evil.example) ![evil](www.evil.example) [^1] <https://evil.example>",
  "# evil",
  "1. evil",
  "\u001b[2Jevil\u009b31m\u0007\u0000",
  "\u202eevil\u202c\u2066evil\u2069\u200f\u061c",
  "\ud800evil\udc00",
  "宽字符 evil 👩‍👩‍👧 e\u0301\u0301",
  "x".repeat(5000),
];

const text: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...attacks),
  fc.array(fc.constantFrom(...attacks), { minLength: 1, maxLength: 3 }).map((all) => all.join("")),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ maxLength: 60 }),
);

const inline: fc.Arbitrary<Inline> = fc.oneof(
  text,
  fc.array(
    fc.oneof(text, fc.record({ kind: fc.constantFrom("strong", "emphasis", "code"), text })),
    { maxLength: 4 },
  ),
);

const cell: fc.Arbitrary<Cell> = fc.oneof(
  inline,
  fc.record(
    {
      text: inline,
      was: inline,
      origin: fc.constantFrom("paper", "computed", "measured", "stated", "assumed"),
      state: fc.constantFrom("good", "bad", "warn"),
      title: text,
    },
    { requiredKeys: ["text"] },
  ),
);

export const hostileTable: fc.Arbitrary<Table> = fc.record(
  {
    caption: text,
    columns: fc.array(fc.record({ heading: text, align: fc.constantFrom("left", "right") }), {
      maxLength: 4,
    }),
    rows: fc.array(fc.array(cell, { maxLength: 5 }), { maxLength: 4 }),
  },
  { requiredKeys: ["columns", "rows"] },
);

const point: fc.Arbitrary<ScatterPoint> = fc.record({
  label: text,
  rpoMinutes: fc.oneof(fc.double(), fc.double({ min: 0, max: 20_000 }), fc.constant(0)),
  rtoMinutes: fc.oneof(fc.double(), fc.double({ min: 0, max: 20_000 }), fc.constant(0)),
  costPerYear: fc.oneof(fc.double(), fc.double({ min: 0, max: 1e6 })),
  onFront: fc.boolean(),
  chosen: fc.boolean(),
  group: fc.oneof(text, fc.constantFrom("operational", "disaster")),
});

export const hostileScatter: fc.Arbitrary<Scatter> = fc.record(
  {
    title: text,
    points: fc.array(point, { maxLength: 16 }),
    objective: fc.record({ rpoMinutes: fc.double(), rtoMinutes: fc.double() }),
    currency: text,
  },
  { requiredKeys: ["title", "points", "currency"] },
);

const age: fc.Arbitrary<number> = fc.oneof(fc.double(), fc.double({ min: 0, max: 90_000 }));
const window: fc.Arbitrary<CoverageWindow> = fc.record({
  fromAgeHours: age,
  toAgeHours: age,
  spacingHours: age,
});

export const hostileTimeline: fc.Arbitrary<Timeline> = fc.record(
  {
    title: text,
    rows: fc.array(
      fc.record({
        label: text,
        layer: fc.constantFrom("operational", "disaster"),
        windows: fc.array(window, { maxLength: 3 }),
      }),
      { maxLength: 4 },
    ),
    lapses: fc.array(fc.record({ fromAgeHours: age, toAgeHours: age, text }), { maxLength: 2 }),
    shares: fc.array(fc.record({ ageHours: age, share: fc.double() }), { maxLength: 4 }),
  },
  { requiredKeys: ["title", "rows", "lapses"] },
);

const block: fc.Arbitrary<Block> = fc.oneof(
  fc.record({ kind: fc.constant("paragraph"), text: inline }),
  fc.record({
    kind: fc.constant("list"),
    ordered: fc.boolean(),
    items: fc.array(inline, { maxLength: 3 }),
  }),
  hostileTable.map((table) => ({ kind: "table", ...table }) as const),
  fc.record({
    kind: fc.constant("note"),
    tone: fc.constantFrom("info", "warn", "bad"),
    text: inline,
  }),
  fc.record({ kind: fc.constant("code"), text }),
  fc.record({
    kind: fc.constant("definitions"),
    pairs: fc.array(fc.record({ term: inline, definition: inline }), { maxLength: 3 }),
  }),
  hostileScatter.map((scatter) => ({ kind: "scatter", ...scatter }) as const),
  hostileTimeline.map((timeline) => ({ kind: "timeline", ...timeline }) as const),
);

const section: fc.Arbitrary<Section> = fc.record({
  heading: text,
  level: fc.constantFrom(1, 2, 3),
  blocks: fc.array(block, { maxLength: 4 }),
});

export const hostileReport: fc.Arbitrary<Report> = fc.record(
  {
    title: text,
    subtitle: text,
    generatedAt: text,
    sections: fc.array(section, { maxLength: 5 }),
  },
  { requiredKeys: ["title", "sections"] },
);

/** What no rendered report may hold, whatever was in its texts; line breaks are the renderer's own. */
export const unshowable: RegExp =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Cs}/u;
