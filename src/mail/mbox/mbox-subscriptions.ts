import { type Image, isImageError, joinRawPath, type RawName, type RawPath } from "#image";
import { readLines } from "../maildir/maildir-uid-list.ts";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import type { Subscriptions } from "../mail-store.ts";
import { decodeMailboxName } from "../mailbox-name.ts";

/** Dovecot's in a mail folder, its other one, and UW-IMAP's. */
export const subscriptionNames = [".subscriptions", "subscriptions", ".mailboxlist"] as const;
const nameLimit = 100_000;

/** One name a line; of Dovecot's version 2 after a header and an empty line, with tabs between levels. */
export async function readMboxSubscriptions(
  image: Image,
  root: RawPath,
  signal?: AbortSignal,
): Promise<Subscriptions> {
  const problems: MailProblem[] = [];
  for (const fileName of subscriptionNames) {
    const names: string[] = [];
    let separator = "/";
    try {
      const path = joinRawPath(root, fileName as string as RawName);
      for await (const line of readLines(
        image.read(path, signal === undefined ? {} : { signal }),
      )) {
        if (line === "V\t2" && names.length === 0) separator = "\t";
        else if (line !== "") names.push(nameOf(line.split(separator), problems));
        if (names.length >= nameLimit) break;
      }
      return { names, problems };
    } catch (error) {
      if (!isImageError(error)) throw error;
      if (error.code === "image.not-found" || error.code === "image.not-a-folder") continue;
      addProblem(problems, "subscriptions", error.message);
      return { names, problems };
    }
  }
  return { names: [], problems };
}

function nameOf(levels: readonly string[], problems: MailProblem[]): string {
  const decoded = levels.map((level) => decodeMailboxName(level));
  for (const { problem } of decoded)
    if (problem !== undefined) addProblem(problems, "mailbox-name", problem);
  return decoded.map(({ name }) => name).join("/");
}
