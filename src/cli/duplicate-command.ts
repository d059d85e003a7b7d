import type { CommandSpec } from "./command.ts";
import { at, group, targetText, zone } from "./command-options.ts";

export const duplicateCommand: CommandSpec = {
  name: "duplicate",
  summary: "send moments to a repository elsewhere, and verify them there",
  usage: [
    "--copy REPO --to REPO2 [TARGET] [--at T | --newest | --all] [--verify index|data]",
    "[TARGET]   (what the configuration's disaster recovery asks for)",
  ],
  about: [
    "Duplicates moments of a copy in another repository, which has a password of its own, so that the mail survives the site (paper §2.2.2). Only what REPO2 lacks is read and sent; a moment is listed there once all of it has arrived and was verified. Killed anywhere and run again it goes on.",
    "Without --at, --newest or --all it sends what was taken since the newest moment that is there, of each group. Exit code 3 when a moment could not be sent whole: its files are named, and the others were sent.",
    "REPO's password comes from the usual variables, REPO2's from RESTANTE_TO_PASSWORD or RESTANTE_TO_PASSWORD_FILE, or is asked for on a terminal. As with `restic copy`, RESTIC_FROM_PASSWORD and RESTIC_FROM_PASSWORD_FILE name REPO's, and RESTIC_PASSWORD and RESTIC_PASSWORD_FILE are REPO2's then. REPO2 is made with `restante init --copy REPO2`.",
    targetText,
  ],
  options: [
    {
      name: "to",
      value: "REPO2",
      about:
        "the repository to send to: a folder, ssh://user@host/folder (where Restante is installed), or the name of a copy in the configuration",
      complete: "folder",
    },
    at,
    { name: "newest", about: "the newest moment of each group" },
    { name: "all", about: "every moment that is not there" },
    {
      name: "verify",
      value: "HOW",
      about:
        "index (default): every blob is in REPO2's index; data: also read every byte back and hash it, of moments that were there before too",
      complete: ["index", "data"],
    },
    group,
    zone,
  ],
  examples: [
    {
      command: "restante duplicate --copy /srv/recovery --to /mnt/vault/recovery",
      about: "what is new since the last time",
    },
    {
      command:
        "restante duplicate --copy /srv/recovery --to ssh://dr@vault.example.net/srv/recovery",
      about: "the same on another machine; `ssh dr@vault.example.net true` must ask nothing",
    },
    {
      command:
        "restante duplicate --copy /srv/recovery --to /mnt/vault/recovery --all --verify data",
      about: "everything, and read it all back",
    },
  ],
  positionals: { least: 0, most: 1 },
  load: () => import("./commands/duplicate.ts"),
};
