import {
  disasterTraits,
  type Loss,
  operationalTraits,
  readableByReaders,
  transactionLogs,
} from "../figure-1/index.ts";
import { describeDisaster, describeOperational } from "../model/index.ts";
import { minutesText } from "../ranking/index.ts";
import type { Block, DefinitionPair, Inline, Section } from "../report/index.ts";
import type { Plan } from "./plan.ts";
import { disasterByHand, operationalByHand } from "./runbook-by-hand.ts";
import { placeholdersIn, recoveryCommands } from "./runbook-commands.ts";
import { lossWords } from "./runbook-losses.ts";
import { pullList } from "./runbook-media.ts";
import {
  keepsRepository,
  type LineWay,
  type SameSteps,
  timedPhases,
  type Ways,
} from "./runbook-ways.ts";
import {
  ageText,
  blank,
  listOf,
  minutesCell,
  minutesSpan,
  note,
  paragraph,
  step,
  stepList,
  type Step,
  table,
} from "./runbook-words.ts";

/** One section for each group of lines of business that come back by the same steps. */
export function recoverySections(loss: Loss, ways: Ways, plan: Plan): readonly Section[] {
  const isOnly = plan.lines.length === 1;
  return ways.groups.map((group): Section => {
    const names = listOf(group.map(({ business }) => business.name));
    return {
      heading: isOnly ? "Bring it back" : `Bring it back: ${names}`,
      level: 2,
      blocks: recoveryBlocks(loss, group, plan),
    };
  });
}

function recoveryBlocks(loss: Loss, group: SameSteps, plan: Plan): readonly Block[] {
  const [first] = group;
  const commands = recoveryCommands(loss, first, plan.requirements);
  return [
    { kind: "definitions", pairs: facts(loss, first) },
    phaseTable(group),
    ...shareNotes(loss, group, plan),
    stepList(recoverySteps(loss, first, plan)),
    ...(commands.length === 0
      ? []
      : [
          ...wholeStoreNote(loss, group, plan),
          { kind: "code" as const, text: commands.join("\n") },
          paragraph(placeholdersIn(commands)),
        ]),
    ...pullList(first),
  ];
}

/** A repository has the whole store, whoever else's mail lies in it. */
function wholeStoreNote(loss: Loss, group: SameSteps, { lines }: Plan): readonly Block[] {
  const others = lines.filter(({ business }) => !group.some((one) => one.business === business));
  if (loss === "user-error" || others.length === 0) return [];
  const names = listOf(others.map(({ business }) => business.name));
  return [
    note(
      "warn",
      `These commands take the whole store, the mail of ${names} too. For part of it name the folder of each mailbox instead, or, with a configuration, a pattern of addresses.`,
    ),
  ];
}

function facts(loss: Loss, { copy, way, estimate, chosen }: LineWay): readonly DefinitionPair[] {
  const where = way.layer === "operational" ? "operational layer" : "disaster layer";
  return [
    { term: "Copy", definition: `${copy} (${where})` },
    { term: "Moment", definition: momentWords(loss, { way, chosen }) },
    { term: "How old it may be", definition: reachWords(loss, { way, chosen }) },
    { term: "Lost at most", definition: lossOfMail(loss, { way, estimate }) },
    {
      term: "Data back after",
      definition: `${minutesSpan(way.rto)}${estimate.recall.high > 0 ? ", recall of the media included" : ""}: recovery of data alone, counted from when server and people are there`,
    },
    { term: "If this copy fails", definition: otherLayer(loss, { way, chosen }) },
  ];
}

type Copy = Pick<LineWay, "way" | "chosen">;

/** A mirror has one point in time (§2.2.3). */
function isMirror({ way, chosen }: Copy): boolean {
  return !chosen.evaluation.windows.some(({ layer }) => layer === way.layer);
}

function momentWords(loss: Loss, copy: Copy): string {
  return isMirror(copy) ? "the only one that a mirror has" : lossWords[loss].moment;
}

