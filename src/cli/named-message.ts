import type { RawPath } from "#image";
import type { StoredMessage } from "#mail";
import { CliError } from "./cli-error.ts";
import type { MomentView } from "./moment-view.ts";
import { type Scope, scopesOf } from "./scope.ts";
import { safeText } from "./text.ts";

/** One message, or one file, that a target names. */
export type NamedMessage = {
  /** The file that holds it, within the Image; an mbox or an `m.N` holds others too. */
  readonly path: RawPath;
  readonly sizeBytes: number;
  /** Its placement, where it was named by folder and UID. */
  readonly stored?: StoredMessage;
  read(signal: AbortSignal): AsyncIterable<Uint8Array>;
};

/** What `FILE` or `FOLDER#UID` stands for in a moment; exit code 2 where it is not exactly one. */
export async function namedMessage(typed: string, view: MomentView): Promise<NamedMessage> {
  const [scope, ...others] = await scopesOf(view, { withAccount: false });
  if (scope !== undefined && others.length === 0) {
    const { path, entry, uid } = scope;
    if (uid !== undefined) return await messageOf(scope, { uid, typed });
    if (entry?.type === "file")
      return {
        path,
        sizeBytes: entry.sizeBytes,
        read: (signal) => view.image.read(path, { signal }),
      };
  }
  throw new CliError(
    "cli.usage",
    `Cannot show "${safeText(typed)}": it is no single message or file`,
    { hint: "`restante ls` gives the name of each message in its last column." },
  );
}

async function messageOf(
  { account, mailbox }: Scope,
  { uid, typed }: { readonly uid: number; readonly typed: string },
): Promise<NamedMessage> {
  if (account === undefined || mailbox === undefined)
    throw new Error("a message was numbered in no mailbox");
  const { messages } = await account.messages(mailbox);
  const stored = messages.find((message) => message.uid === uid);
  if (stored === undefined) {
    throw new CliError(
      "cli.nothing-matched",
      `Cannot find "${safeText(typed)}": ${safeText(mailbox.name)} has no message ${uid} in that moment`,
      { hint: "See what it has with `restante ls`, or choose another moment." },
    );
  }
  const { path, sizeBytes } = stored;
  return { path, sizeBytes, stored, read: (signal) => account.read(stored, { signal }) };
}
