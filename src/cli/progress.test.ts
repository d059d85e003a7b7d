import assert from "node:assert/strict";
import { test } from "node:test";
import { Progress, type ProgressEvent, progressText } from "./progress.ts";

const state = { label: "capture", done: 50, total: 100, unit: "files" };

test("progressText() shows rate and time left by bytes where they are known", () => {
  assert.equal(
    progressText({ ...state, bytesDone: 25_000_000, bytesTotal: 100_000_000 }, 5000),
    "capture  50 of 100 files  25 MB of 100 MB  5 MB/s  15 s left",
  );
});

test("progressText() goes by count where no bytes are known, and promises nothing at the start", () => {
  assert.equal(progressText(state, 5000), "capture  50 of 100 files  10 files/s  5 s left");
  assert.equal(progressText({ ...state, done: 0 }, 5000), "capture  0 of 100 files");
  assert.equal(progressText({ ...state, total: 0 }, 0), "capture  50 files");
});

test("Progress on a terminal rewrites one line at most ten times a second and takes it away", () => {
  let nowMs = 0;
  const said: string[] = [];
  const progress = new Progress(
    { kind: "terminal", say: (text) => said.push(text) },
    { clockMs: () => nowMs },
  );
  for (nowMs = 1; nowMs <= 1000; nowMs++) progress.update(state);
  progress.finish();
  assert.equal(said.length, 11);
  assert.ok(said.every((text) => text.startsWith("\r\u001b[K")));
  assert.equal(said.at(-1), "\r\u001b[K");
});

test("Progress in a log writes a whole line every 30 seconds", () => {
  let nowMs = 0;
  const said: string[] = [];
  const progress = new Progress(
    { kind: "lines", say: (text) => said.push(text) },
    { clockMs: () => nowMs },
  );
  for (nowMs = 1000; nowMs <= 65_000; nowMs += 1000) progress.update(state);
  progress.finish();
  assert.equal(said.length, 2);
  assert.ok(said.every((text) => text.endsWith("\n") && !text.includes("\r")));
});

test("Progress for a program emits one event a second, and a quiet one nothing", () => {
  let nowMs = 0;
  const events: ProgressEvent[] = [];
  const progress = new Progress(
    { kind: "events", emit: (event) => events.push(event) },
    { clockMs: () => nowMs },
  );
  const quiet = new Progress({ kind: "quiet" }, { clockMs: () => nowMs });
  for (nowMs = 500; nowMs <= 2000; nowMs += 500) {
    progress.update(state);
    quiet.update(state);
  }
  assert.deepEqual(events, [
    { type: "progress", ...state, elapsedMs: 1000, remainingMs: 1000 },
    { type: "progress", ...state, elapsedMs: 2000, remainingMs: 2000 },
  ]);
});
