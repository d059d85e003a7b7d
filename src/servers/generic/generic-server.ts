import type { Host } from "#hosts";
import type { MailLayout } from "#mail";
import { accountsInFolders, type AccountsInFoldersOptions } from "../look/accounts-in-folders.ts";
import { HostLook } from "../look/host-look.ts";
import type { MailServer, ServerCommands, ServerVolume } from "../mail-server.ts";
import { serverFromFacts } from "../server-from-facts.ts";
import { storeValidator } from "../validate/store-validator.ts";
import { commandValidator } from "../validate/command-validator.ts";
import type { ServerCommand } from "../server-command.ts";

export type GenericServerOptions = Pick<AccountsInFoldersOptions, "nameOfPlace"> & {
  readonly host: Host;
  /** For people: the server's name in the configuration. */
  readonly title: string;
  /** Absolute folders with their roles; the mail's own first. */
  readonly volumes: readonly (Pick<ServerVolume, "role" | "path"> &
    Partial<Pick<ServerVolume, "place">>)[];
  readonly commands: ServerCommands;
  /** A utility that says of a copy whether it is usable, by its exit code; "{path}" in it is the copy's folder. */
  readonly validate?: ServerCommand;
  readonly layouts?: readonly MailLayout[];
};

/** A server that nothing is known of but what a person says: its volumes with roles, and its commands. */
export function genericServer(options: GenericServerOptions): MailServer {
  const { host, title, commands, validate, nameOfPlace, layouts = [] } = options;
  const look = new HostLook(host);
  const volumes = options.volumes.map(
    ({ role, path, place = role === "log" ? "index" : "mail" }) => ({
      role,
      path,
      place,
      written: path,
    }),
  );
  return serverFromFacts(look, {
    kind: "generic",
    title,
    evidence: ["named in the configuration"],
    isRunning: undefined,
    layouts,
    tools: [],
    remarks: [],
    volumes,
    commands,
    listAccounts: async (signal) =>
      await accountsInFolders(look, {
        folders: volumes.filter(({ role }) => role !== "log").map(({ path }) => path),
        nameOfPlace,
        signal,
      }),
    listProtected: async () => [],
    validator: validate === undefined ? storeValidator() : commandValidator(validate),
    putBack: [],
    changes: [],
  });
}
