import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import {
  configJsonSchema,
  findCopy,
  findServer,
  findTier,
  formatProblem,
  generateConfig,
  parseConfig,
  requireConfig,
} from "./index.ts";
import type { Problem } from "./problem.ts";

const root = join(import.meta.dirname, "../..");
const example = readFileSync(join(root, "config.example.yaml"), "utf8");

const small = `version: 1
servers:
  mx1: {type: maildir, path: /srv/mail}
copies:
  here: {layer: operational, path: /srv/recovery, key: credential:here}
tiers:
  gold: {operational: {method: backup to disk, copy: here}}
lines_of_business:
  everyone: {mailboxes: ["*"], tier: gold}
`;

function problemsOf(text: string): readonly Problem[] {
  return parseConfig(text, { fileName: "config.yaml" }).problems;
}

function problemIn(from: string | RegExp, to: string): Problem {
  const text = small.replace(from, to);
  assert.notEqual(text, small);
  const [problem, ...others] = problemsOf(text);
  assert.ok(problem !== undefined, "no problem was found");
  assert.deepEqual(others, []);
  return problem;
}

test("config.example.yaml parses without problems", () => {
  const { config, problems } = parseConfig(example, { fileName: "config.example.yaml" });
  assert.deepEqual(problems, []);
  assert.equal(config?.timeZone, "Europe/Berlin");
  assert.deepEqual(findServer(config, "archive")?.stop, ["systemctl", "stop", "dovecot"]);
  assert.equal(findTier(config, "gold")?.operational[0].loseAtMostMs, 900_000);
  assert.equal(findCopy(config, "nowhere"), undefined);
});

test("config.schema.json is what configJsonSchema() makes", () => {
  const committed: unknown = JSON.parse(readFileSync(join(root, "config.schema.json"), "utf8"));
  assert.deepEqual(committed, configJsonSchema());
});

