import type { OptionSpec } from "./arguments.ts";
import type { CommandSpec } from "./command.ts";

export const reportOptions: readonly OptionSpec[] = [
  {
    name: "format",
    value: "FORMAT",
    about: "text (the default), markdown, or html: one file that needs nothing else",
    complete: ["text", "markdown", "html"],
  },
  {
    name: "output",
    value: "FILE",
    about: "write the report to this file; its ending says the format",
    complete: "file",
  },
  {
    name: "no-measured",
    about: "compute with the file's numbers alone, not with what was measured on this machine",
  },
];

export const planCommand: CommandSpec = {
  name: "plan",
  summary: "requirements in, the right combination out, with reasons, cost and proof",
  usage: [
    "[REQUIREMENTS] [--write CONFIG] [--choose ID] [--runs-here] [--format FORMAT] [--output FILE]",
    "figures [REQUIREMENTS]",
    "why TOPIC [REQUIREMENTS]",
    "check [CONFIG] [--requirements FILE]",
    "runbook [REQUIREMENTS]",
  ],
  about: [
    "Finds for each line of business the combination of data source, operational recovery and disaster recovery (the paper's Figure 1) that meets its RPO, RTO, reach, granularity and budget at the least yearly cost, expected outages included, and says why each other was rejected. Without a file it asks, at a terminal, and proposes what it finds.",
    "figures prints the paper's Figures 6 and 7 computed for the paper's own site, or for yours. why says where a number, a verdict or a combination comes from. check says whether a configuration meets its objectives, and with --requirements what was required. runbook prints who does what in which order for each kind of loss.",
    "REQUIREMENTS is a YAML file (default: ./requirements.yaml where it is there); requirements.example.yaml shows everything that may stand in it. What `restante bench`, captures and restores measured on this machine takes the place of what is assumed.",
    "Exit code 22 when nothing meets the requirements: the answer says what would have to change. --write exits with 3 when the file leaves out what this version does not do.",
  ],
  options: [
    {
      name: "write",
      value: "CONFIG",
      about: "write the configuration of the plan to this file, which must not be there yet",
      complete: "file",
    },
    {
      name: "choose",
      value: "ID",
      multiple: true,
      about: "plan with this combination, as the report shows it; LINE=ID for one line of business",
    },
    { name: "runs-here", about: "only what this version of Restante does by itself" },
    {
      name: "requirements",
      value: "FILE",
      about: "check: the requirements to hold the configuration to",
      complete: "file",
    },
    {
      name: "save",
      value: "FILE",
      about: "keep the answers of the interview as a requirements file",
      complete: "file",
    },
    ...reportOptions,
  ],
  examples: [
    { command: "restante plan", about: "an interview, with answers that were found" },
    {
      command: "restante plan requirements.yaml --output plan.html",
      about: "a report to sign",
    },
    { command: "restante plan figures", about: "the paper's own numbers, computed" },
    {
      command: "restante plan why tape_rate requirements.yaml",
      about: "where a number comes from",
    },
    {
      command: "restante plan requirements.yaml --runs-here --write restante.yaml",
      about: "a configuration that this version runs",
    },
    {
      command: "restante plan check restante.yaml --requirements requirements.yaml",
      about: "whether it is enough",
    },
  ],
  words: ["figures", "why", "check", "runbook"],
  positionals: { least: 0, most: 3 },
  load: () => import("./commands/plan.ts"),
};
