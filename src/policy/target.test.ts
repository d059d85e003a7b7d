import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { generateConfig } from "./generate-config.ts";
import { matchesMailbox } from "./mailbox-pattern.ts";
import { parseConfig, requireConfig } from "./parse-config.ts";
import { PolicyError } from "./policy-error.ts";
import { groupOfMailbox, protectionGroups } from "./protection-group.ts";
import { parseTarget, targetIncludes } from "./target.ts";

test("parseTarget() tells mailboxes, patterns, servers and folders apart", () => {
  assert.deepEqual(parseTarget("support@example.org"), {
    kind: "mailbox",
    mailbox: "support@example.org",
  });
  assert.deepEqual(parseTarget("support@example.org/INBOX/Invoices"), {
    kind: "mailbox",
    mailbox: "support@example.org",
    folder: "INBOX/Invoices",
  });
  assert.deepEqual(parseTarget("*@sales.example.org"), {
    kind: "pattern",
    pattern: "*@sales.example.org",
  });
  assert.deepEqual(parseTarget("mx1"), { kind: "server", server: "mx1" });
  assert.deepEqual(parseTarget("/srv/mail/a/"), { kind: "path", path: "/srv/mail/a" });
  assert.deepEqual(parseTarget("/"), { kind: "path", path: "/" });
  assert.deepEqual(parseTarget("mx1/a@example.org/Ü b"), {
    kind: "mailbox",
    server: "mx1",
    mailbox: "a@example.org",
    folder: "Ü b",
  });
  assert.deepEqual(parseTarget("*"), { kind: "pattern", pattern: "*" });
});

test("parseTarget() knows the configuration's servers from mailboxes without a domain", () => {
  const servers = ["mx1"];
  assert.deepEqual(parseTarget("mx1", { servers }), { kind: "server", server: "mx1" });
  assert.deepEqual(parseTarget("support/INBOX", { servers }), {
    kind: "mailbox",
    mailbox: "support",
    folder: "INBOX",
  });
  assert.deepEqual(parseTarget("mx1/support", { servers }), {
    kind: "mailbox",
    mailbox: "support",
    server: "mx1",
  });
  assert.throws(() => parseTarget("mx11/a@example.org", { servers }), {
    suggestion: "mx1/a@example.org",
  });
});

test("parseTarget() refuses what it does not understand and says what to write", () => {
  for (const text of [
    "",
    "  ",
    "./mail",
    "~/mail",
    "a@b/",
    "a@b//c",
    "a b@c",
    "a@b\u0007",
    "x".repeat(5000),
    "a@b@c",
    "*@b/INBOX",
  ]) {
    assert.throws(() => parseTarget(text), PolicyError, text.slice(0, 40));
  }
  assert.throws(() => parseTarget("@example.org"), {
    code: "target.pattern",
    suggestion: "*@example.org",
  });
});

test("parseTarget() throws nothing but PolicyError", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z@/*?.]{0,20}$/)), (text) => {
      try {
        assert.ok(parseTarget(text, { servers: ["mx1"] }).kind.length > 0);
      } catch (error) {
        assert.ok(error instanceof PolicyError);
      }
    }),
  );
});

test("targetIncludes() looks at server and mailbox, not at upper and lower case", () => {
  const where = { server: "mx1", mailbox: "Support@Example.org" };
  for (const text of ["support@example.org", "*@EXAMPLE.org", "mx1", "mx1/support@example.org"]) {
    assert.equal(targetIncludes(parseTarget(text), where), true, text);
  }
  for (const text of [
    "mx2/support@example.org",
    "mx2/*@example.org",
    "mx2",
    "/srv/mail",
    "sales@example.org",
  ]) {
    assert.equal(targetIncludes(parseTarget(text), where), false, text);
  }
});

test("matchesMailbox() agrees with the regular expression of the pattern", () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[ab*?]{0,8}$/),
      fc.stringMatching(/^[ab]{0,10}$/),
      (pattern, name) => {
        const expression = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`);
        assert.equal(matchesMailbox(pattern, name), expression.test(name));
      },
    ),
    { numRuns: 500 },
  );
});

test("matchesMailbox() answers quickly to a pattern made to be slow", () => {
  assert.equal(matchesMailbox("*a".repeat(150), `${"a".repeat(2000)}b`), false);
});

test("groupOfMailbox() takes the first line that matches, on each server", () => {
  const text = generateConfig({ path: "/var/vmail", serverName: "mx1" }).replace(
    "  everyone:",
    '  sales: {mailboxes: ["*@sales.example.org"], tier: standard}\n  everyone:',
  );
  const config = requireConfig(parseConfig(text, { fileName: "c" }));
  assert.deepEqual(
    protectionGroups(config).map((group) => group.name),
    ["mx1/sales", "mx1/everyone"],
  );
  assert.equal(
    groupOfMailbox(config, { server: "mx1", mailbox: "ann@SALES.example.org" })?.name,
    "mx1/sales",
  );
  assert.equal(
    groupOfMailbox(config, { server: "mx1", mailbox: "bob@example.org" })?.line,
    "everyone",
  );
  assert.equal(groupOfMailbox(config, { server: "mx2", mailbox: "bob@example.org" }), undefined);
});