/** The second layer, where it survives the loss too (§1.4.2: DR copies may be used for OR). */
function otherLayer(loss: Loss, copy: Copy): string {
  const { operational, disaster } = copy.chosen.evaluation.combination;
  const { layer } = copy.way;
  if (layer === "disaster" && operationalTraits[operational.method].survives.includes(loss))
    return `${describeOperational(operational)} (operational layer)`;
  if (
    layer === "operational" &&
    disaster !== undefined &&
    disasterTraits[disaster.option].survives.includes(loss)
  )
    return `${describeDisaster(disaster)} (disaster layer), by the steps for the loss of the site`;
  return isMirror(copy)
    ? "nothing: there is no other image and no other layer"
    : "an older image of the same kind; there is no other layer";
}

function reachWords(loss: Loss, copy: Copy): string {
  const reach = (wanted: string): number =>
    copy.chosen.evaluation.windows.reduce(
      (most, { layer, toHours }) => (layer === wanted ? Math.max(most, toHours) : most),
      0,
    );
  const { layer } = copy.way;
  const own = reach(layer);
  const words = isMirror(copy)
    ? "as it was when the mirror last heard of it"
    : `up to ${ageText(own)} old`;
  const other = layer === "operational" ? "disaster" : "operational";
  // What stood on the site is gone with it.
  if (loss === "site" || reach(other) <= own) return words;
  return `${words}; older ones, up to ${ageText(reach(other))}, are in the ${other} layer`;
}

function lossOfMail(loss: Loss, { way, estimate }: Pick<LineWay, "way" | "estimate">): Inline {
  if (loss === "late-attack")
    return `what came since the attack, whatever protects the mail; images three days back lie ${way.rpo.high === 0 ? "at every change" : `${ageText(way.rpo.high)} apart`}`;
  const { logsSurvive, logsLost } = estimate.rpo;
  const [survive, lost] = [minutesText(logsSurvive.high * 60), minutesText(logsLost.high * 60)];
  return survive === lost
    ? `${survive === "nothing" ? lost : `${lost} of mail`}, whether logs survive or not: ${logsSurvive.basis}`
    : `if the logs survive: ${survive}; if the logs are lost: ${lost} of mail`;
}

/** What was planned, and room for what it was: the planner takes what was measured. */
function phaseTable(group: SameSteps): Block {
  const alike = Map.groupBy(group, (one) => JSON.stringify(timedPhases(one)));
  const rows = [...alike.values()].flatMap((lines) => {
    const [first] = lines;
    if (first === undefined) return [];
    const names = listOf(lines.map(({ business }) => business.name));
    return [
      ...timedPhases(first).map(({ name, time }) => [names, name, minutesCell(time), blank]),
      ...["first message readable", "all messages readable"].map((name) => [
        names,
        name,
        "not estimated",
        blank,
      ]),
    ];
  });
  return table(["Line of business", "Phase", "Planned>", "Measured on the day>"], rows);
}

function shareNotes(loss: Loss, group: SameSteps, { lines }: Plan): readonly Block[] {
  const [{ way, chosen }] = group;
  const { operational, disaster } = chosen.evaluation.combination;
  const isFine =
    way.layer === "operational" || disaster === undefined
      ? operationalTraits[operational.method].fine
      : disasterTraits[disaster.option].fine;
  const notes: Block[] = [];
  if (loss === "user-error")
    notes.push(
      paragraph(
        isFine
          ? "The times are for all mail of the line of business: one mailbox takes its part of the restore, and no roll forward."
          : `The times are for the whole volume. For one mailbox, mount the replica at another place and copy from it (§${operationalTraits[operational.method].granularitySection}).`,
      ),
    );
  else if (lines.length > 1)
    notes.push(
      paragraph(
        isFine
          ? "The times are for the mail of that line of business alone. Whoever restores the whole store at once needs the time of all lines together."
          : "A volume comes back whole, with the mail of every line of business on it (§1.4.3).",
      ),
    );
  return notes;
}

