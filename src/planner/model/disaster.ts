import { computed, exactly, type Interval, over, type Quantity, sum, times } from "../quantity.ts";
import type { DisasterChoice, OperationalChoice } from "./choices.ts";
import type { Estimate, Pair, Phase, Stored } from "./estimate.ts";
import { disasterRotation, imageCount } from "./rotation.ts";
import {
  always,
  hours,
  hoursFor,
  logsOfHost,
  logsOfSite,
  mailOfHost,
  mailOfSite,
  minutesFor,
  phase,
  rollForward,
  rtoOf,
  short,
  type Situation,
} from "./situation.ts";
import { continuous, deduplicated, deltas, fullCopies, stored, tapeSets } from "./storage.ts";

/**
 * What a disaster recovery option achieves at the recovery site (Figure 7). As there, the times are
 * those of data recovery alone; media are at hand once `recall` has passed (§4.2).
 */
export function estimateDisaster(
  choice: DisasterChoice,
  fedBy: OperationalChoice,
  situation: Situation,
): Estimate {
  const phases = phasesOf(choice, { fedBy, situation });
  const rotation = disasterRotation(choice, fedBy);
  return {
    rpo: rpo(choice, { fedBy, situation }),
    rto: rtoOf(phases),
    recall: recall(choice, situation),
    phases,
    stored: storedBy(choice, { fedBy, situation }),
    images: Math.max(1, imageCount(rotation)),
    copyTime: transferTime(choice, { fedBy, situation }),
  };
}

/**
 * As far as synchronous mirrors are taken to reach: light needs a millisecond there and back, and a write
 * that waits longer is felt. Assumed; the paper says “only … over shorter distances” and no number (§2.2.3).
 */
export const longestSynchronousKm = 100;

type Fed = { readonly fedBy: OperationalChoice; readonly situation: Situation };

/** Methods whose copies are deduplicated, so that only what is new travels. */
export function isDeduplicated({ method }: OperationalChoice): boolean {
  return method === "disk-deduplicated" || method === "object-storage" || method === "journal";
}

/** Hours from a moment until it is safe offsite, beyond the time between copies. */
function delay(
  choice: DisasterChoice,
  fed: Fed,
): { readonly time: Interval; readonly basis: string } {
  const { hold, transit } = fed.situation.parameters;
  const none = { time: exactly(0), basis: "" };
  switch (choice.option) {
    case "ship-tapes":
      return { time: sum([hold, transit]), basis: " + hold + transit (§2.2.1)" };
    case "duplicate-tapes":
      return { time: transit, basis: " + transit" };
    case "vault-tapes":
    case "duplicate-disk":
    case "duplicate-object-storage":
    case "snapshots-copied":
    case "snapshots-propagated":
      return { time: transferTime(choice, fed), basis: " + transfer (network_rate)" };
    case "snapshots-of-mirror":
    case "mirror-application":
    case "mirror-host":
    case "mirror-array":
    case "mirror-sync":
    case "mirror-failover":
    case "protected-cdp":
      return none;
  }
}

function rpo(choice: DisasterChoice, fed: Fed): Pair {
  const { parameters } = fed.situation;
  switch (choice.option) {
    case "mirror-application":
    case "mirror-host":
    case "mirror-array":
      return always(hours(over(parameters.mirror_lag, 60), "mirror_lag: “Minutes” (Figure 7)"));
    case "mirror-sync":
    case "mirror-failover":
      return always(hours(0, "every write is on both sides before it is acknowledged (§2.2.3)"));
    case "protected-cdp":
      return fed.fedBy.method === "journal"
        ? always(
            hours(over(parameters.journal_lag, 60), "journal_lag: records stream as they are made"),
          )
        : always(lostByMirror(parameters, "mirrored CDP storage"));
    default: {
      const lost = sinceCopy(choice, fed);
      if (!choice.mirroredLogs || !fed.situation.rollsForward) return always(lost);
      const mirrored = lostByMirror(parameters, "mirrored logs");
      // A mirror that lags for longer than copies are apart is of no use, and does no harm.
      const least = {
        low: Math.min(mirrored.low, lost.low),
        high: Math.min(mirrored.high, lost.high),
      };
      return { logsSurvive: hours(least, mirrored.basis), logsLost: lost };
    }
  }
}

/** Figure 7 prints 0 hours where logs or CDP storage are mirrored; a mirror that is too far away lags. */
function lostByMirror(parameters: Fed["situation"]["parameters"], what: string): Quantity {
  const { high: km } = parameters.distance_km;
  return km <= longestSynchronousKm
    ? hours(0, `Figure 7: ${what}, 0 hours (mirrored synchronously)`)
    : hours(
        over(parameters.mirror_lag, 60),
        `mirror_lag: ${short(km)} km are too far to mirror synchronously (§2.2.3)`,
      );
}

