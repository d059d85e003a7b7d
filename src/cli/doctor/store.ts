import { describeError, isRecoveryError } from "#errors";
import { openDirectoryImage, rawPathFromText, volumeIdentity } from "#image";
import { openMailStore } from "#mail";
import { plural, safeText } from "../text.ts";
import { type Check, fail, ok, warn } from "./check.ts";

/** Whether the mail store is there, and what is in it. */
export async function* checkStore(folder: string, signal: AbortSignal): AsyncGenerator<Check> {
  const shown = safeText(folder);
  try {
    const path = rawPathFromText(folder);
    await using image = await openDirectoryImage(path);
    signal.throwIfAborted();
    const { accounts, problems } = await openMailStore(image);
    if (accounts.length > 0) {
      let folders = 0;
      for (const account of accounts) folders += (await account.mailboxes(signal)).length;
      const layouts = [...new Set(accounts.map(({ layout }) => layout))].toSorted().join(", ");
      yield ok(
        "store",
        `${shown} has ${plural(accounts.length, "mailbox", "mailboxes")} (${layouts}), with ${plural(folders, "folder")}`,
      );
    } else {
      yield warn(
        "store",
        `${shown} has no mail of a layout that is known: it is captured and restored as files`,
        "Name the folder above the mailboxes, for example /var/mail or /srv/mail.",
      );
    }
    for (const { message } of problems)
      yield warn(
        "store.problem",
        safeText(message),
        "What cannot be read cannot be captured: give this user the right to read it.",
      );
    yield ok("store.volume", `its volume is ${safeText(await volumeIdentity(path))}`);
  } catch (error) {
    signal.throwIfAborted();
    if (!isRecoveryError(error)) throw error;
    const [message = "", hint] = describeError(error).split("\n");
    yield fail(
      "store",
      safeText(message),
      hint?.trim() ?? "Name a folder that is there and may be read.",
    );
  }
}
