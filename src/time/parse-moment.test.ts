import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import {
  formatInstant,
  isZone,
  parseMoment,
  parseRfc3339,
  TimeError,
  toRfc3339Nano,
} from "./index.ts";

const zone = "Europe/Berlin";
// A Monday.
const now = parseRfc3339("2026-11-23T14:30:00+01:00");

function moment(text: string, at: string | bigint = now): string {
  const instant = typeof at === "bigint" ? at : parseRfc3339(at);
  return toRfc3339Nano(parseMoment(text, { now: instant, zone }));
}

function refusal(text: string, at: string | bigint = now): TimeError {
  try {
    moment(text, at);
  } catch (error) {
    assert.ok(error instanceof TimeError);
    return error;
  }
  return assert.fail(`${text} was accepted`);
}

test("parseMoment() reads a time of day as the most recent one that has passed", () => {
  assert.equal(moment("14:03:07"), "2026-11-23T13:03:07Z");
  assert.equal(moment("14:03"), "2026-11-23T13:03:00Z");
  assert.equal(moment("14:30"), "2026-11-23T13:30:00Z");
  assert.equal(moment("14:30:01"), "2026-11-22T13:30:01Z");
  assert.equal(moment("9:00"), "2026-11-23T08:00:00Z");
  assert.equal(moment("14:03:07.25"), "2026-11-23T13:03:07.25Z");
  assert.equal(moment("23:59 UTC"), "2026-11-22T23:59:00Z");
});

test("parseMoment() reads days by name, weekday and date", () => {
  assert.equal(moment("yesterday 17:00"), "2026-11-22T16:00:00Z");
  assert.equal(moment("today 09:00"), "2026-11-23T08:00:00Z");
  assert.equal(moment("Today"), "2026-11-22T23:00:00Z");
  assert.equal(moment("Mon 14:00"), "2026-11-23T13:00:00Z");
  assert.equal(moment("monday 15:00"), "2026-11-16T14:00:00Z");
  assert.equal(moment("Tue 15:00"), "2026-11-17T14:00:00Z");
  assert.equal(moment("sunday"), "2026-11-21T23:00:00Z");
  assert.equal(moment("2026-11-20"), "2026-11-19T23:00:00Z");
  assert.equal(moment("2026-11-20 14:03"), "2026-11-20T13:03:00Z");
  assert.equal(moment("2026-07-20  14:03:07"), "2026-07-20T12:03:07Z");
  assert.equal(moment("2026-07-20T14:03:07"), "2026-07-20T12:03:07Z");
  assert.equal(moment("20 Nov 2026 14:03"), "2026-11-20T13:03:00Z");
  assert.equal(moment("2026-11-20 14:03 +05:30"), "2026-11-20T08:33:00Z");
});

test("parseMoment() reads spans before now, and now itself", () => {
  assert.equal(moment("-2h"), "2026-11-23T11:30:00Z");
  assert.equal(moment("-90s"), "2026-11-23T13:28:30Z");
  assert.equal(moment("-3d"), "2026-11-20T13:30:00Z");
  assert.equal(moment("-1h30m"), "2026-11-23T12:00:00Z");
  assert.equal(moment("2 hours ago"), "2026-11-23T11:30:00Z");
  assert.equal(moment("now"), "2026-11-23T13:30:00Z");
});

test("parseMoment() reads RFC 3339 to the nanosecond", () => {
  assert.equal(moment("2026-11-20T18:11:40.752591856Z"), "2026-11-20T18:11:40.752591856Z");
  assert.equal(moment("2026-11-20T18:11:40+01:00"), "2026-11-20T17:11:40Z");
});

test("parseMoment() refuses a local time that occurred twice and names both", () => {
  const error = refusal("2026-10-25 02:30");
  assert.equal(error.code, "time.ambiguous");
  assert.match(
    error.hint ?? "",
    /2026-10-25T02:30:00\+02:00 \(CEST\) or 2026-10-25T02:30:00\+01:00 \(CET\)/,
  );
  assert.equal(moment("2026-10-25T02:30:00+02:00"), "2026-10-25T00:30:00Z");
  assert.equal(moment("2026-10-25 02:30 CEST"), "2026-10-25T00:30:00Z");
  assert.equal(moment("2026-10-25 02:30 cet"), "2026-10-25T01:30:00Z");
  assert.equal(refusal("02:30", "2026-10-25T12:00:00+01:00").code, "time.ambiguous");
  assert.equal(refusal("Sun 02:30", "2026-10-26T12:00:00+01:00").code, "time.ambiguous");
});

