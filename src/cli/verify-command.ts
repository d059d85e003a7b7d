import type { CommandSpec } from "./command.ts";

export const verifyCommand: CommandSpec = {
  name: "verify",
  summary: "check that a copy is whole",
  usage: [
    "--copy REPO [--read-data]",
    `--copy REPO --within DURATION [--for DURATION]   (reads a part each time)`,
  ],
  about: [
    "Checks the structure of the repository; with --read-data it also reads, decrypts and hashes every byte. Clones and delta snapshots are held against the listing of what was kept, and bytes against their hashes where those were kept. Exit code 1 when some moment could not be recovered whole.",
    "With --within it reads what is due so that every byte is read again within that time: what was never read, then what was read longest ago. Run it every night; --for ends it in time, and it says whether that pace suffices.",
    "What was read when is remembered in the state folder. What was once found damaged is read again in every run, and `restante repair` saves what can be saved.",
  ],
  options: [
    { name: "read-data", about: "read every byte" },
    {
      name: "within",
      value: "DURATION",
      about: `read a part, so that everything is read within this time: "30 days"`,
    },
    {
      name: "for",
      value: "DURATION",
      about: `with --within: begin nothing that would not be done in this time: "20 minutes"`,
    },
  ],
  examples: [
    { command: "restante verify --copy /srv/recovery --read-data", about: "everything" },
    {
      command: `restante verify --copy /srv/recovery --within "30 days" --for "20 minutes"`,
      about: "every night a part",
    },
  ],
  positionals: { least: 0, most: 0 },
  load: () => import("./commands/verify.ts"),
};
