import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  formatBytes,
  formatDuration,
  formatInstant,
  parseBytes,
  parseDuration,
  parseRfc3339,
  systemClock,
  TimeError,
  toRfc3339Nano,
} from "./index.ts";

test("systemClock() is now, and never says the same instant twice", () => {
  const clock = systemClock();
  const seen = new Set(Array.from({ length: 1000 }, clock));
  assert.equal(seen.size, 1000);
  assert.ok(clock() > parseRfc3339("2024-01-01T00:00:00Z"));
});

test("toRfc3339Nano() drops zeros at the end of the fraction, as Go does", () => {
  assert.equal(toRfc3339Nano(0n), "1970-01-01T00:00:00Z");
  assert.equal(toRfc3339Nano(1_500_000_000n), "1970-01-01T00:00:01.5Z");
  assert.equal(toRfc3339Nano(1n), "1970-01-01T00:00:00.000000001Z");
  assert.equal(toRfc3339Nano(-1n), "1969-12-31T23:59:59.999999999Z");
});

test("parseRfc3339() is exact to the nanosecond, with any offset", () => {
  assert.equal(parseRfc3339("2026-11-23T18:11:40.752591856Z"), 1_795_457_500_752_591_856n);
  assert.equal(parseRfc3339("2026-11-23T19:11:40.752591856+01:00"), 1_795_457_500_752_591_856n);
  assert.equal(parseRfc3339("2026-11-23T12:41:40.75-05:30"), 1_795_457_500_750_000_000n);
  assert.equal(toRfc3339Nano(parseRfc3339("0001-01-01T00:00:00Z")), "0001-01-01T00:00:00Z");
  assert.equal(toRfc3339Nano(parseRfc3339("0099-12-31T23:59:59Z")), "0099-12-31T23:59:59Z");
  assert.equal(
    toRfc3339Nano(parseRfc3339("9999-12-31T23:59:59.999999999Z")),
    "9999-12-31T23:59:59.999999999Z",
  );
  assert.equal(toRfc3339Nano(parseRfc3339("2024-02-29T00:00:00Z")), "2024-02-29T00:00:00Z");
});

test("parseRfc3339() refuses dates and times that do not exist", () => {
  const texts = [
    "2026-02-29T00:00:00Z",
    "2026-11-31T00:00:00Z",
    "2026-11-23T24:00:00Z",
    "2026-11-23T23:59:60Z",
  ];
  for (const text of [
    ...texts,
    "2026-11-23",
    "2026-11-23T10:00:00",
    "",
    "0000-01-01T00:00:00Z",
    "2026-1-1T0:0:0Z",
  ]) {
    assert.throws(() => parseRfc3339(text), { code: "time.rfc3339" }, text);
  }
  assert.throws(() => toRfc3339Nano(10n ** 30n), { code: "time.range" });
  assert.throws(() => toRfc3339Nano(parseRfc3339("0001-01-01T00:00:00+01:00")), {
    code: "time.range",
  });
});

test("parseRfc3339() reads back every instant that toRfc3339Nano() writes", () => {
  const instant = fc.bigInt({
    min: -62_135_596_800_000_000_000n,
    max: 253_402_300_799_999_999_999n,
  });
  fc.assert(
    fc.property(instant, (value) => assert.equal(parseRfc3339(toRfc3339Nano(value)), value)),
  );
});

test("formatInstant() names the zone by letters that people use, or by its offset", () => {
  const instant = parseRfc3339("2026-11-23T13:03:07.120Z");
  assert.equal(formatInstant(instant, "Europe/Berlin"), "Mon 23 Nov 2026 14:03:07 CET");
  assert.equal(
    formatInstant(instant, "Europe/Berlin", { fraction: true }),
    "Mon 23 Nov 2026 14:03:07.12 CET",
  );
  assert.equal(formatInstant(instant, "UTC"), "Mon 23 Nov 2026 13:03:07 UTC");
  assert.equal(formatInstant(instant, "America/New_York"), "Mon 23 Nov 2026 08:03:07 EST");
  assert.equal(formatInstant(instant, "Europe/London"), "Mon 23 Nov 2026 13:03:07 GMT");
  assert.equal(formatInstant(instant, "Asia/Tokyo"), "Mon 23 Nov 2026 22:03:07 +09:00");
  assert.throws(() => formatInstant(instant, "Mars/Olympus"), { code: "time.zone" });
  assert.throws(() => formatInstant(10n ** 40n, "UTC"), { code: "time.range" });
});