test("parseMoment() accepts a doubled time of day while only the first has passed", () => {
  assert.equal(moment("02:30", "2026-10-25T02:45:00+02:00"), "2026-10-25T00:30:00Z");
});

test("parseMoment() refuses a local time that the clocks skipped and names both candidates", () => {
  const error = refusal("2026-03-29 02:30");
  assert.equal(error.code, "time.skipped");
  assert.match(
    error.hint ?? "",
    /2026-03-29T01:30:00\+01:00 \(CET\) or 2026-03-29T03:30:00\+02:00 \(CEST\)/,
  );
  assert.equal(refusal("02:30", "2026-03-29T12:00:00+02:00").code, "time.skipped");
  assert.equal(moment("02:30", "2026-03-29T01:00:00+01:00"), "2026-03-28T01:30:00Z");
});

test("parseMoment() refuses the future unless it is allowed", () => {
  for (const text of ["today 17:00", "2026-11-24", "2030-01-01T00:00:00Z"]) {
    assert.equal(refusal(text).code, "time.future");
    assert.match(refusal(text).message, /has not come yet/);
  }
  assert.ok(parseMoment("today 17:00", { now, zone, allowFuture: true }) > now);
});

test("parseMoment() refuses what it does not understand and says how to write it", () => {
  const texts = [
    "",
    "tea time",
    "25:00",
    "14:60",
    "2026-02-30",
    "2026-13-01 10:00",
    "14:03 PST",
    "Tue 23 Nov 2026 14:00",
  ];
  for (const text of [
    ...texts,
    "x".repeat(10_000),
    "14:03:07 CET CET",
    "14:03:07:09",
    "-2 fortnights",
    "-",
    "0000-01-01",
  ]) {
    const error = refusal(text);
    assert.match(error.code, /^time\.(moment|duration)$/);
    assert.ok((error.hint ?? "") !== "");
  }
  assert.equal(refusal("yesterdy 17:00").suggestion, "yesterday 17:00");
  assert.equal(refusal("before:alarm-17").code, "time.event");
  assert.throws(() => parseMoment("14:00", { now, zone: "Europe/Berln" }), {
    code: "time.zone",
    suggestion: "Europe/Berlin",
  });
});

test("parseMoment() reads back what formatInstant() shows, in any zone", () => {
  const zones = [
    zone,
    "UTC",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "+03:30",
  ];
  assert.ok(zones.every(isZone));
  const second = fc.bigInt({ min: 0n, max: 4_000_000_000n });
  fc.assert(
    fc.property(second, fc.constantFrom(...zones), (seconds, somewhere) => {
      const instant = seconds * 1_000_000_000n;
      const shown = formatInstant(instant, somewhere);
      assert.equal(parseMoment(shown, { now: instant, zone: somewhere }), instant, shown);
    }),
  );
});

test("parseMoment() throws nothing but TimeError, whatever the text", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-0-9:TZ +a-z.]{1,30}$/)), (text) => {
      try {
        assert.equal(typeof parseMoment(text, { now, zone }), "bigint");
      } catch (error) {
        assert.ok(error instanceof TimeError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});

test("parseMoment() works alike where the engine has no Temporal", () => {
  const door = new URL("./index.ts", import.meta.url).href;
  const program = `
    delete globalThis.Temporal;
    const { parseMoment, toRfc3339Nano, formatInstant } = await import(${JSON.stringify(door)});
    const options = { now: ${now}n, zone: "Europe/Berlin" };
    const found = ["yesterday 17:00", "2026-10-25 02:30 CEST", "Mon 14:00"].map((text) => toRfc3339Nano(parseMoment(text, options)));
    process.stdout.write([...found, formatInstant(options.now, options.zone)].join("\\n"));`;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
    encoding: "utf8",
  });
  assert.deepEqual(output.split("\n"), [
    "2026-11-22T16:00:00Z",
    "2026-10-25T00:30:00Z",
    "2026-11-23T13:00:00Z",
    "Mon 23 Nov 2026 14:30:00 CET",
  ]);
});