/** Hours between the newest state that is safe offsite and now, at worst. */
function sinceCopy(choice: DisasterChoice, fed: Fed): Quantity {
  const { time, basis } = delay(choice, fed);
  const older = olderWhenSent(choice, fed.fedBy);
  const age = older === 0 ? "" : ` + up to ${short(older)} h that the copy is old when it is sent`;
  return hours(
    sum([exactly(choice.everyHours + older), time]),
    `time between copies${age}${basis}`,
  );
}

/**
 * How old an operational copy may be when it is sent: nothing where each is sent as it is made, more where
 * the two rhythms do not meet (clones every 8 hours, sent every 12) or more is sent than is made.
 */
function olderWhenSent(choice: DisasterChoice, fedBy: OperationalChoice): number {
  // It is made of the mirror, not of an operational copy.
  if (choice.option === "snapshots-of-mirror") return 0;
  const [made, sent] = [Math.round(fedBy.everyHours * 60), Math.round(choice.everyHours * 60)];
  return (made - commonDivisor(made, sent)) / 60;
}

function commonDivisor(left: number, right: number): number {
  // Continuous: it is always of now.
  if (left === 0) return 0;
  let [larger, smaller] = [left, right];
  while (smaller > 0) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}

function phasesOf(choice: DisasterChoice, fed: Fed): readonly Phase[] {
  const { situation } = fed;
  const phases = [...copyPhases(choice, fed)];
  if (choice.mirroredLogs && situation.rollsForward) {
    phases.push(rollForward(situation, sinceCopy(choice, fed).high));
  }
  return phases;
}

function copyPhases(choice: DisasterChoice, { fedBy, situation }: Fed): readonly Phase[] {
  const { parameters } = situation;
  const mail = mailOfHost(situation);
  const everything = sum([mail, logsOfHost(situation, choice.everyHours)]);
  switch (choice.option) {
    case "ship-tapes":
    case "vault-tapes":
    case "duplicate-tapes": {
      const rate = times(parameters.tape_rate, parameters.tape_streams);
      return [
        phase("find", parameters.tape_load, { basis: "tape_load" }),
        phase("restore", minutesFor(everything, rate), {
          basis: "(mail + logs) ÷ (tape_rate × tape_streams)",
        }),
      ];
    }
    case "duplicate-disk":
      return isDeduplicated(fedBy)
        ? deduplicatedPhases(mail, {
            rate: parameters.dedup_rate,
            rateName: "dedup_rate",
            situation,
          })
        : [
            phase("find", parameters.disk_setup, { basis: "disk_setup" }),
            phase("restore", minutesFor(everything, parameters.disk_rate), {
              basis: "(mail + logs) ÷ disk_rate",
            }),
          ];
    case "duplicate-object-storage": {
      const { dedup_rate: own, object_storage_rate: read } = parameters;
      const rate = { low: Math.min(own.low, read.low), high: Math.min(own.high, read.high) };
      const rateName = "the slower of dedup_rate and object_storage_rate";
      return deduplicatedPhases(mail, { rate, rateName, situation });
    }
    case "snapshots-of-mirror":
    case "snapshots-copied":
    case "snapshots-propagated":
      return choice.mirroredLogs && situation.rollsForward
        ? [
            phase("start", parameters.replica_setup, {
              basis: `replica_setup, as Figure 7's 25 minutes need; remote_mount would give ${short(parameters.remote_mount.high - parameters.replica_setup.high)} more`,
            }),
          ]
        : [phase("start", parameters.remote_mount, { basis: "remote_mount" })];
    case "mirror-application":
    case "mirror-host":
    case "mirror-array":
    case "mirror-sync":
      return [phase("start", parameters.remote_mount, { basis: "remote_mount" })];
    case "mirror-failover":
      return [];
    case "protected-cdp":
      return fedBy.method === "journal"
        ? [
            ...deduplicatedPhases(mail, {
              rate: parameters.dedup_rate,
              rateName: "dedup_rate",
              situation,
            }),
            // On the newest base that was duplicated, as on site.
            phase(
              "roll forward",
              minutesFor(logsOfHost(situation, 24), parameters.journal_replay_rate),
              { basis: "journal of a day ÷ journal_replay_rate" },
            ),
          ]
        : [phase("start", parameters.cdp_recovery, { basis: "cdp_recovery" })];
  }
}

function deduplicatedPhases(
  mail: Interval,
  options: {
    readonly rate: Interval;
    readonly rateName: string;
    readonly situation: Situation;
  },
): readonly Phase[] {
  return [
    phase("find", options.situation.parameters.dedup_open, { basis: "dedup_open" }),
    phase("restore", minutesFor(mail, options.rate), { basis: `mail ÷ ${options.rateName}` }),
  ];
}

function recall(choice: DisasterChoice, { parameters }: Situation): Estimate["recall"] {
  const onShelf =
    choice.option === "ship-tapes" ||
    choice.option === "duplicate-tapes" ||
    choice.option === "vault-tapes";
  // Vaulted tapes are written where they are needed.
  if (!onShelf || choice.option === "vault-tapes")
    return computed(exactly(0), "minutes", "at hand at the recovery site");
  return computed(times(parameters.recall, 60), "minutes", "recall");
}