test("parseDuration() reads long and short units, alone and joined", () => {
  assert.equal(parseDuration("48 hours"), 172_800_000);
  assert.equal(parseDuration("10 seconds"), 10_000);
  assert.equal(parseDuration("5m"), 300_000);
  assert.equal(parseDuration("1h30m"), 5_400_000);
  assert.equal(parseDuration("1 hour and 30 minutes"), 5_400_000);
  assert.equal(parseDuration("2d"), 172_800_000);
  assert.equal(parseDuration("1.5 h"), 5_400_000);
  assert.equal(parseDuration("250ms"), 250);
  assert.equal(parseDuration("2 Weeks"), 1_209_600_000);
});

test("parseDuration() suggests what was meant", () => {
  assert.throws(() => parseDuration("10 secnds"), {
    code: "time.duration",
    suggestion: "10 seconds",
  });
  assert.throws(() => parseDuration("10"), { code: "time.duration", suggestion: "10 seconds" });
  for (const text of [
    "",
    "soon",
    "-5 minutes",
    "5m 1h",
    "1h1h",
    "1e3 s",
    "9".repeat(30),
    "999999999999999 weeks",
  ]) {
    assert.throws(() => parseDuration(text), { code: "time.duration" }, text);
  }
  assert.throws(() => parseDuration(`${"1h".repeat(50_000)}`), { code: "time.duration" });
});

test("formatDuration() uses two units at most and never shows sixty of one", () => {
  const shown: readonly (readonly [number, string])[] = [
    [0, "0 ms"],
    [250, "250 ms"],
    [999.9, "1 s"],
    [4200, "4.2 s"],
    [59_960, "1 min"],
    [190_000, "3 min 10 s"],
    [3_599_900, "1 h"],
    [7_500_000, "2 h 5 min"],
    [86_399_000, "1 d"],
    [273_600_000, "3 d 4 h"],
    [-4200, "-4.2 s"],
    [Infinity, "unlimited"],
  ];
  for (const [durationMs, text] of shown) assert.equal(formatDuration(durationMs), text);
});

test("formatBytes() shows three digits at most", () => {
  assert.equal(formatBytes(0), "0 B");
  assert.equal(formatBytes(999), "999 B");
  assert.equal(formatBytes(1500), "1.5 kB");
  assert.equal(formatBytes(99_960), "100 kB");
  assert.equal(formatBytes(999_700), "1 MB");
  assert.equal(formatBytes(773_000_000n), "773 MB");
  assert.equal(formatBytes(-1500), "-1.5 kB");
});

test("parseBytes() tells powers of 1000 from powers of 1024", () => {
  assert.equal(parseBytes("10 GB"), 1e10);
  assert.equal(parseBytes("4 GiB"), 4 * 1024 ** 3);
  assert.equal(parseBytes("512"), 512);
  assert.equal(parseBytes("1.5k"), 1500);
  for (const text of ["", "many", "10 XB", "-1", "1e9", "9999999 PB"])
    assert.throws(() => parseBytes(text), TimeError, text);
});

test("property: a time reads the same whether its date was read before or not", () => {
  const tail = fc.constantFrom(
    ..."T03:04:05Z T03:04:05.1Z T23:59:59.123456789Z T24:00:00Z T00:60:00Z T00:00:60Z T03:04:05.Z T03:04:05.1234567890Z t03:04:05z T03:04:05+01:00 T03:04:0xZ T03:04:05.12a4Z T3:04:05Z".split(
      " ",
    ),
  );
  const read = (text: string): unknown => {
    try {
      return parseRfc3339(text);
    } catch (error) {
      return (error as Error).message;
    }
  };
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9999 }),
      fc.integer({ min: 1, max: 28 }),
      tail,
      (year, day, rest) => {
        const date = `${String(year).padStart(4, "0")}-07-${String(day).padStart(2, "0")}`;
        const before = read(date + rest);
        parseRfc3339(`${date}T00:00:00Z`);
        assert.equal(read(date + rest), before, date + rest);
      },
    ),
    { numRuns: 1000 },
  );
});
