import { computed, exactly, type Interval, over, sum, times } from "../quantity.ts";
import type { OperationalChoice } from "./choices.ts";
import type { Estimate, Phase, Stored } from "./estimate.ts";
import { imageCount, operationalRotation } from "./rotation.ts";
import {
  always,
  hours,
  hoursFor,
  logsOfHost,
  mailOfHost,
  mailOfSite,
  minutesFor,
  phase,
  rollForward,
  rpoOf,
  rtoOf,
  short,
  type Situation,
} from "./situation.ts";
import {
  continuous,
  continuousBasis,
  deduplicated,
  deltas,
  deltasBasis,
  fullCopies,
  logTapes,
  stored,
  tapeSets,
} from "./storage.ts";

/** What an operational recovery method achieves in a situation (Figure 6). Recall is 0: it is at hand. */
export function estimateOperational(choice: OperationalChoice, situation: Situation): Estimate {
  const phases = phasesOf(choice, situation);
  return {
    rpo: rpo(choice, situation),
    rto: rtoOf(phases),
    recall: computed(exactly(0), "minutes", "on site"),
    phases,
    stored: storedBy(choice, situation),
    images: imageCount(operationalRotation(choice)),
    copyTime: copyTime(choice, situation),
  };
}

function rpo(choice: OperationalChoice, situation: Situation): Estimate["rpo"] {
  const { method, everyHours, logsEveryHours } = choice;
  if (method === "cdp") return always(hours(0, "§3.5.2: RPO is potentially zero data loss"));
  if (method === "journal") {
    const lag = over(situation.parameters.journal_lag, 60);
    return always(hours(lag, "journal_lag; new mail through the delivery stage: 0"));
  }
  // Where the server keeps no logs, there are none to copy more often (§3.1.3: if applicable).
  if (logsEveryHours === undefined || !situation.rollsForward)
    return rpoOf(hours(everyHours, "time between copies"), situation);
  return rpoOf(hours(logsEveryHours, "time between copies of logs"), situation);
}

function phasesOf(choice: OperationalChoice, situation: Situation): readonly Phase[] {
  const { parameters } = situation;
  const phases = [...copyPhases(choice, situation)];
  const replays = choice.everyHours > 0 && situation.rollsForward;
  // The short RPO of copied logs is had by playing them back, whether or not the last ones survive.
  const copied = replays && choice.logsEveryHours !== undefined;
  if (copied) phases.push(logPhase(choice, situation));
  if (replays) phases.push({ ...rollForward(situation, choice.everyHours), ofLogs: !copied });
  if (choice.method === "journal") {
    const replay = minutesFor(logsOfHost(situation, 24), parameters.journal_replay_rate);
    phases.push(phase("roll forward", replay, { basis: "journal of a day ÷ journal_replay_rate" }));
  }
  return phases;
}

/** Finding the copy and bringing it back. */
function copyPhases(choice: OperationalChoice, situation: Situation): readonly Phase[] {
  const { parameters } = situation;
  const mail = mailOfHost(situation);
  // A copy of everything carries the logs of its interval (Figure 6: daily DB & logs, 62 GB).
  const everything = sum([mail, logsOfHost(situation, choice.everyHours)]);
  switch (choice.method) {
    case "tape": {
      const rate = times(parameters.tape_rate, parameters.tape_streams);
      return [
        phase("find", parameters.tape_load, { basis: "tape_load" }),
        phase("restore", minutesFor(everything, rate), {
          basis: "(mail + logs) ÷ (tape_rate × tape_streams)",
        }),
      ];
    }
    case "disk":
    case "virtual-tape":
      return [
        phase("find", parameters.disk_setup, { basis: "disk_setup" }),
        phase("restore", minutesFor(everything, parameters.disk_rate), {
          basis: "(mail + logs) ÷ disk_rate",
        }),
      ];
    case "disk-deduplicated":
    case "journal":
      return [
        choice.method === "journal"
          ? phase("find", parameters.journal_setup, { basis: "journal_setup" })
          : phase("find", parameters.dedup_open, { basis: "dedup_open" }),
        phase("restore", minutesFor(mail, parameters.dedup_rate), { basis: "mail ÷ dedup_rate" }),
      ];
    case "object-storage":
      return [
        phase("find", parameters.dedup_open, { basis: "dedup_open" }),
        phase(
          "restore",
          minutesFor(mail, slower(parameters.dedup_rate, parameters.object_storage_rate)),
          {
            basis: "mail ÷ the slower of dedup_rate and object_storage_rate",
          },
        ),
      ];
    case "clones":
    case "deltas":
      return [phase("start", parameters.replica_setup, { basis: "replica_setup" })];
    case "cdp":
      return [phase("start", parameters.cdp_recovery, { basis: "cdp_recovery" })];
  }
}