/** Hours that one copy takes to reach the other side. */
function transferTime(choice: DisasterChoice, { fedBy, situation }: Fed): Estimate["copyTime"] {
  const { parameters } = situation;
  const rate = parameters.network_rate;
  const travels = (size: Interval, what: string) =>
    hours(hoursFor(size, rate), `${what} ÷ network_rate`);
  const everything = sum([mailOfSite(situation), logsOfSite(situation, choice.everyHours)]);
  const fresh = logsOfSite(situation, choice.everyHours);
  switch (choice.option) {
    case "vault-tapes":
      return travels(everything, "mail + logs");
    case "duplicate-disk":
    case "duplicate-object-storage":
      return isDeduplicated(fedBy)
        ? travels(times(fresh, parameters.dedup_share), "what is new × dedup_share")
        : travels(everything, "mail + logs");
    case "snapshots-copied":
      return travels(mailOfSite(situation), "mail");
    case "snapshots-propagated": {
      const changed = deltas(choice.everyHours, situation);
      return travels(changed, "what changed (change_per_day)");
    }
    // A mirror that a day's writes do not get through falls behind for good.
    case "mirror-host":
    case "mirror-array":
    case "mirror-sync":
    case "mirror-failover":
      return travels(deltas(24, situation), "a day's writes (change_per_day)");
    case "snapshots-of-mirror":
      return travels(deltas(choice.everyHours, situation), "what is written (change_per_day)");
    case "mirror-application":
      return travels(logsOfSite(situation, 24), "a day's logs");
    case "protected-cdp":
      return fedBy.method === "journal"
        ? travels(times(logsOfSite(situation, 24), parameters.dedup_share), "a day's journal")
        : travels(deltas(24, situation), "a day's writes (change_per_day)");
    case "ship-tapes":
    case "duplicate-tapes":
      return hours(0, "it travels by courier");
  }
}

function storedBy(choice: DisasterChoice, { fedBy, situation }: Fed): readonly Stored[] {
  const logs = choice.mirroredLogs ? [mirroredLogs(choice, { fedBy, situation })] : [];
  return [...copiesStored(choice, { fedBy, situation }), ...logs];
}

/** The largest log that a mirror of the logs alone must hold (Figure 7: max log size). */
function mirroredLogs(choice: DisasterChoice, fed: Fed): Stored {
  const { situation } = fed;
  const size = logsOfSite(situation, sinceCopy(choice, fed).high);
  const basis = "logs until the next copy is safe offsite";
  return stored("production disk", size, { basis, situation });
}

function copiesStored(choice: DisasterChoice, { fedBy, situation }: Fed): readonly Stored[] {
  const rotation = disasterRotation(choice, fedBy);
  const mail = mailOfSite(situation);
  const images = Math.max(1, imageCount(rotation));
  switch (choice.option) {
    case "ship-tapes":
    case "vault-tapes":
    case "duplicate-tapes": {
      const { size, tapes } = tapeSets(rotation, { everyHours: choice.everyHours, situation });
      return [stored("tape", size, { basis: `${images} sets of mail + logs`, situation, tapes })];
    }
    case "duplicate-disk":
    case "duplicate-object-storage": {
      const kind = choice.option === "duplicate-disk" ? "disk" : "object storage";
      const size = isDeduplicated(fedBy)
        ? deduplicated(rotation, situation)
        : fullCopies(rotation, { everyHours: choice.everyHours, situation });
      const basis = isDeduplicated(fedBy)
        ? "(mail + what was new within the reach) × dedup_share"
        : "full copies kept × (mail + logs) (§3.2.5)";
      return [stored(kind, size, { basis, situation })];
    }
    case "mirror-application":
    case "mirror-host":
    case "mirror-array":
    case "mirror-sync":
    case "mirror-failover":
      return [stored("production disk", mail, { basis: "1 × mail (Figure 7)", situation })];
    case "snapshots-copied": {
      const basis = `${images} copies × mail (Figure 7: 1x data size/copy)`;
      return [stored("production disk", times(mail, images), { basis, situation })];
    }
    case "snapshots-of-mirror": {
      const size = sum([mail, deltas(choice.reachHours, situation)]);
      return [
        stored("production disk", size, { basis: "the mirror + its delta snapshots", situation }),
      ];
    }
    case "snapshots-propagated": {
      const size = sum([mail, deltas(choice.reachHours, situation)]);
      return [stored("production disk", size, { basis: "1 × mail + deltas", situation })];
    }
    case "protected-cdp": {
      const size =
        fedBy.method === "journal"
          ? deduplicated(rotation, situation)
          : continuous(Math.min(choice.reachHours, fedBy.reachHours), situation);
      const kind = fedBy.method === "journal" ? "disk" : "production disk";
      return [stored(kind, size, { basis: "1 × CDP storage size (Figure 7)", situation })];
    }
  }
}
