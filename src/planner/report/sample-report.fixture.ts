import type { Report, ScatterPoint, Table, Timeline } from "./report.ts";

/**
 * A report as a planner would make it: the options of Figures 6 and 7 with the figures' RPO and RTO. Costs
 * and the measurement are made up for the drawing.
 */
export const samplePoints: readonly ScatterPoint[] = [
  point("backup to tape", { rpo: 1440, rto: 153, cost: 4100 }, "operational"),
  point("backup to tape, logs every 6 h", { rpo: 360, rto: 162, cost: 5300 }, "operational"),
  point(
    "backup to disk, full copies",
    { rpo: 1440, rto: 62, cost: 2600, front: true },
    "operational",
  ),
  point("rotation of clones", { rpo: 720, rto: 25, cost: 6900, front: true }, "operational"),
  point(
    "rotation of delta snapshots",
    { rpo: 240, rto: 10, cost: 4700, front: true },
    "operational",
  ),
  point(
    "continuous data protection",
    { rpo: 0, rto: 30, cost: 9800, front: true, chosen: true },
    "operational",
  ),
  point("move backup tapes offsite", { rpo: 1440, rto: 108, cost: 2900, front: true }, "disaster"),
  point("tapes, and mirrors for logs", { rpo: 0, rto: 153, cost: 7200 }, "disaster"),
  point(
    "remote copy of local snapshots",
    { rpo: 720, rto: 5, cost: 8300, front: true },
    "disaster",
  ),
  point("remote snapshots, mirrored logs", { rpo: 0, rto: 25, cost: 11_800 }, "disaster"),
  point("remote mirror by the host", { rpo: 5, rto: 5, cost: 9100, front: true }, "disaster"),
  point("protected CDP", { rpo: 0, rto: 30, cost: 10_400, front: true, chosen: true }, "disaster"),
  point("synchronous mirrors", { rpo: 0, rto: 5, cost: 16_500, front: true }, "disaster"),
  point(
    "sync. mirrors, cluster failover",
    { rpo: 0, rto: 0, cost: 24_900, front: true },
    "disaster",
  ),
];

export const sampleTimeline: Timeline = {
  title: "What is covered, by age",
  rows: [
    {
      label: "continuous data protection",
      layer: "operational",
      windows: [
        { fromAgeHours: 0, toAgeHours: 48, spacingHours: 0 },
        { fromAgeHours: 48, toAgeHours: 14 * 24, spacingHours: 1 },
      ],
    },
    {
      label: "rotation of delta snapshots",
      layer: "operational",
      windows: [{ fromAgeHours: 0, toAgeHours: 24, spacingHours: 4 }],
    },
    {
      label: "move backup tapes offsite",
      layer: "disaster",
      windows: [{ fromAgeHours: 21 * 24, toAgeHours: 365 * 24, spacingHours: 168 }],
    },
  ],
  lapses: [
    {
      fromAgeHours: 14 * 24,
      toAgeHours: 21 * 24,
      text: "between the last copy and the first tape",
    },
  ],
  shares: [
    { ageHours: 48, share: 0.56 },
    { ageHours: 24 * 365, share: 1 },
  ],
};

