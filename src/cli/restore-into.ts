import { chownSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import {
  isImageError,
  joinRawPath,
  openDirectoryImage,
  type RawName,
  type RawPath,
  rawPathToBytes,
} from "#image";
import { encodeMailboxName, type MailAccount, openMailStore } from "#mail";
import { CliError } from "./cli-error.ts";
import { absoluteOf } from "./moment-view.ts";
import { findMailbox } from "./scope.ts";
import { safeText } from "./text.ts";

/** The folder of a living mailbox that messages are put into. */
export type IntoFolder = {
  readonly path: RawPath;
  /** Makes it where it is not there yet; belongs to the mailbox's owner. */
  make(): void;
};

/** Finds `--into FOLDER` in the living mailbox, or says how it would be made (Maildir++). */
export async function intoFolder(
  folder: string,
  account: MailAccount,
  root: RawPath,
): Promise<IntoFolder> {
  const mailbox = absoluteOf(root, account.root);
  const living = findMailbox(await livingMailboxes(mailbox), folder);
  if (living !== undefined)
    return { path: absoluteOf(mailbox, living.path), make: () => undefined };
  const levels = folder.replace(/^INBOX\//i, "").split("/");
  if (levels.some((level) => level === "" || level.includes("."))) {
    throw new CliError(
      "cli.usage",
      `Cannot put messages into the folder "${safeText(folder)}": Maildir++ has no such name`,
      { hint: "Separate levels with / and use no dots: Restored/2026." },
    );
  }
  const path = joinRawPath(mailbox, `.${levels.map(encodeMailboxName).join(".")}` as RawName);
  return { path, make: () => makeFolder(path, mailbox) };
}

async function livingMailboxes(mailbox: RawPath) {
  try {
    await using image = await openDirectoryImage(mailbox);
    const { accounts } = await openMailStore(image);
    return (await accounts.find(({ root }) => root === "")?.mailboxes()) ?? [];
  } catch (error) {
    if (!isImageError(error) || error.code !== "image.not-found") throw error;
    throw new CliError(
      "cli.nothing-matched",
      "Cannot put messages into a folder of the mailbox: the mailbox is not there any more",
      { hint: "Restore the whole mailbox, or use --to DIR." },
    );
  }
}

/** As servers make it: cur, new, tmp and the mark of a Maildir++ folder, with the mailbox's own mode and owner. */
function makeFolder(path: RawPath, mailbox: RawPath): void {
  const { mode, uid, gid } = statSync(rawPathToBytes(mailbox));
  const own = (made: RawPath): void => {
    if (process.geteuid?.() === 0) chownSync(rawPathToBytes(made), uid, gid);
  };
  for (const name of ["", "cur", "new", "tmp"]) {
    const made = absoluteOf(path, name as RawPath);
    mkdirSync(rawPathToBytes(made), { mode: mode & 0o777 });
    own(made);
  }
  const mark = joinRawPath(path, "maildirfolder" as RawName);
  writeFileSync(rawPathToBytes(mark), "", { mode: mode & 0o666, flag: "wx" });
  own(mark);
}
