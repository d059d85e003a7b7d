import assert from "node:assert/strict";
import { test } from "node:test";
import { paperParameters, type ParameterName } from "../parameters.ts";
import { exactly } from "../quantity.ts";
import type { DisasterChoice, OperationalChoice } from "./choices.ts";
import { estimateDisaster } from "./disaster.ts";
import { disasterRotation } from "./rotation.ts";
import { paperSituation, type Situation } from "./situation.ts";

const MB = 1024 ** 2;

function situationWith(changes: Partial<Record<ParameterName, number>> = {}): Situation {
  const parameters = { ...paperParameters() };
  for (const [name, value] of Object.entries(changes) as [ParameterName, number][])
    parameters[name] = { ...parameters[name], ...exactly(value) };
  return paperSituation(parameters);
}

function sent(option: DisasterChoice["option"], everyHours: number): DisasterChoice {
  return { option, everyHours, mirroredLogs: false, reachHours: 720 };
}

function made(method: OperationalChoice["method"], everyHours: number): OperationalChoice {
  return { method, everyHours, reachHours: 720 };
}

function rpoOf(choice: DisasterChoice, fedBy: OperationalChoice, situation: Situation): number {
  return estimateDisaster(choice, fedBy, situation).rpo.logsLost.high;
}

test("what is sent is as old as the copy that it is made from", () => {
  const situation = situationWith();
  const rpo = (every: number, of: number): number =>
    rpoOf(sent("duplicate-disk", every), made("clones", of), situation);
  assert.equal(rpo(24, 12), 24, "a copy is ready when it is sent");
  assert.equal(rpo(12, 8), 16, "clones every 8 hours are up to 4 hours old at noon");
  assert.equal(rpo(1, 24), 24, "sending a daily copy every hour does not make it younger");
  assert.equal(rpoOf(sent("duplicate-disk", 4), made("journal", 0), situation), 4);
  assert.equal(rpoOf(sent("snapshots-of-mirror", 1), made("clones", 24), situation), 1);
});

test("mirrored logs lose nothing near by, and the mirror's lag where they are too far to be synchronous", () => {
  const choice = { ...sent("snapshots-copied", 12), mirroredLogs: true };
  const rpo = (km: number): readonly number[] => {
    const estimate = estimateDisaster(
      choice,
      made("clones", 12),
      situationWith({ distance_km: km }),
    );
    return [estimate.rpo.logsSurvive.high, estimate.rpo.logsLost.high];
  };
  assert.deepEqual(rpo(50), [0, 12]);
  assert.deepEqual(rpo(500), [Number((5 / 60).toPrecision(12)), 12]);
});

test("mirrored CDP storage loses nothing near by only", () => {
  const rpo = (km: number): number =>
    rpoOf(sent("protected-cdp", 0), made("cdp", 0), situationWith({ distance_km: km }));
  assert.equal(rpo(50), 0);
  assert.ok(rpo(500) > 0);
});

test("mirrored CDP storage reaches back as far as the CDP storage, whatever is asked of it", () => {
  const far = { ...sent("protected-cdp", 0), reachHours: 8760 };
  const near: OperationalChoice = { method: "cdp", everyHours: 0, reachHours: 48 };
  assert.deepEqual(disasterRotation(far, near), [{ fromHours: 0, untilHours: 48, everyHours: 0 }]);
});

test("a mirror needs a network that a day's writes get through in a day", () => {
  const hours = (option: DisasterChoice["option"], network: number): number =>
    estimateDisaster(sent(option, 0), made("disk", 24), situationWith({ network_rate: network }))
      .copyTime.high;
  // 10 % of 60 GB a day.
  assert.ok(Math.abs(hours("mirror-host", MB) - (6 * 1024) / 3600) < 1e-9);
  assert.equal(hours("mirror-sync", Infinity), 0);
});

test("logs are mirrored, and played back, until the next copy is safe offsite", () => {
  const choice = { ...sent("ship-tapes", 24), mirroredLogs: true };
  const parts = (hold: number): readonly number[] => {
    const { phases, stored } = estimateDisaster(choice, made("tape", 24), situationWith({ hold }));
    const forward = phases.find(({ name }) => name === "roll forward")?.time.high ?? NaN;
    return [forward, stored.at(-1)?.size.high ?? NaN];
  };
  assert.deepEqual(parts(0), [45, 2 * 1024 * MB]);
  assert.deepEqual(parts(24), [90, 4 * 1024 * MB]);
});
