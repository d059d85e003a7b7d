/** What a moment has of an account, in the words of the independent record, and how it differs from that. */
import { createHash } from "node:crypto";
import type { Image, RawPath } from "#image";
import { openMailStore } from "#mail";
import type { MailState, RecordedState } from "./churn.ts";

/** As our readers list the mail of the account whose folder is meant, in the words of the independent record. */
export async function stateAt(
  image: Image,
  isMeant: (root: RawPath) => boolean,
): Promise<MailState> {
  const { accounts } = await openMailStore(image);
  const account = accounts.find(({ root }) => isMeant(root));
  const state = new Map<string, readonly string[]>([["INBOX", []]]);
  if (account === undefined) return state;
  for (const mailbox of await account.mailboxes()) {
    const { messages } = await account.messages(mailbox);
    const lines: string[] = [];
    for (const message of messages) {
      const bytes = Buffer.concat(await Array.fromAsync(account.read(message)));
      const text = bytes.toString("latin1").replaceAll(/(?<!\r)\n/g, "\r\n");
      const sha256 = createHash("sha256").update(text, "latin1").digest("hex");
      lines.push(
        `${sha256} ${[...message.flags.toSorted(), ...message.keywords.toSorted()].join(" ")}`,
      );
    }
    state.set(mailbox.name, lines.toSorted());
  }
  return state;
}

/** What differs from the state that the server was in. */
export function differenceText(
  state: MailState,
  recorded: readonly RecordedState[],
  atNs: bigint,
): string {
  const index = recorded.findLastIndex(({ doneNs }) => doneNs <= atNs);
  const near = recorded.slice(Math.max(0, index - 2), index + 3);
  const lines = [...state].map(([name, all]) => `  ${name}: ${all.join(", ")}`);
  const there = near.map(
    (one) =>
      `${one.did} (${Number(one.beganNs - atNs) / 1e6} to ${Number(one.doneNs - atNs) / 1e6} ms)\n${[...one.state].map(([name, all]) => `  ${name}: ${all.join(", ")}`).join("\n")}`,
  );
  return `it has\n${lines.join("\n")}\nand the server said\n${there.join("\n")}`.replaceAll(
    /[0-9a-f]{58}(?= )/g,
    "…",
  );
}
