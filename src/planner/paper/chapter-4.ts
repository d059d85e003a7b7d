/** §4: comparison of best practices, and the rows of Figures 6 and 7. */
import { disasterOptions, operationalMethods } from "../figure-1/index.ts";
import { figure6, figure7, type FigureRow } from "../model/index.ts";
import { printedMethods, printedOptions } from "./figure-1-boxes.ts";
import type { BoxId, Statement } from "./statement.ts";

const model = "src/planner/model/figures.test.ts";
const figures = "src/cli/commands/figures.test.ts";

const summaries: readonly Statement[] = [
  {
    section: "4.1",
    words:
      "The following table summarizes best practices for different Operational Recovery tiers of service available in the industry today.",
    here: "`restante figures` and `plan figures`: Figure 6 as paper, computed, measured",
    places: ["src/planner/model/figures.ts", "src/cli/commands/figures.ts"],
    tests: [model, figures],
    rests: "B",
  },
  {
    section: "4.1",
    words:
      "For example, it is possible to improve B2T RPO and RTO by increasing the frequency of backups and parallelism of tape drives.",
    here: "frequency is a choice of the planner; faster media never lengthen an RTO",
    places: ["src/planner/model/operational.ts"],
    tests: ["src/planner/ranking/ranking-properties.test.ts"],
    rests: "D",
  },
  {
    section: "4.1",
    words:
      "How many hours of email will be lost if the transaction logs for that time are not recoverable (worst case condition).",
    here: "RPO of the case “logs lost”",
    places: ["src/planner/model/figures.ts"],
    tests: [model],
    rests: "D",
  },
  {
    section: "4.1",
    words: "Any of these solutions can achieve an RPO of 0 if the transaction logs are available.",
    here: "RPO of the case “logs survive”; none where a server keeps no log",
    places: ["src/planner/model/situation.ts"],
    tests: [model],
    rests: "D",
  },
  {
    section: "4.1",
    words: "How many minutes it will take to fully restore the email server data.",
    here: "measured by restores: of those that brought back about as much as any, the newest",
    places: ["src/cli/result-cells.ts"],
    tests: ["src/cli/results.test.ts", figures],
    rests: "B",
  },
  {
    section: "4.1",
    words: "The worst case for RTO is when transaction logs are available",
    here: "RTO of each pair is worse with the logs",
    places: ["src/planner/model/situation.ts"],
    tests: ["src/planner/ranking/ranking-properties.test.ts"],
    rests: "D",
  },
  {
    section: "4.1",
    words: "The only recurring cost is for tapes; others are one-time.",
    here: "purchases over their lifetime, and what recurs, apart",
    places: ["src/planner/ranking/cost.ts"],
    tests: ["src/planner/figure-1/compatibility.test.ts", "src/planner/ranking/evaluate.test.ts"],
    rests: "D",
  },
  {
    section: "4.1",
    words:
      "Each OR Type also has software acquisition and licensing costs associated with it that will vary for each vendor solution.",
    here: "`licences` of the requirements, per method",
    places: ["docs/guide/requirements.md", "src/planner/ranking/cost.ts"],
    tests: ["src/planner/requirements/requirements-page.test.ts"],
    rests: "D",
  },
  {
    section: "4.1",
    words: "The best practice is to create your own benchmarks for your environment.",
    here: "`restante bench`, and every capture and restore; what was measured takes the place of what was assumed",
    places: ["docs/guide/bench.md", "docs/operations/proof.md"],
    tests: ["src/cli/commands/bench.test.ts", "src/cli/run-measurements.test.ts", figures],
    rests: "B",
  },
  {
    section: "4.1",
    words: "Transaction log “playback” is assumed to be at a linear rate of 45 minutes for 2GB.",
    here: "a parameter, as are the sizes and rates of the other notes",
    places: ["src/planner/media-parameters.ts"],
    tests: [model],
    rests: "D",
  },
  {
    section: "4.1",
    words:
      "IT organizations may choose to deploy multiple levels of service based on the requirements of the business processes, as adjusted to cost and risk acceptance.",
    here: "tiers are priced for the lines of business that chose them",
    places: ["src/planner/tiers/"],
    tests: ["src/planner/tiers/classification.test.ts"],
    rests: "D",
  },
  {
    section: "4.2",
    words:
      "The following table summarizes best practices for different DR tiers of service available in the industry today.",
    here: "`restante figures` and `plan figures`: Figure 7 as paper, computed, measured",
    places: ["src/planner/model/disaster.ts"],
    tests: [model, "src/planner/model/disaster.test.ts"],
    rests: "D",
  },
  {
    section: "4.2",
    words:
      "Most importantly, these estimates only reflect data recovery times at the DR site only.",
    here: "said in the figures and at the top of every runbook",
    places: ["src/planner/answers/figures-report.ts", "src/planner/plan/runbook-front.ts"],
    tests: ["src/planner/plan/runbook.test.ts"],
    rests: "D",
  },
  {
    section: "4.2",
    words:
      "E.g., in the case of removable media, it assumes the media is immediately available and stored on an unlabeled shelf.",
    here: "the time to recall media stands beside every RTO, and is added where a plan needs it",
    places: ["src/planner/model/estimate.ts"],
    tests: ["src/planner/ranking/evaluate.test.ts"],
    rests: "D",
  },
  {
    section: "4.2",
    words: "Note that a DR RPO does not have to be the same as the OR RPO.",
    here: "each layer has objectives of its own",
    places: ["docs/guide/requirements.md"],
    tests: ["src/planner/requirements/parse-requirements.test.ts"],
    rests: "D",
  },
  {
    section: "4.2",
    words:
      "An application’s DR RPO ranking relative to other applications will likely be consistent with its ranking relative for OR RPO.",
    here: "lines of business that rank otherwise when the site is lost are told so",
    places: ["src/planner/requirements/check-objectives.ts"],
    tests: ["src/planner/requirements/check-requirements.test.ts"],
    rests: "D",
  },
  {
    section: "4.2",
    words:
      "However, RTO must also reflect the overall Disaster Recovery plan with respect to sequencing of applications to be recovered during a site disaster.",
    here: "an order of recovery for the lines of business",
    places: ["src/planner/plan/plan.ts"],
    tests: ["src/planner/plan/runbook.test.ts", "src/cli/plan/plan.test.ts"],
    rests: "D",
  },
  {
    section: "4.2",
    words: "You should create your own benchmarks for your environment.",
    here: "a target on another machine can be measured by `bench --target`",
    places: ["docs/guide/bench.md"],
    tests: ["src/cli/commands/bench.test.ts"],
    rests: "B",
  },
  {
    section: "4.2",
    words:
      "This assumes that consistency is maintained between database and logs – not all technologies support this.",
    here: "a caveat of the mirrors that do not",
    places: ["src/planner/figure-1/disaster-edges.ts"],
    tests: ["src/planner/figure-1/compatibility.test.ts"],
    rests: "D",
  },
  {
    section: "4.2",
    words:
      "This offers the added benefit of having multiple points in time from which to perform the DR.",
    here: "mirrored continuous protection has history; mirrors have not",
    places: ["src/planner/model/rotation.ts"],
    tests: ["src/planner/model/disaster.test.ts"],
    rests: "D",
  },
];

