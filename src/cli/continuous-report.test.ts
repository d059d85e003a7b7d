import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryJournal } from "#journal";
import { surveyJournal } from "#methods";
import { continuousJson, continuousText } from "./continuous-report.ts";

const second = 1_000_000_000n;

test("a clock that was set is shown beside the gaps, and interrupts no span", async () => {
  const message = "The clock was set back by 1 h. No change was missed.";
  const [fromNs, toNs] = [7200n * second, 10_800n * second];
  const journal = memoryJournal({
    records: [
      { sequence: 1, atNs: 10_000n * second, event: { type: "mark", name: "start" } },
      {
        sequence: 2,
        atNs: fromNs,
        event: { type: "gap", why: "clock-jump", fromNs, toNs, message },
      },
    ],
  });
  const report = { group: "mail", survey: await surveyJournal(journal), spans: [] };
  const text = continuousText(report, "UTC");
  assert.match(text, /^ {2}clock {2}.*1970 02:00:00.* to .*03:00:00.*No change was missed$/m);
  assert.doesNotMatch(text, /^ {2}gap/m);
  const json = continuousJson(report) as Readonly<Record<string, unknown>>;
  assert.deepEqual(json["gaps"], []);
  assert.deepEqual(json["clockJumps"], [
    { from: "1970-01-01T02:00:00Z", to: "1970-01-01T03:00:00Z", message },
  ]);
});
