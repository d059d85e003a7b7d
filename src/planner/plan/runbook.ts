import { type Loss, lossNames, transactionLogs } from "../figure-1/index.ts";
import type { Block, Inline, Report, Section } from "../report/index.ts";
import type { Plan } from "./plan.ts";
import { resumeCommands } from "./runbook-commands.ts";
import { freezeSteps } from "./runbook-freeze.ts";
import { contactsAndPlaces, protectionOverview, readFirst } from "./runbook-front.ts";
import { lossWords } from "./runbook-losses.ts";
import { recoverySections } from "./runbook-recovery.ts";
import { dataRecoveryOnly, notCoveredTable, orderBlocks } from "./runbook-site.ts";
import { keepsAny, waysFrom, type Ways } from "./runbook-ways.ts";
import { blank, bullets, note, step, stepList, type Step } from "./runbook-words.ts";

/**
 * The continuity runbook (paper §1.3): who does what in which order after each kind of loss, for each line
 * of business, with the combination that the plan chose. To be printed; blanks are to be filled in.
 */
export function runbook(plan: Plan): Report {
  const { server } = plan.requirements;
  return {
    title: `Continuity runbook: data recovery of mail on ${server.name}`,
    subtitle: "Data recovery only: servers, network, DNS, people and premises are not covered",
    sections: [
      readFirst(plan),
      contactsAndPlaces(plan),
      protectionOverview(plan),
      ...lossNames.flatMap((loss) => lossSections(loss, plan)),
    ],
  };
}

function lossSections(loss: Loss, plan: Plan): readonly Section[] {
  const words = lossWords[loss];
  const ways = waysFrom(loss, plan);
  return [
    {
      heading: words.heading,
      level: 1,
      blocks: [
        ...(loss === "site" ? [note("warn", dataRecoveryOnly), notCoveredTable()] : []),
        {
          kind: "definitions",
          pairs: [
            { term: "How it is recognised", definition: words.recognised },
            { term: "Who decides", definition: words.decides },
            { term: "Noticed at", definition: `${blank} by ${blank}` },
          ],
        },
        ...missingNotes(ways, plan),
        ...(loss === "site" ? orderBlocks(plan) : []),
      ],
    },
    { heading: "Stop first", level: 2, blocks: [stepList(stopSteps(loss, plan))] },
    ...recoverySections(loss, ways, plan),
    { heading: "Check that it is right", level: 2, blocks: [bullets(checks(loss, ways))] },
    { heading: "Afterwards", level: 2, blocks: afterwards(loss, plan) },
  ];
}

/** Lines of business that this section has no steps for. */
function missingNotes({ without }: Ways, { lines }: Plan): readonly Block[] {
  const unplanned = lines.filter(({ chosen }) => chosen === undefined);
  return [
    ...without.map(({ business, reason }) =>
      note("bad", `“${business.name}”: nothing of its combination recovers from this: ${reason}.`),
    ),
    ...unplanned.map(({ business }) =>
      note("bad", `“${business.name}”: no combination was chosen, see “What protects whom”.`),
    ),
  ];
}

function stopSteps(loss: Loss, { lines }: Plan): readonly Step[] {
  const combinations = lines.flatMap(({ chosen }) =>
    chosen === undefined ? [] : [chosen.evaluation.combination],
  );
  return [
    step(
      "notices",
      "Call the mail administrator, by telephone. Write down the time and what is seen.",
    ),
    ...lossWords[loss].stop,
    ...freezeSteps(loss, combinations),
  ];
}

function checks(loss: Loss, { groups }: Ways): readonly Inline[] {
  const isHere = groups.some(([{ isHere: here }]) => here);
  return [
    `Counts: as many mailboxes, folders and messages as were there at the moment, by mailbox. Expected ${blank}, found ${blank}`,
    `First message readable: open one message of today's and one of last year's in a mail program. At: ${blank}`,
    `All readable: every message opens, read by a program. At: ${blank}`,
    ...(isHere
      ? [
          "Where Restante restored it: each file was read back and compared by its hash, and the comparison shows nothing missing.",
        ]
      : []),
    ...lossWords[loss].check,
  ];
}

/** Whether the daemon is a part of what protects. */
function isFollowed({ lines }: Plan): boolean {
  return lines.some(
    ({ chosen }) => chosen?.evaluation.combination.operational.method === "journal",
  );
}

function afterwards(loss: Loss, plan: Plan): readonly Block[] {
  const { requirements } = plan;
  const isHere = keepsAny(plan);
  const hasLogs = transactionLogs(requirements.server.kind).has;
  const resumed: readonly Step[] =
    loss === "user-error"
      ? [step("storage", "Take up rotation and expiry again.")]
      : [
          step(
            "storage",
            `Take a full copy of what was restored before anything else is started again${hasLogs ? ": the logs begin anew with it" : ""}. Until it is there, the old copies are the only ones.`,
          ),
          step(
            "storage",
            "Take up captures, rotation and mirrors again, in this order, and expiry last.",
          ),
        ];
  const steps: Step[] = [
    ...resumed,
    ...(isHere
      ? [
          step(
            "mail",
            "Look at the newest moment: is it as it should be? Only then release the alarm (the third command below), so that expiry goes on.",
          ),
        ]
      : []),
    step(
      "storage",
      "Give held media back to the rotation when the new copy is proven, not before.",
    ),
    ...(loss === "site"
      ? [
          step(
            "storage",
            "Set up disaster recovery for the new place: it has none while it is the recovery site.",
          ),
        ]
      : []),
    step(
      "mail",
      "Write the measured times into the table above and into the requirements (site, assumptions): they take the place of what was assumed. What Restante restores, it records itself.",
    ),
    step("business", `What was lost for good, and who was told: ${blank}`),
  ];
  return [
    stepList(steps),
    ...(isHere
      ? [{ kind: "code" as const, text: resumeCommands(requirements, isFollowed(plan)).join("\n") }]
      : []),
  ];
}
