import { longestSynchronousKm } from "../model/index.ts";
import { equipmentOf } from "./cost.ts";
import type { Evaluation } from "./evaluate.ts";
import { type JudgeOptions, violation, type Violation } from "./violation.ts";
import { atLeastNumber, numberText } from "./words.ts";

/** What the site does not have or cannot bear. */
export function siteViolations(
  evaluation: Evaluation,
  options: JudgeOptions,
): readonly Violation[] {
  const { combination, operational } = evaluation;
  const { server, has, mayBuy, parameters } = options.requirements;
  const found: Violation[] = [];
  if (combination.source === "offline") {
    const needed = operational.copyTime.high;
    if (server.mayStopHours < needed || server.mayStopHours === 0)
      found.push(
        violation(
          "offline window",
          `the server may be stopped for ${numberText(server.mayStopHours)} h a day; a copy takes ${numberText(needed)} h`,
          {
            change: `stop the server for ${atLeastNumber(Math.max(needed, 1 / 60))} h at a time`,
            factor: server.mayStopHours === 0 ? Infinity : needed / server.mayStopHours,
          },
        ),
      );
    if (combination.operational.everyHours < 24)
      found.push(
        violation("offline window", "stopping the server more than once a day is not considered", {
          change: "copy once a day, or use another data source",
        }),
      );
  }
  if (!server.bearsLoad && evaluation.impact >= 2)
    found.push(
      violation("load", `the server cannot bear it: ${evaluation.impactReason}`, {
        change: "let the server bear some load in quiet hours",
      }),
    );
  for (const needed of equipmentOf(combination)) {
    if (has.includes(needed) || mayBuy === undefined || mayBuy.includes(needed)) continue;
    found.push(
      violation("equipment", `it needs a ${needed}, which is not there and may not be bought`, {
        change: `get a ${needed}`,
      }),
    );
  }
  found.push(...paceViolations(evaluation));
  if (
    ["mirror-sync", "mirror-failover", "snapshots-of-mirror"].includes(
      combination.disaster?.option ?? "",
    ) &&
    parameters.distance_km.high > longestSynchronousKm
  )
    found.push(
      violation(
        "distance",
        `${numberText(parameters.distance_km.high)} km are too far for synchronous mirrors (§2.2.3); ${longestSynchronousKm} km are taken as the limit`,
        {
          change: "a nearer recovery site",
          factor: parameters.distance_km.high / longestSynchronousKm,
        },
      ),
    );
  return found;
}

/** A copy must be made, and be away, before the next one begins. */
function paceViolations({ combination, operational, disaster }: Evaluation): readonly Violation[] {
  const found: Violation[] = [];
  const { everyHours } = combination.operational;
  if (everyHours > 0 && operational.copyTime.high > everyHours)
    found.push(
      violation(
        "copy time",
        `a copy takes ${numberText(operational.copyTime.high)} h, longer than the ${numberText(everyHours)} h until the next`,
        {
          change: "a faster medium, more streams, or fewer copies",
          factor: operational.copyTime.high / everyHours,
        },
      ),
    );
  if (combination.disaster === undefined || disaster === undefined) return found;
  const isContinuous = combination.disaster.everyHours === 0;
  // What is mirrored without pause must get through a day's writes in a day.
  const within = isContinuous ? 24 : combination.disaster.everyHours;
  const takes = disaster.copyTime.high;
  if (takes > within)
    found.push(
      violation(
        "copy time",
        isContinuous
          ? `sending what is written in a day takes ${numberText(takes)} h: the far side falls behind for good`
          : `sending a copy offsite takes ${numberText(takes)} h, longer than the ${numberText(within)} h until the next`,
        {
          change: `a network ${atLeastNumber(takes / within)} times as fast${isContinuous ? "" : ", or fewer copies"}`,
          factor: takes / within,
        },
      ),
    );
  return found;
}
