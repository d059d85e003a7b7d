import assert from "node:assert/strict";
import { test } from "node:test";
import { RecoveryError } from "#errors";
import { exitCodeOf } from "./exit-codes.ts";

test("exitCodeOf() uses restic's numbers where both know the case", () => {
  const expected: readonly (readonly [string, number])[] = [
    ["repository.not-found", 10],
    ["repository.locked", 11],
    ["repository.wrong-password", 12],
    ["repository.damaged", 1],
    ["cli.nothing-matched", 22],
    ["cli.refused", 23],
    ["cli.unknown-command", 2],
    ["config.invalid", 2],
    ["retention.rule", 2],
    ["target.unreadable", 2],
    ["time.moment", 2],
    ["methods.tape-barcode", 2],
    ["storage.failed", 1],
  ];
  for (const [code, exitCode] of expected)
    assert.equal(exitCodeOf(new RecoveryError(code, "x")), exitCode, code);
});

test("exitCodeOf() is 130 for an interruption and 1 for what nobody foresaw", () => {
  assert.equal(exitCodeOf(new DOMException("x", "AbortError")), 130);
  assert.equal(exitCodeOf(new TypeError("x")), 1);
});