test("parseConfig() fills in what may be left out", () => {
  const { config, problems } = parseConfig(small, {
    fileName: "config.yaml",
    defaultTimeZone: "Europe/Paris",
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(config, {
    version: 1,
    timeZone: "Europe/Paris",
    servers: [
      {
        name: "mx1",
        type: "maildir",
        path: "/srv/mail",
        dataSource: "live application",
        stopTimeLimitMs: 60_000,
        mailboxList: "from the store",
        alsoProtect: { kinds: [], folders: [] },
        volumes: [],
        places: [],
      },
    ],
    copies: [
      {
        name: "here",
        layer: "operational",
        kind: "repository",
        location: { at: "this machine", path: "/srv/recovery" },
        key: { kind: "credential", name: "here" },
      },
    ],
    tiers: [{ name: "gold", operational: [{ method: "backup to disk", copy: "here", keep: [] }] }],
    linesOfBusiness: [{ name: "everyone", mailboxes: ["*"], tier: "gold" }],
    alarm: { shrinkPercent: 20 },
  });
});

test("parseConfig() reads what an hour without mail costs, in its two factors", () => {
  const text = small.replace(
    "tier: gold",
    "tier: gold, payroll: 12000 EUR per hour, productivity_lost_without_mail: 28.7%",
  );
  const { config, problems } = parseConfig(text, { fileName: "c" });
  assert.deepEqual(problems, []);
  assert.deepEqual(config?.linesOfBusiness[0]?.downtime, {
    payrollPerHour: 12_000,
    currency: "EUR",
    productivityLostShare: 0.287,
  });
});

test("parseConfig() says of payroll and productivity what was meant", () => {
  const cases: readonly (readonly [string, string, string, string | undefined])[] = [
    ["12000", "30%", "config.money", undefined],
    ["12000 EUR", "30%", "config.money", "12000 EUR per hour"],
    ['"12,000 eur per hour"', "30%", "config.money", "12000 EUR per hour"],
    ["$12000/h", "30%", "config.money", "12000 USD per hour"],
    ["12000 EUR per year", "30%", "config.money", undefined],
    ["a lot", "30%", "config.money", undefined],
    ["12000 EUR per hour", "30", "config.share", "30%"],
    ["12000 EUR per hour", "0.3", "config.share", "30%"],
    ["12000 EUR per hour", "130%", "config.share", undefined],
    ["12000 EUR per hour", "-3%", "config.share", undefined],
    ["12000 EUR per hour", "[30%]", "config.type", undefined],
  ];
  for (const [payroll, lost, code, suggestion] of cases) {
    const problem = problemIn(
      "tier: gold",
      `tier: gold, payroll: ${payroll}, productivity_lost_without_mail: ${lost}`,
    );
    assert.equal(problem.code, code, payroll + lost);
    assert.equal(problem.suggestion, suggestion, payroll + lost);
  }
});

test("parseConfig() keeps the file's order of lines, whatever their names", () => {
  const text = small.replace(
    "  everyone:",
    '  b: {mailboxes: ["b@*"], tier: gold}\n  1: {mailboxes: ["a@*"], tier: gold}\n  everyone:',
  );
  assert.deepEqual(
    requireConfig(parseConfig(text, { fileName: "c" })).linesOfBusiness.map((line) => line.name),
    ["b", "1", "everyone"],
  );
});

test("parseConfig() places a problem and suggests what was meant", () => {
  const problem = problemIn("copy: here}", "copy: here, keep: [one per hours for 14 days]}");
  assert.equal(
    formatProblem(problem),
    'config.yaml:7:67  "one per hours for 14 days" is not a rule I know\n  did you mean: one per hour for 14 days      (docs: config.rule)',
  );
});

test("parseConfig() knows the slips that people make", () => {
  const slips: readonly (readonly [string | RegExp, string, string, string | undefined])[] = [
    ["servers:", "serevrs: {}\nservers:", "config.unknown-key", "servers"],
    ["maildir", "mialdir", "config.unknown-value", "maildir"],
    ["method: backup to disk", "method: back up to disk", "config.unknown-value", "backup to disk"],
    ["copy: here", "copy: heer", "config.reference", "here"],
    ["tier: gold", "tier: golden", "config.reference", "gold"],
    ["copy: here", "copy: here, lose_at_most: 10 secnds", "config.duration", "10 seconds"],
    ["copy: here", "copy: here, back_within: 10", "config.duration", "10 seconds"],
    ["copy: here", "copy: here, back_within: 0 seconds", "config.duration", undefined],
    ["version: 1", "version: 1\ntime_zone: Europe/Berln", "config.time-zone", "Europe/Berlin"],
    ["version: 1", "version: 2", "config.unknown-value", undefined],
    ["version: 1\n", "", "config.missing", undefined],
    ["path: /srv/mail", "path: srv/mail", "config.path", undefined],
    ["path: /srv/mail", "path: /srv/../etc", "config.path", undefined],
    ["/srv/recovery", "/srv/mail/recovery", "config.path", undefined],
    ["  mx1", "  mx/1", "config.name", undefined],
    ["  everyone", "  every,one", "config.name", undefined],
    ['["*"]', '["*", "@example.org"]', "config.pattern", "*@example.org"],
    ['["*"]', '["*", 5]', "config.type", undefined],
    ['["*"]', "[*]", "config.syntax", undefined],
    ["path: /srv/mail", "path: [/srv/mail]", "config.type", undefined],
    ["path: /srv/mail", "path:", "config.missing", undefined],
    [
      "path: /srv/mail",
      "path: /srv/mail, data_source: offline, stop: 5, start: [x]",
      "config.command",
      undefined,
    ],
    [
      "path: /srv/mail",
      "path: /srv/mail, data_source: offline, stop: [x]",
      "config.command",
      undefined,
    ],
    ["path: /srv/mail", "path: /srv/mail, data_source: offline", "config.command", undefined],
    ["tier: gold", "tier: gold, payroll: 12000 EUR per hour", "config.downtime", undefined],
    ["tier: gold", "tier: gold, productivity_lost_without_mail: 30%", "config.downtime", undefined],
    [/$/, "prove_it: {alarm_if: it rains}\n", "config.alarm", undefined],
    [/$/, "version: 1\n", "config.duplicate-key", undefined],
  ];
  for (const [from, to, code, suggestion] of slips) {
    const problem = problemIn(from, to);
    assert.equal(problem.code, code, to);
    assert.equal(problem.severity, "error", to);
    assert.equal(problem.suggestion, suggestion, to);
  }
});

test("parseConfig() lets no name touch a prototype", () => {
  const codes = problemsOf(`${small}__proto__: {polluted: 1}\n`).map((problem) => problem.code);
  assert.ok(codes.includes("config.name"));
  assert.equal("polluted" in {}, false);
  assert.equal(problemIn("  here:", "  constructor:").code, "config.reference");
});

test("parseConfig() says of later words that they are not available, and reads on where nothing is lost", () => {
  const errors: readonly (readonly [string, string])[] = [
    ["maildir", "exchange"],
    ["method: backup to disk", "method: virtual tape"],
    ["path: /srv/mail", "path: /srv/mail, data_source: backup API"],
    ["path: /srv/mail", "path: /srv/mail, host: mx1"],
    ["path: /srv/recovery", "url: s3://s3.example.net/recovery"],
  ];
  for (const [from, to] of errors) {
    const problem = problemIn(from, to);
    assert.equal(problem.code, "config.not-available", to);
    assert.equal(problem.severity, "error");
  }
  const text = `${small}prove_it:
  drill: every Sunday at 03:00
  alarm_if: more than 30% of a mailbox disappears within 10 minutes
tell: [{when: [late], email: postmaster@example.org}]
`;
  const { config, problems } = parseConfig(text, { fileName: "config.yaml" });
  assert.equal(config?.alarm.shrinkPercent, 30);
  assert.equal(problems.length, 4);
  assert.ok(
    problems.every(
      ({ severity, code }) => severity === "warning" && code === "config.not-available",
    ),
  );
});

test("parseConfig() refuses secrets in the file and never repeats them", () => {
  for (const [from, to, code] of [
    ["credential:here", "hunter2", "config.inline-secret"],
    ["credential:here", '"env:hunter2 and more"', "config.key"],
    ["credential:here", "file:hunter2", "config.key"],
    ["credential:here", "credential:../hunter2", "config.key"],
    ["credential:here", "credentails:hunter2", "config.key"],
    ["credential:here", "credential:here, password: hunter2", "config.inline-secret"],
    ["key: credential:here", 'key: "hunter2', "config.syntax"],
  ] as const) {
    const problem = problemsOf(small.replace(from, to))[0];
    assert.equal(problem?.code, code, to);
    assert.doesNotMatch(JSON.stringify(problemsOf(small.replace(from, to))), /hunter2/);
  }
});

test("parseConfig() reads each kind of secret reference, and commands for the shell", () => {
  const text = small
    .replace("credential:here", "env:RESTANTE_KEY")
    .replace(
      "/srv/mail}",
      "/srv/mail/, data_source: offline, stop: systemctl stop dovecot, start: [a, b], stop_time_limit: 2 minutes}",
    );
  const config = requireConfig(parseConfig(text, { fileName: "c" }));
  const [copy] = config.copies;
  assert.deepEqual(copy?.kind === "repository" && copy.key, {
    kind: "environment",
    name: "RESTANTE_KEY",
  });
  const [server] = config.servers;
  assert.deepEqual(server?.stop, ["/bin/sh", "-c", "systemctl stop dovecot"]);
  assert.equal(server?.path, "/srv/mail");
  assert.equal(server?.stopTimeLimitMs, 120_000);
});

test("parseConfig() warns of mail that nobody protects and of lines that nobody reaches", () => {
  assert.equal(problemIn('["*"]', '["*@example.org"]').code, "config.unprotected");
  const unreachable = problemIn(/$/, '  late: {mailboxes: ["a@example.org"], tier: gold}\n');
  assert.equal(unreachable.code, "config.unreachable");
  assert.equal(unreachable.severity, "warning");
});

test("parseConfig() reports every problem, in the file's order", () => {
  const text = small
    .replace("maildir", "x1")
    .replace("operational,", "x2,")
    .replace("to disk", "x3")
    .replace("tier: gold", "tier: x4");
  const problems = problemsOf(text);
  assert.deepEqual(
    problems.map((problem) => problem.line),
    [3, 5, 7, 9],
  );
});

test("parseConfig() bounds what a hostile file can cost", () => {
  const laughs = [
    "a: &a [x, x]",
    ...Array.from(
      { length: 40 },
      (_, index) => `k${index}: &k${index} [*${index === 0 ? "a" : `k${index - 1}`}, *a]`,
    ),
  ];
  for (const text of [
    "[".repeat(100_000),
    `${"[".repeat(30)}${"]".repeat(30)}`,
    laughs.join("\n"),
    "a: &a {b: *a}",
    "",
    "# nothing",
    "- 1",
    "5",
    "a: 1\n---\nb: 2",
    "? [1]\n: 2",
    "a: !!js/function x",
  ]) {
    const { config, problems } = parseConfig(text, { fileName: "c" });
    assert.equal(config, undefined);
    assert.ok(problems.length > 0);
  }
  // Looking for each key among all of them took minutes.
  const keys = Array.from({ length: 30_000 }, (_, index) => `unknown${index}: 1`);
  assert.ok(problemsOf(keys.join("\n")).length > keys.length);
  assert.equal(
    parseConfig(`#${"x".repeat(2_000_000)}`, { fileName: "c" }).problems[0]?.code,
    "config.too-large",
  );
});

test("parseConfig() never throws, whatever the damage", () => {
  const damage = fc.record({
    at: fc.nat(example.length),
    length: fc.nat(40),
    text: fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom("[", "{", "*a", "&a", "\n", ": ", "- ", "'"),
    ),
  });
  fc.assert(
    fc.property(damage, ({ at, length, text }) => {
      const { config, problems } = parseConfig(
        example.slice(0, at) + text + example.slice(at + length),
        { fileName: "c" },
      );
      assert.equal(
        config === undefined,
        problems.some((problem) => problem.severity === "error"),
      );
      assert.ok(problems.every((problem) => problem.line >= 1 && problem.column >= 1));
    }),
    { numRuns: 150 },
  );
});

test("requireConfig() throws everything that is wrong as one error", () => {
  assert.throws(
    () => requireConfig(parseConfig("version: 1\nfoo: 2\n", { fileName: "config.yaml" })),
    (error) => {
      assert.match(String(error), /config\.yaml:2:1 {2}"foo" is not a key I know/);
      return (error as { readonly code?: unknown }).code === "config.invalid";
    },
  );
});

test("generateConfig() makes a file that parses without problems, whatever the names", () => {
  const path = fc
    .stringMatching(/^\/[^\p{C}/.]{1,20}$/u)
    .filter((text) => !text.startsWith("/srv"));
  fc.assert(
    fc.property(path, fc.constantFrom("mx1", "no", "1", "1e3"), (folder, serverName) => {
      const { config, problems } = parseConfig(generateConfig({ path: folder, serverName }), {
        fileName: "c",
      });
      assert.deepEqual(problems, []);
      assert.equal(config?.servers[0]?.path, folder);
      assert.equal(config?.servers[0]?.name, serverName);
    }),
    { numRuns: 60 },
  );
});

test("generateConfig() names the log of a server in a comment that becomes a value", () => {
  const found = {
    remarks: [],
    dataSource: "live application",
    alsoProtect: [],
    hints: { key: "dovecot", log: "/var/log/a, b.log" },
  } as const;
  const text = generateConfig({ path: "/m", type: "dovecot", found });
  const { config, problems } = parseConfig(text.replace("# hints:", "hints:"), { fileName: "c" });
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["config.combination"],
  );
  assert.deepEqual(config?.servers[0]?.hints, { dovecotLog: "/var/log/a, b.log" });
  assert.equal(parseConfig(text, { fileName: "c" }).config?.servers[0]?.hints, undefined);
});
