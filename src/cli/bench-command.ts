import type { CommandSpec } from "./command.ts";

export const benchCommand: CommandSpec = {
  name: "bench",
  summary: "measure this site on a sample of its own mail",
  usage: ["[FOLDER] [--copy REPO] [--sample SIZE] [--time DURATION] [--target FOLDER]"],
  about: [
    "Reads a sample of the mail store in FOLDER, captures it into a copy of its own, restores it and compares every file; measures the disk, and with --target a folder that lies on another machine. Says how fast each was, and records it for the planner.",
    "It never writes into the mail store, and removes what it wrote elsewhere. Time and room are bounded: what does not fit is cut off and said. Exit code 3 when something of the sample could not be read.",
  ],
  options: [
    {
      name: "sample",
      value: "SIZE",
      about: "how much mail, spread over the store (default: 256 MB, or all where there is less)",
    },
    { name: "time", value: "DURATION", about: "how long it may take in all (default: 2 minutes)" },
    {
      name: "target",
      value: "FOLDER",
      about:
        "also measure this folder, which lies on another machine (NFS, SSHFS, a mounted bucket)",
      complete: "folder",
    },
    {
      name: "work",
      value: "FOLDER",
      about:
        "measure in this folder (default: beside the copy where one is known, else the system's temporary folder)",
      complete: "folder",
    },
    {
      name: "runs",
      value: "N",
      about: "how often each is measured, as the time allows (default: 3)",
    },
    { name: "no-record", about: "show the figures and keep none" },
  ],
  examples: [
    {
      command: "restante bench /var/mail --copy /srv/recovery",
      about: "on the disk that the copy lies on",
    },
    {
      command: `restante bench /var/mail --target /mnt/vault --time "5 minutes"`,
      about: "the way to the recovery site too",
    },
  ],
  positionals: { least: 0, most: 1 },
  load: () => import("./commands/bench.ts"),
};
