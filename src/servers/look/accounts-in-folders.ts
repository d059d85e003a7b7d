import { displayPath, joinRawPath, type RawPath, rawPathFromText } from "#image";
import { isRecoveryError } from "#errors";
import { type MailLayout, openMailStore } from "#mail";
import type { ServerAccount, ServerAccounts } from "../mail-server.ts";
import type { HostLook } from "./host-look.ts";

/** A large store is walked folder by folder; what is not done by then is said. */
const limitMs = 120_000;

export type AccountsInFolders = ServerAccounts & { readonly layouts: readonly MailLayout[] };

export type AccountsInFoldersOptions = {
  readonly folders: readonly string[];
  /** Whose mail lies in a folder or file, by its absolute path. Default: its path. */
  readonly nameOfPlace?: ((path: RawPath) => string) | undefined;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Whose mail lies in these folders, by our own reader. It is never the whole list: who has no mail yet
 * has no folder, and a folder that is gone says nothing about its owner.
 */
export async function accountsInFolders(
  look: HostLook,
  { folders, nameOfPlace, signal }: AccountsInFoldersOptions,
): Promise<AccountsInFolders> {
  const accounts: ServerAccount[] = [];
  const problems: string[] = [];
  for (const folder of folders) {
    const limit = AbortSignal.timeout(limitMs);
    const given = [look.signal, signal].filter((one) => one !== undefined);
    const bounded = AbortSignal.any([limit, ...given]);
    try {
      const root = rawPathFromText(folder);
      await using image = await look.host.openFolder(root, { signal: bounded });
      const store = await openMailStore(image, { signal: bounded });
      problems.push(...store.problems.map(({ message }) => message));
      for (const account of store.accounts) {
        const path = account.root === "" ? root : joinRawPath(root, account.root);
        accounts.push({
          name: account.owner ?? nameOfPlace?.(path) ?? displayPath(path),
          mail: displayPath(path),
          layout: account.layout,
        });
      }
    } catch (error) {
      for (const one of given) one.throwIfAborted();
      if (limit.aborted) problems.push(`"${folder}" was not read within ${limitMs / 1000} s.`);
      else if (isRecoveryError(error)) problems.push(`${error.message}.`);
      else throw error;
    }
  }
  return {
    accounts,
    origin: `folders of ${folders.join(" and ")}`,
    isComplete: false,
    problems,
    layouts: [...new Set(accounts.flatMap(({ layout }) => layout ?? []))],
  };
}
