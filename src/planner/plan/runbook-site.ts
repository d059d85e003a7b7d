import { disasterTraits } from "../figure-1/index.ts";
import { disasterChoiceId } from "../model/index.ts";
import { minutesText } from "../ranking/index.ts";
import type { Block, Cell } from "../report/index.ts";
import type { LinePlan, Plan } from "./plan.ts";
import { ageText, blank, note, paragraph, table } from "./runbook-words.ts";

/** Said at the top, and again where it matters most (§4.2). */
export const dataRecoveryOnly =
  "The times in this runbook are for DATA RECOVERY ONLY. “These estimates only reflect data recovery times at the DR site only … Overall DR processes and times are much more extensive and address infrastructure, server, data, and personnel recovery activities” (§4.2).";

const notCovered: readonly (readonly [string, string])[] = [
  ["Premises", "where people and machines are; power, cooling, access"],
  ["Servers", "machines to restore to, their systems, the mail server's own programs and settings"],
  ["Network", "lines, addresses, firewalls, certificates"],
  [
    "DNS and MX",
    "names and mail routes that point to the new place, and how long the old ones live on",
  ],
  ["People", "who is there, who may enter, who stands in for whom; users who must be told"],
];

export const notCoveredNames: readonly string[] = notCovered.map(
  ([what, about]) => `${what}: ${about}`,
);

/** What the times leave out, to be filled in. */
export function notCoveredTable(): Block {
  return table(
    ["Not covered here", "What it is", "Who", "Takes", "Written down in"],
    notCovered.map(([what, about]) => [what, about, blank, blank, blank]),
  );
}

export type RecoveryTurn = {
  readonly name: string;
  /** Minutes after the declaration until work on it begins, and until its data is back; worst case. */
  readonly beginsMinutes: number;
  readonly backMinutes: number;
  /** Undefined: nothing recovers it, or its loss is accepted. */
  readonly objectiveMinutes: number | undefined;
};

/**
 * One line of business after another, in the plan's order (§4.2: sequencing of applications). Media of all
 * are called for at once, so their recalls pass side by side; what comes back as one volume comes back once.
 */
export function recoveryTurns(plan: Plan): {
  readonly turns: readonly RecoveryTurn[];
  readonly without: readonly string[];
} {
  const turns: RecoveryTurn[] = [];
  const without: string[] = [];
  const volumes = new Map<string, RecoveryTurn>();
  let now = 0;
  for (const name of plan.recoveryOrder) {
    const line = plan.lines.find(({ business }) => business.name === name);
    const way = line?.chosen?.evaluation.recovery.site;
    if (line === undefined || way === undefined) {
      without.push(name);
      continue;
    }
    const volume = sharedVolume(line);
    const together = volume === undefined ? undefined : volumes.get(volume);
    const recall = line.chosen?.evaluation.disaster?.recall.high ?? 0;
    const beginsMinutes = together?.beginsMinutes ?? Math.max(now, recall);
    const backMinutes = together?.backMinutes ?? beginsMinutes + way.rto.high - recall;
    const objectiveMs = line.business.disaster?.backWithinMs;
    const turn: RecoveryTurn = {
      name,
      beginsMinutes,
      backMinutes,
      objectiveMinutes: objectiveMs === undefined ? undefined : objectiveMs / 60_000,
    };
    turns.push(turn);
    if (volume !== undefined) volumes.set(volume, turn);
    now = Math.max(now, backMinutes);
  }
  return { turns, without };
}

/** What identifies the volume that a line shares with others; undefined where its mail comes back by itself. */
function sharedVolume({ chosen }: LinePlan): string | undefined {
  const disaster = chosen?.evaluation.combination.disaster;
  if (disaster === undefined || disasterTraits[disaster.option].fine) return undefined;
  return disasterChoiceId(disaster);
}

export function orderBlocks(plan: Plan): readonly Block[] {
  const { turns, without } = recoveryTurns(plan);
  const blocks: Block[] = [];
  if (turns.length > 0)
    blocks.push(
      paragraph(
        "Order of lines of business, one after another by the same people; media of all are called for at once. Worst case, counted from when the servers stand.",
      ),
      table(
        [
          "Turn>",
          "Line of business",
          "Begins after>",
          "Data back after>",
          "Asked for>",
          "Measured on the day>",
        ],
        turns.map((turn, index) => [
          String(index + 1),
          turn.name,
          turn.beginsMinutes === 0 ? "at once" : minutesText(turn.beginsMinutes),
          backCell(turn),
          turn.objectiveMinutes === undefined ? "nothing" : minutesText(turn.objectiveMinutes),
          blank,
        ]),
      ),
    );
  const late = turns.filter(isLate);
  if (late.length > 0)
    blocks.push(
      note(
        "warn",
        `In this order ${late.map(({ name }) => `“${name}”`).join(", ")} would be back later than asked for. By itself each may be in time: restore side by side, with more people and machines, or change the order.`,
      ),
    );
  for (const name of without)
    blocks.push(
      note(
        "bad",
        `“${name}” has no turn: nothing in this plan brings its mail back after the loss of the site.`,
      ),
    );
  return blocks;
}

/** A thousandth of a minute is what rounding may add. */
function isLate({ backMinutes, objectiveMinutes }: RecoveryTurn): boolean {
  return objectiveMinutes !== undefined && backMinutes > objectiveMinutes + 1e-3;
}

function backCell(turn: RecoveryTurn): Cell {
  const text = turn.backMinutes <= 0 ? "automatic" : minutesText(turn.backMinutes);
  const title = `in turn: begins after ${ageText(turn.beginsMinutes / 60)}, then its own recovery`;
  return {
    text,
    origin: "computed",
    title: turn.beginsMinutes === 0 ? "its own recovery" : title,
    ...(turn.objectiveMinutes === undefined
      ? {}
      : { state: isLate(turn) ? ("bad" as const) : ("good" as const) }),
  };
}
