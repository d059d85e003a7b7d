import type { CommandSpec } from "./command.ts";
import { reportOptions } from "./plan-command.ts";

export const figuresCommand: CommandSpec = {
  name: "figures",
  summary: "the paper's Figures 6 and 7 for this installation: paper, computed, measured",
  usage: ["[REQUIREMENTS] [--copy REPO] [--format FORMAT] [--output FILE]"],
  about: [
    "Prints for every method what the paper gives as RPO, RTO and storage, what they come to with this site's sizes and speeds, and what was measured here: the RTO of restores by phase, what a copy takes beside its mail, and with --copy the worst gap between its moments, which is the RPO that was achieved. Beside each measured value stand the amount of mail and the date that it was measured with.",
    "Sizes are those of REQUIREMENTS (default: ./requirements.yaml where it is there), else of what was measured on this machine and of the copy's moments, else assumed. Captures and restores record their results by themselves, in results.ndjson in the state folder. Nothing is measured by this verb.",
    "`restante plan figures` computes the same for the paper's own site.",
  ],
  options: reportOptions,
  examples: [
    { command: "restante figures --copy /srv/recovery", about: "with the RPO that was achieved" },
    { command: "restante figures --json", about: "an array of cells, for spreadsheets and jq" },
    {
      command: "restante figures requirements.yaml --output figures.html",
      about: "a report to keep",
    },
  ],
  positionals: { least: 0, most: 1 },
  load: () => import("./commands/figures.ts"),
};
