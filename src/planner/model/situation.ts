import type { Parameters } from "../parameters.ts";
import { computed, exactly, type Interval, over, type Quantity, sum, times } from "../quantity.ts";
import type { Pair, Phase, PhaseName } from "./estimate.ts";

/** What an estimate is made for. */
export type Situation = {
  readonly parameters: Parameters;
  /** The server keeps logs that can be played back onto a copy, or a journal stands in for them (§4.1). */
  readonly rollsForward: boolean;
  /** Share of the mail that is meant: one line of business of several on the server. */
  readonly share: number;
};

export const paperSituation = (parameters: Parameters): Situation => ({
  parameters,
  rollsForward: true,
  share: 1,
});

/** Mail of one host, of the share that is meant: hosts are recovered side by side. */
export function mailOfHost({ parameters, share }: Situation): Interval {
  return over(times(parameters.mail, share), parameters.hosts);
}

/** All mail that is meant, on all hosts. */
export function mailOfSite({ parameters, share }: Situation): Interval {
  return times(parameters.mail, share);
}

/** Logs that come together in so many hours, of one host. */
export function logsOfHost(situation: Situation, hours: number): Interval {
  return over(logsOfSite(situation, hours), situation.parameters.hosts);
}

export function logsOfSite({ parameters, share }: Situation, hours: number): Interval {
  return times(parameters.logs_per_day, (share * hours) / 24);
}

/** Minutes to move so many bytes at a rate in bytes/s. */
export function minutesFor(size: Interval, rate: Interval): Interval {
  return over(size, times(rate, 60));
}

export function hoursFor(size: Interval, rate: Interval): Interval {
  return over(size, times(rate, 3600));
}

type PhaseOptions = { readonly basis: string; readonly ofLogs?: boolean };

export function phase(
  name: PhaseName,
  minutes: Interval,
  { basis, ofLogs = false }: PhaseOptions,
): Phase {
  return { name, time: computed(minutes, "minutes", basis), ofLogs };
}

/** Roll forward: playing back the logs of so many hours (paper note 7). */
export function rollForward(situation: Situation, hours: number): Phase {
  const logs = logsOfHost(situation, hours);
  return phase("roll forward", minutesFor(logs, situation.parameters.playback_rate), {
    basis: `logs of ${short(hours)} h ÷ playback_rate`,
    ofLogs: true,
  });
}

/** RTO as the sum of its phases: with those of the logs, and without. */
export function rtoOf(phases: readonly Phase[]): Pair {
  const total = (counted: readonly Phase[]): Quantity =>
    computed(
      sum(counted.map(({ time }) => time)),
      "minutes",
      counted.length === 0
        ? "automatic"
        : counted.map(({ name, time }) => `${name} (${time.basis})`).join(" + "),
    );
  return { logsSurvive: total(phases), logsLost: total(phases.filter(({ ofLogs }) => !ofLogs)) };
}

export function hours(value: number | Interval, basis: string): Quantity {
  return computed(typeof value === "number" ? exactly(value) : value, "hours", basis);
}

/** RPO: the interval when the logs are lost; nothing when they survive and can be played back. */
export function rpoOf(lost: Quantity, { rollsForward }: Pick<Situation, "rollsForward">): Pair {
  if (!rollsForward) {
    const basis = `${lost.basis}; there are no logs to roll forward, so both cases are one`;
    return { logsSurvive: { ...lost, basis }, logsLost: lost };
  }
  return {
    logsSurvive: hours(0, "§4.1: RPO of 0 if the transaction logs are available"),
    logsLost: lost,
  };
}

export function always(quantity: Quantity): Pair {
  return { logsSurvive: quantity, logsLost: quantity };
}

/** 4 → "4", 0.25 → "0.25", 1/3 → "0.33". */
export function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}
