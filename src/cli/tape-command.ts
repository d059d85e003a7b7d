import type { CommandSpec } from "./command.ts";
import { at, group, targetText, yes, zone } from "./command-options.ts";

/** Words that may follow `tape`. */
export const tapeActions = [
  "list",
  "label",
  "due",
  "move",
  "pull",
  "rebuild",
  "retire",
  "verify",
  "spool",
] as const;

export const tapeCommand: CommandSpec = {
  name: "tape",
  summary: "backup tapes: what is on them, where they are, what is due",
  usage: [
    "[list] --library FOLDER",
    "due [--every D] [--hold D] [--transit D] [--objective D]",
    "move BARCODE ejected|in-transit|vault|recalled|onsite --who W [--where P]",
    "pull [TARGET] --at T [--recall D]",
    "label BARCODE [--new] [--over-foreign] [--yes]",
    "retire BARCODE --reason TEXT",
    "rebuild",
    "verify [TARGET] [--at T]",
    "spool [TARGET] --copy REPO [--at T]",
  ],
  about: [
    "list shows every tape with its pool, its place, its moments and how much it was used. due says which tapes should leave and which may come back, what a loss of the site would cost now, and whether interval, hold and transit fit into the objective (paper §2.2.1); exit code 20 when they do not, or a window has lapsed.",
    "move notes a step of a tape's life: onsite, ejected, in transit, vault, recalled, and back onsite; transit is short for in-transit. Ejected also puts the tape out of the library, onsite takes it in. pull prints the tapes that a moment needs, in the order in which they are read, where each is and how long until it is at hand; exit code 3 when one is missing.",
    "label puts a tape into the scratch pool; --new first puts a blank virtual tape in, and makes the library's folder. retire keeps a tape from being written to again. rebuild reads all tapes in the library and writes the catalogue anew; the old one stays beside it. verify reads every byte of the moments whose tapes are in the library and compares it with its digest; exit code 1 when something cannot be read. spool writes a moment of a repository to tape: disk to disk to tape (paper §3.2.2).",
    "The library is --library, or the configuration's copy of kind tape library. Without a configuration the backups are taken to be nightly, held for 24 hours and sent at once, as in the paper's example.",
    targetText,
  ],
  options: [
    {
      name: "library",
      value: "FOLDER",
      about: "the folder of the tape library; or the name of a copy in the configuration",
      complete: "folder",
    },
    { name: "who", value: "W", about: "move: who took, carried or received the tape" },
    {
      name: "where",
      value: "P",
      about: "move: the shelf, the courier, the vault; needed for in-transit and vault",
    },
    { name: "every", value: "D", about: "due: the time between two backups (default: 24 hours)" },
    { name: "hold", value: "D", about: "due: how long tapes stay onsite (default: 24 hours)" },
    { name: "transit", value: "D", about: "due: how long they travel (default: nothing)" },
    { name: "objective", value: "D", about: "due: how much may be lost with the site" },
    {
      name: "recall",
      value: "D",
      about: "pull: from the call until a tape of the vault is here (default: 24 hours)",
    },
    { name: "new", about: "label: put a blank virtual tape in" },
    {
      name: "over-foreign",
      about: "label: write over what another program wrote, or another label",
    },
    { name: "reason", value: "TEXT", about: "retire: why" },
    at,
    group,
    zone,
    yes,
  ],
  examples: [
    { command: "restante tape label RST001 --new --library /srv/tapes", about: "a new tape" },
    { command: "restante tape due --objective 48h", about: "what should leave today" },
    {
      command: `restante tape move RST001 vault --who "A. Courier" --where "shelf 7"`,
      about: "it has arrived",
    },
    { command: `restante tape pull /var/mail --at "yesterday 17:00"`, about: "what to call back" },
  ],
  words: [...tapeActions],
  positionals: { least: 0, most: 3 },
  load: () => import("./commands/tape.ts"),
};
