import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseCommand } from "./command.ts";

function problemOf(line: string): number | undefined {
  const command = parseCommand(line);
  return command.verb === "problem" ? command.reply.code : undefined;
}

test("addresses and parameters are taken apart, and handed on as they were", () => {
  const mail = parseCommand(
    "mail from: <a@example.org> SIZE=1000 body=8BITMIME  ENVID=QQ+3D RET=HDRS",
  );
  assert.deepEqual(mail, {
    verb: "MAIL",
    sender: "a@example.org",
    parameters: new Map([
      ["SIZE", "1000"],
      ["BODY", "8BITMIME"],
      ["ENVID", "QQ+3D"],
      ["RET", "HDRS"],
    ]),
    line: "MAIL FROM:<a@example.org> SIZE=1000 body=8BITMIME ENVID=QQ+3D RET=HDRS",
  });
  const recipient = parseCommand("RCPT TO:<md> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a@b");
  assert.ok(recipient.verb === "RCPT");
  assert.equal(recipient.recipient, "md");
  assert.equal(recipient.line, "RCPT TO:<md> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a@b");
});

test("quoted local parts, source routes, no sender, and bytes above 127", () => {
  for (const path of ['"a>b \\" c"@example.org', "@x,@y:a@z", "j\xc3\xb6rg@example.org", ""]) {
    const mail = parseCommand(`MAIL FROM:<${path}>`);
    assert.ok(mail.verb === "MAIL", path);
    assert.equal(mail.sender, path);
    assert.equal(mail.line, `MAIL FROM:<${path}>`);
  }
});

test("what is no command is answered as the RFC says", () => {
  const lines: readonly (readonly [string, number])[] = [
    ["", 500],
    ["EHLO x", 500],
    ["HELO x", 500],
    ["FROB", 500],
    ["LHLO", 501],
    [`LHLO ${"x".repeat(300)}`, 501],
    ["MAIL FROM:a@b", 501],
    ["MAIL FROM:<a b>", 501],
    ["MAIL FROM:<a@b>SIZE=1", 501],
    ["MAIL FROM:<a@b> =1", 501],
    ["MAIL FROM:<a@b> SIZE=1 SIZE=2", 501],
    ["MAIL FROM:<a@b", 501],
    ["MAIL TO:<a@b>", 501],
    ["RCPT TO:<>", 501],
    ["RCPT FROM:<a>", 501],
    ["DATA now", 501],
    ["BDAT x", 501],
    ["BDAT -1", 501],
    ["BDAT 9999999999999", 501],
    ["NOOP\0", 500],
    ["RCPT TO:<a\r@b>", 500],
  ];
  for (const [line, code] of lines) assert.equal(problemOf(line), code, JSON.stringify(line));
  // Nobody knows how many bytes would follow.
  const chunk = parseCommand("BDAT x");
  assert.ok(chunk.verb === "problem" && chunk.isFatal);
  assert.deepEqual(parseCommand("bdat 12 last"), { verb: "BDAT", sizeBytes: 12, isLast: true });
});

test("no line breaks the parser, and none that it hands on can hold two commands", () => {
  const byte = fc.constantFrom(...Array.from('<>"\\: =ABab@.\0\r\n\t\x7f\x80\xff'));
  const line = fc
    .tuple(
      fc.constantFrom("MAIL FROM:<", "RCPT TO:<", "LHLO ", "BDAT ", ""),
      fc.array(byte, { maxLength: 60 }).map((parts) => parts.join("")),
    )
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(line, (text) => {
      const command = parseCommand(text);
      if (command.verb === "MAIL" || command.verb === "RCPT")
        assert.doesNotMatch(command.line, /[\r\n\0]/);
    }),
    { numRuns: 2000 },
  );
});