const sampleTable: Table = {
  caption: "The choice, by line of business",
  columns: [
    { heading: "Line of business", align: "left" },
    { heading: "Combination", align: "left" },
    { heading: "RPO", align: "right" },
    { heading: "RTO", align: "right" },
    { heading: "Cost a year", align: "right" },
  ],
  rows: [
    [
      "Sales",
      "live application → continuous data protection → protected CDP",
      { text: "0", origin: "paper", title: "Figure 6: 0 hours", state: "good" },
      {
        text: "18 min",
        was: "30 min",
        origin: "measured",
        title: "drill of 244 MB, 6,046 files, verified (drill 17, 2026-11-23T14:03:07Z)",
        state: "good",
      },
      {
        text: "20,200 EUR",
        origin: "assumed",
        title: "disk at 250 EUR per TB, assumed, to be checked",
      },
    ],
    [
      "Everyone else",
      "hot split snapshot → rotation of delta snapshots → move backup tapes offsite",
      { text: "4 h", origin: "paper", title: "Figure 6: 4 hours", state: "good" },
      {
        text: "10 min",
        origin: "computed",
        title: "2.5 + playback of ⅓ GB at 45 min for 2 GB",
        state: "good",
      },
      {
        text: "7,600 EUR",
        origin: "computed",
        title: "0.2 × 60 GB of disk, tapes by safe uses, one courier a week",
      },
    ],
    [
      "Archive",
      "backup API → backup to tape → move backup tapes offsite",
      {
        text: "52 h",
        origin: "computed",
        title: "interval 24 h + hold 24 h + transit 4 h (§2.2.1)",
        state: "bad",
      },
      { text: "2 h 33 min", origin: "paper", title: "Figure 6: 66-153 minutes", state: "warn" },
      { text: "4,100 EUR", origin: "stated", title: "requirements.yaml: budget" },
    ],
  ],
};

export const sampleReport: Report = {
  title: "Recovery plan for mx1",
  subtitle: "Two tiers of service for three lines of business; worst case loss 0 and 4 hours",
  generatedAt: "Made on Mon 23 Nov 2026 14:03 CET by restante 0.1.0 from requirements.yaml",
  sections: [
    {
      heading: "Decision",
      level: 1,
      blocks: [
        {
          kind: "paragraph",
          text: [
            "Sales gets ",
            { kind: "strong", text: "continuous data protection" },
            " and a protected copy of it; everyone else gets delta snapshots every 4 hours. This costs 27,800 EUR a year and pays back with ",
            { kind: "emphasis", text: "the first" },
            " outage.",
          ],
        },
        { kind: "table", ...sampleTable },
        {
          kind: "note",
          tone: "warn",
          text: "Delta snapshots do not survive physical damage of the production volumes (§3.4.2).",
        },
        { kind: "note", tone: "bad", text: "Nothing covers moments between 14 and 21 days old." },
        {
          kind: "note",
          tone: "info",
          text: "These estimates are of data recovery alone; people and buildings come on top (§4.2).",
        },
      ],
    },
    {
      heading: "RPO, RTO and cost",
      level: 1,
      blocks: [
        {
          kind: "scatter",
          title: "Six operational and eight disaster options",
          points: samplePoints,
          objective: { rpoMinutes: 15, rtoMinutes: 60 },
          currency: "EUR",
        },
      ],
    },
    {
      heading: "Windows and lapses",
      level: 1,
      blocks: [{ kind: "timeline", ...sampleTimeline }],
    },
    {
      heading: "What to do on the bad day",
      level: 1,
      blocks: [
        {
          kind: "list",
          ordered: true,
          items: [
            "Stop the server.",
            ["Run ", { kind: "code", text: "restante rewind mx1 --before alarm-17" }, "."],
            "Read a message before you call it done.",
          ],
        },
        {
          kind: "list",
          ordered: false,
          items: ["Who decides: the head of IT", "Who is told: all of Sales"],
        },
      ],
    },
    {
      heading: "The configuration",
      level: 2,
      blocks: [
        {
          kind: "code",
          text: "version: 1\ntiers:\n  gold:\n    operational:\n      lose_at_most: 10 seconds",
        },
      ],
    },
    {
      heading: "Words",
      level: 3,
      blocks: [
        {
          kind: "definitions",
          pairs: [
            { term: "RPO", definition: "how much may be lost, at worst" },
            { term: "RTO", definition: "how long it may take until mail is back" },
          ],
        },
      ],
    },
  ],
};

type Numbers = {
  readonly rpo: number;
  readonly rto: number;
  readonly cost: number;
  readonly front?: boolean;
  readonly chosen?: boolean;
};

function point(label: string, numbers: Numbers, group: string): ScatterPoint {
  const { rpo, rto, cost, front = false, chosen = false } = numbers;
  return {
    label,
    rpoMinutes: rpo,
    rtoMinutes: rto,
    costPerYear: cost,
    onFront: front,
    chosen,
    group,
  };
}
