import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isRecoveryError, systemErrorCode } from "#errors";
import { changeJournalPassword } from "#journal";
import type { CommandContext } from "../command.ts";
import { type CopyPlace, namedPlace } from "../copy-access.ts";
import { stateFolderOf } from "../holds-in-force.ts";
import type { Site } from "../site.ts";
import { journalFolderOf } from "./journal-folder-of.ts";

export type JournalPasswords = { readonly password: string; readonly newPassword: string };

/**
 * Folders of the journals that go with a copy, and have its password. Without a configuration any of
 * the state folder may: those that its password opens are its.
 */
export async function journalsOf(
  place: CopyPlace,
  { context, site }: { readonly context: CommandContext; readonly site: Site },
): Promise<readonly string[]> {
  const { config } = site;
  const folders =
    config === undefined
      ? await foldersIn(join(stateFolderOf(context), "journal"))
      : site.groups.flatMap(({ tag, methods }) =>
          methods
            .filter(({ method }) => method === "continuous data protection")
            .filter(({ copy }) => namedPlace(copy, { context, site }).folder === place.folder)
            .map(({ journalPath }) => journalFolderOf(tag, { context, configured: journalPath })),
        );
  const withKeys = await Promise.all(
    folders.map(async (folder) => ((await foldersIn(folder)).length > 0 ? [folder] : [])),
  );
  return withKeys.flat();
}

/** Returns the folders whose password was changed. Another copy's journal is left alone. */
export async function changeJournalPasswords(
  folders: readonly string[],
  { password, newPassword, nowNs }: JournalPasswords & { readonly nowNs: bigint },
): Promise<readonly string[]> {
  const changed: string[] = [];
  for (const folder of folders) {
    try {
      await changeJournalPassword(folder, { password, newPassword, nowNs });
      changed.push(folder);
    } catch (error) {
      if (!isRecoveryError(error) || error.code !== "journal.wrong-password") throw error;
    }
  }
  return changed;
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((one) => one.isDirectory()).map(({ name }) => join(folder, name));
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
}
