import type {
  MailServer,
  ProtectedItem,
  ServerAccount,
  ServerAction,
  ServerVolume,
} from "./mail-server.ts";
import { ServerError } from "./server-error.ts";
import { storeValidator } from "./validate/store-validator.ts";

export type MemoryServerOptions = {
  readonly volumes?: readonly ServerVolume[];
  readonly accounts?: readonly ServerAccount[];
  readonly protects?: readonly ProtectedItem[];
  /** Told of each action; may throw. */
  readonly onAction?: (action: ServerAction) => void;
};

/** A server that lives in this process. For tests of whoever uses one. */
export function memoryServer(options: MemoryServerOptions = {}): MailServer {
  const { volumes = [], accounts = [], protects = [], onAction } = options;
  const command = { words: ["memory"], timeoutMs: 1000 };
  return {
    kind: "generic",
    title: "a server in memory",
    evidence: ["made by a test"],
    isRunning: true,
    layouts: ["maildir"],
    tools: [],
    unseen: [],
    remarks: [],
    volumes,
    commands:
      onAction === undefined
        ? {}
        : { stop: command, start: command, quiesce: command, resume: command },
    accounts: async (signal) => {
      signal?.throwIfAborted();
      return { accounts, origin: "memory", isComplete: accounts.length > 0, problems: [] };
    },
    alsoProtect: async (signal) => {
      signal?.throwIfAborted();
      return protects;
    },
    run: async (action, signal) => {
      signal?.throwIfAborted();
      if (onAction === undefined)
        throw new ServerError(
          "server.no-command",
          `Cannot ${action} a server in memory: it has no command`,
        );
      onAction(action);
    },
    validate: async (request) => await storeValidator().validate(request),
    putBack: [],
    changes: [],
  };
}
