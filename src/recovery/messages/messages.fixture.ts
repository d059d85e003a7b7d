import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryImage, type MemoryNodes } from "#image";
import { type MailAccount, openMailStore } from "#mail";
import { type Job, Records } from "#records";
import { livingIdentityOf, withCrlf } from "../living/living-identity.ts";
import { MemoryAccount, type MemoryAccountOptions } from "../living/memory-account.fixture.ts";
import { applyMessages, type MessageResult } from "./apply-messages.ts";
import type { MessagePlan } from "./message-plan.ts";
import { planMessages, type PlanMessagesOptions } from "./plan-messages.ts";
import { messageJobKind } from "./restore-journal.ts";

/** A message of a story. Equal `text` is equal identity; `trace` differs per delivery. */
export type Told = {
  readonly text: string;
  readonly trace?: string;
  /** Maildir's letters: F S R D T, and a for the keyword Wichtig. */
  readonly letters?: string;
  readonly seconds?: number;
  readonly uid?: number;
};

export function bytesOf({ text, trace = "" }: Told): Buffer {
  const id = text.startsWith("no-id") ? "" : `Message-ID: <${text}@x>\n`;
  return Buffer.from(`${trace}Subject: ${text}\n${id}\nBody of ${text}\n`, "latin1");
}

const letterFlags: Readonly<Record<string, string>> = {
  F: "\\Flagged",
  S: "\\Seen",
  R: "\\Answered",
  D: "\\Draft",
  T: "\\Deleted",
  a: "Wichtig",
};

export function flagsOf({ letters = "" }: Told): string[] {
  return Array.from(letters, (letter) => letterFlags[letter] as string).sort();
}

/** A Maildir with these mailboxes, as a reader finds it. UIDs stand in its list. */
export async function pastAccount(
  boxes: Readonly<Record<string, readonly Told[]>>,
  { uidValidity = 1000 }: { readonly uidValidity?: number } = {},
): Promise<MailAccount> {
  const nodes: Record<string, MemoryNodes[string]> = {};
  for (const [name, messages] of Object.entries(boxes)) {
    const folder = name === "INBOX" ? "Maildir" : `Maildir/.${name.replaceAll("/", ".")}`;
    nodes[`${folder}/cur`] = { type: "directory" };
    nodes[`${folder}/new`] = { type: "directory" };
    nodes[`${folder}/dovecot-keywords`] = "0 Wichtig\n";
    let list = `3 V${uidValidity} N9999\n`;
    for (const [index, told] of messages.entries()) {
      const base = `${index}.m`;
      const { letters = "", seconds = 1_600_000_000 + index, uid } = told;
      nodes[`${folder}/cur/${base}:2,${letters.split("").sort().join("")}`] = {
        bytes: bytesOf(told),
        mtimeNs: BigInt(seconds) * 1_000_000_000n + 5n,
      };
      if (uid !== undefined) list += `${uid} :${base}\n`;
    }
    nodes[`${folder}/dovecot-uidlist`] = list;
  }
  const { accounts } = await openMailStore(memoryImage(nodes));
  return accounts[0] as MailAccount;
}

/** A living account that holds these mailboxes. */
export function livingAccount(
  boxes: Readonly<Record<string, readonly Told[]>>,
  options: MemoryAccountOptions = {},
): MemoryAccount {
  const account = new MemoryAccount(options);
  for (const [name, messages] of Object.entries(boxes)) {
    const box = account.box(name);
    box.uidNext = Math.max(0, ...messages.map(({ uid = 0 }) => uid)) + 1;
    for (const [index, told] of messages.entries()) {
      const uid = told.uid ?? box.uidNext++;
      box.messages.set(uid, {
        bytes: withCrlf(bytesOf(told)),
        flags: new Set(flagsOf(told)),
        internalDateSeconds: told.seconds ?? 1_600_000_000 + index,
      });
    }
  }
  return account;
}

/** Everything that a client sees, apart from UIDs: "mailbox: identity date flags", sorted. */
export function seen(account: MemoryAccount): string[] {
  return [...account.boxes]
    .flatMap(([name, { messages }]) => [
      `${name}/`,
      ...[...messages.values()].map(
        ({ bytes, flags, internalDateSeconds }) =>
          `${name}: ${livingIdentityOf(bytes).slice(0, 8)} ${internalDateSeconds} ${[...flags].sort().join(" ")}`,
      ),
    ])
    .sort();
}

export const everything = { wantsMailbox: () => true };

/** A state folder of its own. */
export function stateFolder(): { readonly records: Records } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), "restante-messages-"));
  return {
    records: new Records(folder),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

let jobs = 0;

export async function beginJob(records: Records, location: string): Promise<Job> {
  const unique = (++jobs).toString(16).padStart(4, "0");
  const head = { kind: messageJobKind, about: "a test", startedMs: 1_700_000_000_000 };
  return await records.begin(head, { unique, more: { location } });
}

export type Restored = {
  readonly plan: MessagePlan;
  readonly result: MessageResult;
  readonly jobId: string;
};

/** Plans and does it. */
export async function restoreMessages(
  records: Records,
  options: Omit<PlanMessagesOptions, "selection"> & Partial<Pick<PlanMessagesOptions, "selection">>,
): Promise<Restored> {
  const { account, living, selection = everything } = options;
  const plan = await planMessages({ ...options, selection });
  await using job = await beginJob(records, living.location);
  const result = await applyMessages(plan, { account, living, job });
  return { plan, result, jobId: job.id };
}
