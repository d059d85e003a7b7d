import type { CommandSpec } from "./command.ts";
import { zone } from "./command-options.ts";

export const keyCommand: CommandSpec = {
  name: "key",
  summary: "the passwords of a repository: list, add, remove, change",
  usage: ["list --copy REPO", "add --copy REPO", "remove ID --copy REPO", "change --copy REPO"],
  about: [
    "A repository has one key or several, each with a password of its own; any of them opens all of it. add makes one more, so that two people need not share a password. change makes a new one and, once it was read back and opened, removes the one that was used; a crash in between leaves both. The journals of continuous data protection that go with the copy get the new password first. The one in use is never removed, and so never the last.",
    "The password in use comes from the usual variables. The new one comes from RESTANTE_NEW_PASSWORD, RESTANTE_NEW_PASSWORD_FILE or --new-password-file, or is asked for twice on a terminal; never from an argument, which every user of the machine can read.",
    "Whoever once had a password and read the repository's files can still read what they took away: a new password locks the door, it changes no key inside.",
  ],
  options: [
    {
      name: "new-password-file",
      value: "FILE",
      about: "a file that holds the new password alone",
      complete: "file",
    },
    zone,
  ],
  examples: [
    { command: "restante key list --copy /srv/recovery", about: "who can open it" },
    {
      command: "restante key add --copy /srv/recovery --new-password-file /root/second-password",
      about: "a second password, for example for the safe",
    },
    { command: "restante key change --copy /srv/recovery", about: "asks for the new one twice" },
    {
      command: "restante key remove 1a2b3c4d --copy /srv/recovery",
      about: "somebody has left; run it with another password",
    },
  ],
  words: ["list", "add", "remove", "change"],
  positionals: { least: 1, most: 2 },
  load: () => import("./commands/key.ts"),
};