/** Logs that were copied more often are restored by themselves (Figure 6: plus logs every 6 hrs). */
function logPhase(choice: OperationalChoice, situation: Situation): Phase {
  const { parameters } = situation;
  const logs = logsOfHost(situation, choice.everyHours);
  const onTape = choice.method === "tape";
  const rate = onTape ? parameters.tape_log_rate : parameters.disk_log_rate;
  const load = onTape ? parameters.tape_load : exactly(0);
  const basis = onTape ? "tape_load + logs ÷ tape_log_rate" : "logs ÷ disk_log_rate";
  return phase("restore logs", sum([load, minutesFor(logs, rate)]), { basis });
}

function slower(left: Interval, right: Interval): Interval {
  return { low: Math.min(left.low, right.low), high: Math.min(left.high, right.high) };
}

function storedBy(choice: OperationalChoice, situation: Situation): readonly Stored[] {
  const rotation = operationalRotation(choice);
  const mail = mailOfSite(situation);
  switch (choice.method) {
    case "tape": {
      const { size, tapes } = tapeSets(rotation, { everyHours: choice.everyHours, situation });
      const sets = Math.max(1, imageCount(rotation));
      const basis = `${sets} sets of mail + logs`;
      return [
        stored("tape", size, { basis, situation, tapes }),
        ...moreForLogs("tape", choice, situation),
      ];
    }
    case "disk":
    case "virtual-tape":
      return [
        stored("disk", fullCopies(rotation, { everyHours: choice.everyHours, situation }), {
          basis: "full copies kept × (mail + logs) (§3.2.5)",
          situation,
        }),
        ...moreForLogs("disk", choice, situation),
      ];
    case "disk-deduplicated":
    case "object-storage":
    case "journal": {
      const kind = choice.method === "object-storage" ? "object storage" : "disk";
      const basis = "(mail + what was new within the reach) × dedup_share";
      return [stored(kind, deduplicated(rotation, situation), { basis, situation })];
    }
    case "clones": {
      const clones = imageCount(rotation);
      const basis = `${clones} clones × mail (§3.3.5)`;
      return [stored("production disk", times(mail, clones), { basis, situation })];
    }
    case "deltas":
      return [
        stored("production disk", deltas(choice.reachHours, situation), {
          basis: deltasBasis(choice.reachHours),
          situation,
        }),
      ];
    case "cdp":
      return [
        stored("production disk", continuous(choice.reachHours, situation), {
          basis: continuousBasis,
          situation,
        }),
      ];
  }
}

/** Figure 6: additional tapes, additional disk for logs. */
function moreForLogs(
  kind: "tape" | "disk",
  { everyHours, logsEveryHours }: OperationalChoice,
  situation: Situation,
): readonly Stored[] {
  if (logsEveryHours === undefined || !situation.rollsForward) return [];
  const { size, tapes } = logTapes(everyHours, situation);
  const basis = "logs copied between (Figure 6)";
  if (kind === "disk") return [stored(kind, size, { basis, situation })];
  return [stored(kind, size, { basis, situation, tapes, writtenEveryHours: everyHours })];
}

/** Backups read the mail of a host each time; deduplication looks it over and reads what changed. */
function copyTime(choice: OperationalChoice, situation: Situation): Estimate["copyTime"] {
  const { parameters } = situation;
  const mail = mailOfHost(situation);
  switch (choice.method) {
    case "tape":
    case "disk":
    case "virtual-tape": {
      const rate =
        choice.method === "tape"
          ? times(parameters.tape_rate, parameters.tape_streams)
          : parameters.disk_rate;
      return hours(hoursFor(mail, rate), "mail ÷ the rate of the medium");
    }
    case "disk-deduplicated":
    case "object-storage": {
      const look = hoursFor(mail, parameters.scan_rate);
      const read = hoursFor(logsOfHost(situation, choice.everyHours), parameters.capture_rate);
      return hours(
        sum([look, read]),
        `mail ÷ scan_rate + what is new in ${short(choice.everyHours)} h ÷ capture_rate`,
      );
    }
    case "clones":
    case "deltas":
      return hours(0, "“the time required to snap a clone is negligible” (§3.3.2)");
    case "cdp":
    case "journal":
      return hours(0, "continuous");
  }
}