/** The rows as the paper prints them, in its order; numbers of notes are left out. */
const figure6Words = [
  "Daily DB & Logs 24 hours 66 -153 minutes[…] Tapes",
  "Daily DB, plus Logs every 6 hrs 6 hours 70 -162 minutes[…] Additional tapes for logs",
  "Daily DB & Logs 24 hours 62 minutes[…] Disk: approx 1x data size",
  "Daily DB, plus Logs every 6 hrs 6 hours 64 minutes Additional disk for logs",
  "Clone 12 hours 25 minutes Disk: 1x data size per clone",
  "Delta Snapshot 4 hours 10 minutes Disk: ~ 0.2x data size",
  "Continuous Data Protection 0 hours 5-30[…] minutes Disk: varies by change rate, and retention period",
] as const;

const figure7Words = [
  "Tape only – no log playback 24 hours 21-108 minutes Tapes",
  "Tape plus mirrors for logs only[…] 0 hours 66-153 minutes Tapes plus disk for logs",
  "Remote copy of local snapshot 12 hours 5 Minutes Disk: 1x data size/copy",
  "Remote copy of local snapshot plus mirrors for logs only 0 hours 25 Minutes Disk: max log size plus 1x database size/copy",
  "App-based async mirror Minutes Minutes Disk: 1x data size",
  "Host-based async mirror Minutes Minutes Disk: 1x data size",
  "Array-based async mirror Minutes Minutes Disk: 1x data size",
  "Mirrored CDP storage 0 hours 5-30 minutes Disk: 1 x CDP storage size",
  "Sync mirrors 0 hours 5 minutes Disk: 1x data size",
  "Sync mirrors with cluster failover 0 hours Automatic Disk: 1x data size",
] as const;

/** A row works when what it is computed for does: then its cells can be measured here. */
function rowStatement({ figure, row, choice }: FigureRow, words: string): Statement {
  const { operational, disaster } = choice;
  const boxes: readonly BoxId[] =
    disaster === undefined
      ? [`method:${operational.method}`]
      : [
          `option:${disaster.option}`,
          ...(disaster.mirroredLogs ? (["option:mirror-host"] as const) : []),
        ];
  const name =
    disaster === undefined
      ? operationalMethods[operational.method].name
      : disasterOptions[disaster.option].name;
  return {
    section: `Figure ${figure}`,
    words,
    here: `“${row}” is computed for the site; measured once this runs: ${name}`,
    places: ["src/planner/model/paper-cells.ts", ...placesOf(boxes)],
    tests: [model, ...placesOf(boxes)],
    rests: boxes,
  };
}

function placesOf(boxes: readonly BoxId[]): readonly string[] {
  const forms = [...printedMethods, ...printedOptions].flatMap((box) => box.forms);
  return [
    ...new Set(
      boxes.flatMap((box) => forms.filter(({ id }) => id === box).map(({ place }) => place)),
    ),
  ];
}

export const chapter4: readonly Statement[] = summaries;

export const figure6Statements: readonly Statement[] = figure6.map((row, index) =>
  rowStatement(row, figure6Words[index] ?? ""),
);

export const figure7Statements: readonly Statement[] = figure7.map((row, index) =>
  rowStatement(row, figure7Words[index] ?? ""),
);
