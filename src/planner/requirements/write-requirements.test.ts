import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mailServers, type MailServerId } from "../figure-1/index.ts";
import { parseRequirements, type RequirementsAnswers, writeRequirements } from "./index.ts";
import { equipmentNames } from "./requirements.ts";

const day = 86_400_000;

test("a file from plain answers is read back to the same values", () => {
  const span = fc.oneof(
    fc.integer({ min: 1, max: 3650 }).map((days) => days * day),
    fc.integer({ min: 1, max: 10_000_000_000 }),
  );
  const size = fc.oneof(
    fc.integer({ min: 1, max: 1_000_000_000_000 }),
    fc.integer({ min: 1, max: 5000 }).map((count) => count * 1_000_000_000),
    fc.integer({ min: 1, max: 5000 }).map((count) => count * 1024 ** 3),
  );
  // Every layer may lose less than is kept: what asks for nothing is refused.
  const objectives = fc
    .record({ lose: fc.nat(1000), back: span, reach: span })
    .map(({ lose, back, reach }) => ({
      loseAtMostMs: Math.min(lose, reach - 1),
      backWithinMs: back,
      reachBackMs: reach,
    }));
  // More new mail in a day than there is in all would be said.
  const sizes = fc.tuple(size, size).map(([left, right]) => ({
    mailBytes: Math.max(left, right),
    newPerDayBytes: Math.min(left, right),
  }));
  const answers: fc.Arbitrary<RequirementsAnswers> = fc.record({
    currency: fc.constantFrom("EUR", "USD", "CHF"),
    timeZone: fc.constantFrom("UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"),
    server: fc
      .tuple(
        sizes,
        fc.record({
          name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,10}$/),
          kind: fc.constantFrom(...(Object.keys(mailServers) as MailServerId[])),
          path: fc.stringMatching(/^\/m[^\p{C}/]{0,20}$/u),
          mailboxes: fc.integer({ min: 1, max: 100_000 }),
        }),
      )
      .map(([given, server]) => ({ ...server, ...given })),
    has: fc.uniqueArray(fc.constantFrom(...equipmentNames)),
    operational: objectives,
    disaster: fc.option(objectives, { nil: undefined }),
    downtime: fc.option(
      fc.record({
        payrollPerHour: fc.integer({ min: 0, max: 100_000_000 }).map((cents) => cents / 100),
        productivityLostShare: fc.double({ min: 0.0001, max: 1, noNaN: true }),
      }),
      { nil: undefined },
    ),
  });
  fc.assert(
    fc.property(answers, (given) => {
      const { requirements, problems } = parseRequirements(writeRequirements(given), {
        fileName: "r.yaml",
      });
      assert.deepEqual(
        // Answers may rank otherwise than the paper expects, or say nothing of payroll; that is said and stays.
        problems.filter(({ code }) => code !== "planner.ranking" && code !== "planner.no-value"),
        [],
      );
      assert.ok(requirements !== undefined);
      const { server, parameters } = requirements;
      const [everyone, ...others] = requirements.linesOfBusiness;
      assert.deepEqual(others, []);
      assert.deepEqual(
        {
          currency: requirements.currency,
          timeZone: requirements.timeZone,
          server: {
            name: server.name,
            kind: server.kind,
            path: server.path,
            mailBytes: parameters.mail.high,
            newPerDayBytes: parameters.logs_per_day.high,
            mailboxes: parameters.mailboxes.high,
          },
          has: requirements.has,
          operational: everyone?.operational,
          disaster: everyone?.disaster,
        },
        {
          currency: given.currency,
          timeZone: given.timeZone,
          server: given.server,
          has: given.has,
          operational: given.operational,
          disaster: given.disaster,
        },
      );
      const { payrollPerHour = 0, productivityLostShare = 0 } = given.downtime ?? {};
      assert.equal(everyone?.downtimePerHour, payrollPerHour * productivityLostShare);
    }),
    { numRuns: 200 },
  );
});
