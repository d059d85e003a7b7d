import assert from "node:assert/strict";
import { test } from "node:test";
import type { RecoveryPoint } from "#copies";
import { parseRfc3339 } from "#time";
import { chosenMomentJson, chooseMoment, momentText } from "./moments.ts";

const point = (id: string, at: string, some: Partial<RecoveryPoint> = {}): RecoveryPoint => ({
  id: id.padEnd(64, "0"),
  group: "g",
  sequence: 1,
  generation: "",
  atNs: parseRfc3339(at),
  consistency: "fuzzy",
  paths: ["/mail"],
  hostname: "mx1",
  tags: [],
  ...some,
});
const points = [
  point("aaaaaaaa1", "2026-11-23T10:00:00Z"),
  point("aaaaaaaa2", "2026-11-23T11:00:00Z"),
  point("bbbbbbbb", "2026-11-23T12:00:00Z"),
];
const options = {
  now: parseRfc3339("2026-11-23T12:30:00Z"),
  zone: "Europe/Berlin",
  subject: "support",
};
const chosen = (at: string | undefined): string =>
  chooseMoment(points, at, options).point.id.slice(0, 9);

test("chooseMoment() takes the newest for latest and where nothing was asked", () => {
  assert.equal(chosen(undefined), "bbbbbbbb0");
  assert.equal(chosen("latest"), "bbbbbbbb0");
});

test("chooseMoment() takes the newest moment that is not after the instant", () => {
  assert.equal(chosen("12:30:00"), "aaaaaaaa2");
  assert.equal(chosen("2026-11-23T11:00:00Z"), "aaaaaaaa2");
  assert.equal(chosen("2026-11-23T10:59:59Z"), "aaaaaaaa1");
  assert.equal(chosen("-10m"), "bbbbbbbb0");
});

test("chooseMoment() takes a snapshot ID by its beginning, if that is one's alone", () => {
  assert.equal(chosen("aaaaaaaa2"), "aaaaaaaa2");
  assert.throws(() => chosen("aaaaaaaa"), { code: "cli.usage" });
  assert.throws(() => chosen("cccccccc"), { code: "cli.nothing-matched" });
});

test("chooseMoment() says from when on there is something, where the instant is too early", () => {
  assert.throws(
    () => chosen("2026-11-23T09:00:00Z"),
    (error) =>
      error instanceof Error &&
      error.message.includes("the oldest is of Mon 23 Nov 2026 11:00:00 CET"),
  );
  assert.throws(() => chooseMoment([], undefined, options), { code: "cli.nothing-matched" });
  assert.throws(() => chosen("whenever"), { code: "time.moment" });
});

test("momentText() echoes the absolute time with its zone, the moment chosen, and what its label means", () => {
  assert.equal(
    momentText(chooseMoment(points, "12:01:07", options), options.zone),
    "Mon 23 Nov 2026 12:01:07 CET (moment aaaaaaaa of Mon 23 Nov 2026 12:00:00 CET, 1 min 7 s before, the nearest; fuzzy: a walk of a living store)",
  );
  assert.match(
    momentText({ point: point("c", "2026-11-23T12:00:00Z", { consistency: "unknown" }) }, "UTC"),
    /^Mon 23 Nov 2026 12:00:00 UTC \(moment c0000000; consistency unknown/,
  );
});

test("chosenMomentJson() has times as RFC 3339 and no bigint", () => {
  const json = JSON.parse(
    JSON.stringify(chosenMomentJson(chooseMoment(points, "2026-11-23T11:30:00.5Z", options))),
  ) as Record<string, unknown>;
  assert.equal(json["at"], "2026-11-23T11:00:00Z");
  assert.equal(json["asked"], "2026-11-23T11:30:00.5Z");
});
