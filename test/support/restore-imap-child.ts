/** A process that restores messages into a server, and is killed at a change of the server: run by restore-imap-killed.test.ts. */
import { openDirectoryImage, rawPathFromText } from "#image";
import { openMailStore } from "#mail";
import { Records } from "#records";
import {
  applyMessages,
  type LivingAccount,
  messageJobKind,
  openImapAccount,
  planMessages,
  settleMessages,
  undoMessages,
} from "#recovery";
import { userPassword } from "./dovecot-imap.ts";

export type ChildRequest = {
  readonly port: number;
  readonly user: string;
  readonly store: string;
  readonly state: string;
  readonly unique: string;
  /** Undo this job instead of restoring. */
  readonly undo?: string;
  /** The how-manieth change it is killed at; none: it ends by itself. */
  readonly killAt?: number;
  /** Before the server is asked; while it is at it; when it has answered and nothing is written down yet. */
  readonly when?: "before" | "within" | "after";
};

const request = JSON.parse(process.argv[2] ?? "{}") as ChildRequest;
const { port, user, store, state, unique, killAt = 0, when } = request;
let changes = 0;

function kill(): void {
  process.kill(process.pid, "SIGKILL");
}

function killing(account: LivingAccount): LivingAccount {
  const names = ["append", "changeFlags", "remove", "create", "removeEmpty"];
  return new Proxy(account, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const method = value.bind(target) as (...argv: unknown[]) => unknown;
      if (!names.includes(String(name))) return method;
      return async (...argv: unknown[]) => {
        const isTheOne = ++changes === killAt;
        if (isTheOne && when === "before") kill();
        if (isTheOne && when === "within") setTimeout(kill, changes % 3);
        const result = await method(...argv);
        if (isTheOne) kill();
        return result;
      };
    },
  });
}

await using image = await openDirectoryImage(rawPathFromText(store));
const [account] = (await openMailStore(image)).accounts;
if (account === undefined) throw new Error("no mail");
await using living = killing(
  await openImapAccount({
    server: { host: "127.0.0.1", port, security: "none" },
    user,
    password: userPassword,
  }),
);
const records = new Records(state);
if (request.undo !== undefined) {
  await using job = await records.take(request.undo);
  await undoMessages({ living, job });
} else {
  // As the command line does before each restore.
  for (const { id, last } of await records.list()) {
    if (last.is === "done" || last.is === "undone") continue;
    await using interrupted = await records.take(id);
    await settleMessages({ living, job: interrupted });
  }
  const selection = { wantsMailbox: () => true };
  const plan = await planMessages({ account, living, selection, mode: "exact" });
  const head = { kind: messageJobKind, about: "killed", startedMs: Date.now() };
  await using job = await records.begin(head, { unique, more: { location: living.location } });
  await applyMessages(plan, { account, living, job });
}