function recoverySteps(loss: Loss, line: LineWay, { requirements }: Plan): readonly Step[] {
  const { estimate } = line;
  const { kind } = requirements.server;
  const rolls = loss !== "user-error" && estimate.phases.some(({ ofLogs }) => ofLogs);
  const steps: Step[] = [];
  if (estimate.recall.high > 0 && loss === "user-error")
    steps.push(step("business", "Say whether what is missed is worth a courier."));
  if (estimate.recall.high > 0)
    steps.push(
      step(
        "vault",
        `Call for the media of the pull list at once: ${minutesSpan(estimate.recall)} until they are here.`,
      ),
    );
  steps.push(
    step("keys", "Have the password at hand of whatever the copy is encrypted with."),
    step(
      "storage",
      `Choose the moment: ${momentWords(loss, line)}. Write it down with its time zone: ${blank}`,
    ),
  );
  if (line.isHere) steps.push(...stepsHere(loss, line, requirements.server));
  else steps.push(...stepsByHand(loss, line, requirements));
  if (rolls) {
    const until =
      loss === "late-attack" || loss === "corruption" ? ", up to the moment before the damage" : "";
    steps.push(
      step(
        "storage",
        `Where the logs survive, roll them forward${until}, by ${transactionLogs(kind).playback}.`,
      ),
    );
  }
  if (loss !== "user-error")
    steps.push(step("mail", "Check (below), then start the mail server, then let delivery in."));
  return steps;
}

function stepsHere(
  loss: Loss,
  { way }: LineWay,
  { kind, path }: Plan["requirements"]["server"],
): readonly Step[] {
  const { reader, reason } = readableByReaders(kind);
  const first: readonly Step[] =
    way.layer === "disaster"
      ? [
          step(
            "storage",
            "Bring the offsite copy to a folder of the new server, or mount it there.",
          ),
        ]
      : [];
  switch (loss) {
    case "user-error":
      return reader === "here"
        ? [
            step(
              "mail",
              "With the commands below: list the moments, look into the mailbox as it was, see what is missing now, see what would be put back, put it back. The server keeps running; nothing is deleted, and what arrived since stays.",
            ),
          ]
        : [
            step(
              "mail",
              "With the commands below: restore the mailbox as it was into a new folder. The server keeps running.",
            ),
            step("mail", `By hand: bring the messages over from there. ${reason}`),
          ];
    case "corruption":
    case "late-attack":
      return [
        ...first,
        step(
          "storage",
          "With the commands below, the mail server being stopped: capture what is there now, so that going back gives nothing up for good; see what changed since the moment; see what going back would do; go back. What is taken away is kept in an undo folder.",
        ),
        step(
          "mail",
          "By hand: of what arrived since the moment, put back what is sound, mailbox by mailbox, out of the capture tagged before-recovery.",
        ),
      ];
    case "hardware":
    case "site":
      return [
        ...first,
        step(
          "storage",
          `By hand: make new volumes, and mount them at ${path}, empty. The mail server is stopped.`,
        ),
        step(
          "storage",
          "With the commands below: check that the copy is whole, look whether the newest moment has as much mail as those before it, see what would be written, write it, compare.",
        ),
      ];
  }
}

function stepsByHand(
  loss: Loss,
  { way, chosen }: LineWay,
  requirements: Plan["requirements"],
): readonly Step[] {
  const { operational, disaster } = chosen.evaluation.combination;
  const work =
    way.layer === "operational" || disaster === undefined
      ? operationalByHand[operational.method]
      : disasterByHand[disaster.option];
  const steps = [step("storage", `By hand (this version of Restante does not do it): ${work}.`)];
  // The repository is ours even where another program takes it away.
  const isDuplicate =
    disaster?.option === "duplicate-disk" && keepsRepository(chosen, requirements);
  if (way.layer === "disaster" && isDuplicate)
    steps.push(
      step(
        "storage",
        "Where the offsite copy is a whole, unchanged duplicate of the repository's folder, this version reads it there like the one on site, with that folder as the copy.",
      ),
    );
  if (loss === "user-error")
    steps.push(
      step(
        "mail",
        `By hand: copy the mailbox or the messages from there into the living mailbox; delete nothing in it. ${readableByReaders(requirements.server.kind).reason}`,
      ),
    );
  return steps;
}
