import type { CommandSpec } from "./command.ts";

export const peerCommand: CommandSpec = {
  name: "peer",
  summary: "serve this machine to a Restante elsewhere, over SSH",
  usage: ["[--root DIR]..."],
  about: [
    "Started by another Restante as `ssh HOST restante peer`: speaks frames on standard input and output, and is nothing to type. It serves folders, repositories and commands with the rights of whoever logged in.",
    'With --root it serves what lies in these folders and runs no commands: put it into authorized_keys as a forced command, command="restante peer --root /srv/recovery",restrict.',
  ],
  options: [
    {
      name: "root",
      value: "DIR",
      multiple: true,
      about: "serve only what lies in this folder, and run no commands; several may be given",
      complete: "folder",
    },
  ],
  examples: [
    {
      command:
        "restante duplicate --copy /srv/recovery --to ssh://dr@vault.example.net/srv/recovery",
      about: "what starts it over there",
    },
  ],
  positionals: { least: 0, most: 0 },
  load: () => import("./commands/peer.ts"),
};
