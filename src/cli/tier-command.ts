import type { CommandSpec } from "./command.ts";
import { reportOptions } from "./plan-command.ts";

export const tierCommand: CommandSpec = {
  name: "tier",
  summary: "tiers of service: their promise, price and proof, and who is in which",
  usage: [
    "[list] [REQUIREMENTS] [--format FORMAT] [--output FILE]",
    "show NAME [REQUIREMENTS]",
    "classify FILE.csv [REQUIREMENTS] [--save FILE]",
  ],
  about: [
    "list shows the catalogue that a line of business chooses from: bronze, silver, gold and platinum, and the tiers of the requirements file. Each has a promise for everyday losses and for the loss of the site, its price at this site (of the cheapest combination that meets it for all of the mail, outages aside), and what stands behind it: whether recovery times are measured, computed or from the paper, whether this version runs the combination, and how sure it is that it works with this server.",
    "show prints one tier in full: price by item, what it achieves after each kind of loss, and every number that this rests on.",
    "classify reads a classification of data from a CSV file with the columns mailbox, line (of business) and tier, and where there are any size, payroll and productivity_lost; and says what each line of business pays. --save keeps it as a requirements file in which each line has its tier, for `restante plan`.",
    "REQUIREMENTS is a YAML file as for `restante plan` (default: ./requirements.yaml where it is there); without one the site is undescribed: the paper's sizes with today's media, and what the CSV file says of sizes. Exit code 22 when nothing meets a tier that is asked for, or none of the catalogue.",
  ],
  options: [
    {
      name: "save",
      value: "FILE",
      about:
        "classify: write the classification as a requirements file, which must not be there yet",
      complete: "file",
    },
    ...reportOptions,
  ],
  examples: [
    { command: "restante tier", about: "the catalogue" },
    {
      command: "restante tier list requirements.yaml --output tiers.html",
      about: "a page to choose from",
    },
    { command: "restante tier show gold requirements.yaml", about: "one tier in full" },
    {
      command:
        "restante tier classify mailboxes.csv requirements.yaml --save requirements-by-tier.yaml",
      about: "who is in which tier, and what it costs",
    },
  ],
  words: ["list", "show", "classify"],
  positionals: { least: 0, most: 3 },
  load: () => import("./commands/tier.ts"),
};
