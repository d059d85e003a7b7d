import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Problem } from "#policy";
import { type Classification, parseClassification, standardTiers } from "./index.ts";

function read(text: string): Classification {
  const { classification, problems } = parseClassification(text, { fileName: "c.csv" });
  assert.deepEqual(problems, []);
  assert.ok(classification !== undefined);
  return classification;
}

function problemsOf(text: string): readonly Problem[] {
  return parseClassification(text, { fileName: "c.csv" }).problems;
}

const small = `mailbox,line,tier,size,payroll,productivity_lost
ann@example.org,sales,gold,2 GB,12000 EUR per hour,30%
bob@example.org,sales,gold,500 MB,,
*@lab.example.org,research,silver,,,
`;

test("parseClassification() gathers lines of business with mailboxes, tiers and sizes", () => {
  assert.deepEqual(read(small), {
    linesOfBusiness: [
      {
        name: "sales",
        tier: "gold",
        mailboxes: ["ann@example.org", "bob@example.org"],
        sizeBytes: 2_500_000_000,
        sizedMailboxes: 2,
        downtime: { payrollPerHour: 12_000, currency: "EUR", productivityLostShare: 0.3 },
      },
      {
        name: "research",
        tier: "silver",
        mailboxes: ["*@lab.example.org"],
        sizeBytes: 0,
        sizedMailboxes: 0,
      },
    ],
    tiers: ["gold", "silver"],
  });
});

test("parseClassification() reads what spreadsheets make of it", () => {
  const expected = read(small);
  const semicolons = small.replaceAll(",", ";");
  const quotedCells = small.replace(/[^,\n]+/g, (cell) => `"${cell}"`);
  const reordered = small
    .split("\n")
    .map((row) => row.split(",").toReversed().join(","))
    .join("\n");
  const header = small.replace(
    /^.*\n/,
    " Mailbox ,Line of Business,CLASS,Size,Payroll,Productivity-Lost\n",
  );
  for (const text of [
    `\u{feff}${small}`,
    small.replaceAll("\n", "\r\n"),
    small.replaceAll("\n", "\r"),
    small.replace("\n", "\r\n"),
    `\u{feff}${semicolons}`,
    small.replaceAll(",", "\t"),
    quotedCells,
    reordered,
    header,
    small.trimEnd(),
    small.replaceAll("\n", "\n\n"),
    `${small},,,,,\n`,
    small.replace(/(,)/g, "$1 "),
  ])
    assert.deepEqual(read(text), expected, JSON.stringify(text));
});

test("every problem of a cell has its line, its place and its column's name", () => {
  const cases: readonly (readonly [string, string, string, string, number])[] = [
    ["bob@example.org", "bob example.org", "mailbox", "config.pattern", 1],
    ["bob@example.org", "", "mailbox", "config.pattern", 1],
    ["bob@example.org,sales", "bob@example.org,a/b", "line", "config.name", 17],
    ["bob@example.org,sales", "bob@example.org,", "line", "config.name", 17],
    ["gold,500 MB", "=cmd|' /C calc'!A0,500 MB", "tier", "config.name", 23],
    ["500 MB", "half", "size", "planner.quantity", 28],
    ["500 MB,,", '500 MB,"12,000 EUR",', "payroll", "config.money", 35],
    ["500 MB,,", '500 MB,"12000 EUR per hour",30', "productivity_lost", "config.share", 56],
    ["500 MB,,", "500 MB,11000 EUR per hour,", "payroll", "planner.csv-conflict", 35],
    ["500 MB,,", "500 MB,,31%", "productivity_lost", "planner.csv-conflict", 36],
    ["gold,500 MB", "silver,500 MB", "tier", "planner.csv-conflict", 23],
    ["bob@example.org,sales", "ANN@example.org,research", "mailbox", "planner.csv-conflict", 1],
  ];
  for (const [from, to, name, code, column] of cases) {
    assert.ok(small.includes(from));
    const found = problemsOf(small.replace(from, to)).find((problem) => problem.line === 3);
    assert.equal(found?.code, code, to);
    assert.equal(found.severity, "error", to);
    assert.equal(found.column, column, to);
    assert.ok(found.message.startsWith(`"${name}": `), found.message);
  }
});

test("a row is found again after cells with line breaks", () => {
  const text = `mailbox,line,tier,note\n\na@example.org,sales,gold,"one\ntwo\nthree"\nb c,sales,gold,\n`;
  assert.deepEqual(
    problemsOf(text).map(({ line, code }) => [line, code]),
    [
      [1, "planner.csv-column"],
      [6, "config.pattern"],
    ],
  );
});

test("columns that are missing, there twice or unused are said", () => {
  const [missing] = problemsOf(small.replace("mailbox", "mailbx"));
  assert.equal(missing?.code, "planner.csv-column");
  assert.match(missing.hint ?? "", /"mailbx" meant/);
  assert.equal(problemsOf(small.replace("size", "tier"))[0]?.code, "planner.csv-column");
  const unused = parseClassification(small.replace("size", "cost centre"), { fileName: "c.csv" });
  assert.deepEqual(
    unused.problems.map(({ severity, code }) => [severity, code]),
    [["warning", "planner.csv-column"]],
  );
  assert.ok(unused.classification !== undefined);
});

