import type { Block, Cell } from "../report/index.ts";
import { numberText } from "../ranking/index.ts";
import type { LineWay } from "./runbook-ways.ts";
import { blank, minutesSpan, paragraph, table } from "./runbook-words.ts";

/** What is to be fetched where the copy is on tapes, and how long that takes; nothing where it is not. */
export function pullList({ way, estimate, chosen }: LineWay): readonly Block[] {
  const { operational, disaster } = chosen.evaluation.combination;
  const isTape =
    way.layer === "operational"
      ? operational.method === "tape"
      : disaster?.option.endsWith("-tapes") === true;
  if (!isTape) return [];
  const isAway = estimate.recall.high > 0;
  const place = isAway ? "vault" : way.layer === "operational" ? "shelf on site" : "recovery site";
  const row = (order: string, set: string, at: string = place): readonly Cell[] => [
    order,
    set,
    at,
    blank,
    blank,
  ];
  const logsSet = "the logs since that copy, in the order in which they were written";
  const isMirrored = way.layer === "disaster" && disaster?.mirroredLogs === true;
  const logs = isMirrored
    ? [row("2", logsSet, "mirror at the recovery site")]
    : operational.logsEveryHours === undefined
      ? []
      : [row("2", logsSet)];
  return [
    table(
      ["Load", "Set", "Lies at", "Labels of the tapes", "Written on"],
      [
        row("1", "the newest full copy at or before the moment"),
        ...logs,
        row("if a tape fails", "the full copy before it"),
      ],
    ),
    paragraph(
      `Pull list. ${isAway ? `Until it is here: ${minutesSpan(estimate.recall)}` : "At hand, no recall"}. ${tapeCount(chosen.evaluation)}Fill the labels in from the backup program's catalog whenever a set is made, on paper too: the catalog may be lost with the site.`,
    ),
  ];
}

/** Shipped tapes are the operational ones: they are counted once, there. */
function tapeCount({ operational, disaster }: LineWay["chosen"]["evaluation"]): string {
  for (const { stored, images } of [operational, ...(disaster === undefined ? [] : [disaster])]) {
    const tapes = stored.find(({ kind }) => kind === "tape")?.tapes;
    if (tapes === undefined || !Number.isFinite(images)) continue;
    const each = Math.ceil(tapes.high / Math.max(1, images));
    return `A set is ${numberText(each)} tape${each === 1 ? "" : "s"}, for all mail of the line of business. `;
  }
  return "";
}
