import type { HostLook } from "./look/host-look.ts";
import type { MailServer, ProtectedItem, ServerAccounts } from "./mail-server.ts";
import { runServerCommand } from "./server-command.ts";
import type { Validator } from "./validate/validator.ts";

/** What an adapter found out; the rest of a MailServer is the same for all. */
export type ServerFacts = Omit<
  MailServer,
  "unseen" | "accounts" | "alsoProtect" | "run" | "validate"
> & {
  readonly listAccounts: (signal?: AbortSignal) => Promise<ServerAccounts>;
  readonly listProtected: (signal?: AbortSignal) => Promise<readonly ProtectedItem[]>;
  readonly validator: Validator;
};

export function serverFromFacts(look: HostLook, facts: ServerFacts): MailServer {
  const { listAccounts, listProtected, validator, ...plain } = facts;
  const { commands, title } = plain;
  return {
    ...plain,
    get unseen() {
      return look.unseen;
    },
    accounts: async (signal) => {
      signal?.throwIfAborted();
      return await listAccounts(signal);
    },
    alsoProtect: async (signal) => {
      signal?.throwIfAborted();
      return await listProtected(signal);
    },
    run: async (action, signal) =>
      await runServerCommand(action, { host: look.host, commands, title, signal }),
    validate: async (request) => await validator.validate(request),
  };
}