test("what is no CSV is said with its line", () => {
  for (const [text, line] of [
    [small.replace("bob@", '"bob@'), 3],
    [small.replace("bob@example.org", '"bob"@example.org'), 3],
    [small.replace("bob@", 'b"ob@'), 3],
    [small.replace("500 MB,,", "500 MB,,,more"), 3],
    [small.replace("500 MB", "x".repeat(70_000)), 3],
    [small.replace("bob@", `"bob@${"\n\n".repeat(40_000)}`), 3],
  ] as const) {
    const [problem] = problemsOf(text);
    assert.equal(problem?.code, "planner.csv", text.slice(0, 200));
    assert.equal(problem.line, line, problem.message);
    assert.equal(problem.severity, "error");
  }
});

test("rows that say the same twice are warned of and counted once", () => {
  const { classification, problems } = parseClassification(
    `${small}Ann@example.org,SALES,Gold,7 GB,,\n`,
    { fileName: "c.csv" },
  );
  assert.deepEqual(
    problems.map(({ severity, code, line }) => [severity, code, line]),
    [
      ["warning", "planner.csv-conflict", 5],
      ["warning", "planner.csv-conflict", 5],
    ],
  );
  assert.equal(classification?.linesOfBusiness[0]?.sizeBytes, 2_500_000_000);
});

test("a mailbox that an earlier line's pattern takes is said", () => {
  const [problem] = problemsOf(`${small}eve@lab.example.org,sales,gold,,,\n`);
  assert.deepEqual([problem?.code, problem?.severity], ["config.unreachable", "warning"]);
  assert.match(problem?.message ?? "", /goes to "research"/);
});

test("a tier that the catalogue does not have, and an amount in another currency, are told once, where they stand", () => {
  const text = `${small}eve@example.org,legal,glod,,90 USD per hour,10%\njoe@example.org,legal,glod,,,\n`;
  const { classification, problems } = parseClassification(text, {
    fileName: "c.csv",
    tiers: standardTiers,
    currency: "EUR",
  });
  assert.equal(classification, undefined);
  assert.deepEqual(
    problems.map(({ code, line, column, suggestion }) => [code, line, column, suggestion]),
    [
      ["config.reference", 5, 23, "gold"],
      ["planner.currency", 5, 29, undefined],
    ],
  );
  assert.match(problems[0]?.message ?? "", /^"tier": "glod", the tier of "legal", is not a tier/);
});

test("payroll without the productivity lost is said of its line of business", () => {
  const [problem] = problemsOf(small.replace(",30%", ","));
  assert.equal(problem?.code, "config.downtime");
  assert.equal(problem.line, 2);
  assert.match(problem.message, /"sales"/);
});

test("bytes, rows, patterns and problems are bounded", () => {
  const limited = (text: string, limits: object): readonly Problem[] =>
    parseClassification(text, { fileName: "c.csv", ...limits }).problems;
  assert.equal(limited(small, { limitBytes: 100 })[0]?.code, "config.too-large");
  assert.deepEqual(limited(small, { limitRows: 3 }), []);
  assert.equal(limited(small, { limitRows: 2 })[0]?.code, "planner.csv-limit");
  assert.equal(limited(small, { limitRows: 2 })[0]?.line, 4);
  const bad = `mailbox,line,tier\n${"no mailbox,sales,gold\n".repeat(10)}`;
  const told = limited(bad, { limitProblems: 3 });
  assert.equal(told.length, 4);
  assert.match(told.at(-1)?.message ?? "", /^7 more/);
  assert.equal(told.at(-1)?.severity, "error");
  const patterns = Array.from({ length: 120 }, (_, index) => `*@d${index}.example.org,l,gold\n`);
  assert.deepEqual(
    limited(`mailbox,line,tier\n${patterns.join("")}`, {}).map(({ code, line }) => [code, line]),
    [["planner.csv-limit", 102]],
  );
});

test("a cell may hold anything, and messages stay on their line", () => {
  const hostile = '"\u{1b}]0;x\u{7}\u{202e}\n__proto__"';
  const problems = problemsOf(`mailbox,line,tier\n${hostile},${hostile},${hostile}\n`);
  assert.equal(problems.length, 3);
  for (const { message } of problems) assert.doesNotMatch(message, /\p{C}/u);
  const { linesOfBusiness } = read("mailbox,line,tier\na@b.c,constructor,toString\n");
  assert.deepEqual(linesOfBusiness[0]?.name, "constructor");
});

test("an empty file is said to be empty", () => {
  for (const text of ["", "\n\n", "\u{feff}", ",,,\n"])
    assert.equal(problemsOf(text)[0]?.code, "config.missing", JSON.stringify(text));
});

test("parseClassification() never throws, whatever the damage", () => {
  const damage = fc.record({
    at: fc.nat(small.length),
    length: fc.nat(30),
    text: fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom('"', '""', ",", ";", "\n", "\r", "\0", '"\n', "\u{feff}", "*@*", "\ud800"),
    ),
  });
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
      const text = damages.reduce(
        (before, { at, length, text: put }) =>
          before.slice(0, at) + put + before.slice(at + length),
        small,
      );
      const { classification, problems } = parseClassification(text, { fileName: "c.csv" });
      assert.equal(
        classification === undefined,
        problems.some(({ severity }) => severity === "error"),
      );
      assert.ok(problems.every(({ line, column }) => line >= 1 && column >= 1));
    }),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      parseClassification(text, { fileName: "c.csv" });
    }),
  );
});
