import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { describeError, errorToJson } from "./describe-error.ts";
import { isRecoveryError, RecoveryError } from "./recovery-error.ts";
import { systemErrorCode } from "./system-error.ts";

class PruneError extends RecoveryError {}

const cause = new Error("disk");
const locked = new PruneError("prune.locked", 'Cannot prune "mail": host mx1 holds the lock', {
  hint: "Wait for that run.",
  retryable: true,
  cause,
});

test("an error carries code, hint, retryable and cause, and the name of its class", () => {
  assert.equal(locked.name, "PruneError");
  assert.equal(locked.code, "prune.locked");
  assert.equal(locked.cause, cause);
  assert.ok(isRecoveryError(locked));
  assert.ok(!isRecoveryError(cause));
});

test("an error without options is permanent, without hint and without cause", () => {
  const error = new RecoveryError("a.b", "Cannot do it");
  assert.equal(error.retryable, false);
  assert.equal(error.hint, undefined);
  assert.ok(!("cause" in error));
});

test("describeError() puts the hint on its own line", () => {
  assert.equal(
    describeError(locked),
    'Cannot prune "mail": host mx1 holds the lock\n  Wait for that run.',
  );
  assert.equal(describeError(new RecoveryError("a.b", "Cannot do it")), "Cannot do it");
});

test("errorToJson() gives ours by code, the system's as system and anything else as a bug", () => {
  assert.deepEqual(errorToJson(locked), {
    code: "prune.locked",
    message: 'Cannot prune "mail": host mx1 holds the lock',
    hint: "Wait for that run.",
    retryable: true,
  });
  assert.ok(!("hint" in errorToJson(new RecoveryError("a.b", "Cannot do it"))));
  assert.equal(errorToJson(systemError()).code, "system");
  assert.deepEqual(errorToJson("oops"), {
    code: "bug",
    message: "Unexpected: oops",
    retryable: false,
  });
  assert.equal(describeError(new TypeError("x is undefined")), "Unexpected: x is undefined");
});

test("systemErrorCode() knows the system's errors and no others", () => {
  assert.equal(systemErrorCode(systemError()), "ENOENT");
  assert.equal(
    systemErrorCode(Object.assign(new Error("x"), { code: "ERR_INVALID_ARG_TYPE" })),
    undefined,
  );
  assert.equal(systemErrorCode(Object.assign(new Error("x"), { code: 7 })), undefined);
  assert.equal(systemErrorCode(locked), undefined);
  assert.equal(systemErrorCode(undefined), undefined);
});

function systemError(): unknown {
  try {
    return readFileSync("/nonexistent/file");
  } catch (error) {
    return error;
  }
}
