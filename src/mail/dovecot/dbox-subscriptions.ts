import { isImageError, joinRawPath, type RawName } from "#image";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import type { Subscriptions } from "../mail-store.ts";
import { readLines } from "../maildir/maildir-uid-list.ts";
import type { DboxAccountFiles } from "./dbox-account-files.ts";
import { isUtf8, mailboxName } from "./dbox-folders.ts";

/** More than an account has mailboxes. */
const lineLimit = 100_000;

/** `subscriptions`: names a line each, with "/"; or "V 2", and tabs between levels. */
export async function readDboxSubscriptions(files: DboxAccountFiles): Promise<Subscriptions> {
  const problems: MailProblem[] = [];
  const names: string[] = [];
  const path = joinRawPath(files.places.control ?? files.root, "subscriptions" as RawName);
  let separator = "/";
  let lines = 0;
  try {
    for await (const line of readLines(files.image.read(path))) {
      if (lines++ === 0 && line === "V\t2") separator = "\t";
      else if (line !== "")
        names.push(mailboxName(line.split(separator), { areUtf8: isUtf8(line), problems }));
      if (lines > lineLimit) break;
    }
  } catch (error) {
    if (!isImageError(error)) throw error;
    if (error.code !== "image.not-found") addProblem(problems, "subscriptions", error.message);
  }
  return { names, problems };
}
