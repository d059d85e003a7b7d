import { accountsInFolders, type AccountsInFoldersOptions } from "../look/accounts-in-folders.ts";
import type { HostLook } from "../look/host-look.ts";
import type { MailServer } from "../mail-server.ts";
import { serverFromFacts } from "../server-from-facts.ts";
import { storeValidator } from "../validate/store-validator.ts";
import { maildirPutBack } from "./maildir-recipes.ts";

export type MailFoldersOptions = Pick<AccountsInFoldersOptions, "folders" | "nameOfPlace">;

/** Where mail lies on hosts whose server is not known. */
export const usualMailFolders: readonly string[] = [
  "/var/vmail",
  "/srv/vmail",
  "/srv/mail",
  "/var/mail/vhosts",
  "/var/mail",
  "/var/spool/mail",
];

/**
 * Folders with mail of whichever layout, and no server that is known; undefined where our reader finds
 * no mail in them.
 */
export async function findMailFolders(
  look: HostLook,
  { folders, nameOfPlace }: MailFoldersOptions,
): Promise<MailServer | undefined> {
  const found = await accountsInFolders(look, { folders, nameOfPlace });
  if (found.accounts.length === 0) return undefined;
  const full = folders.filter((folder) =>
    found.accounts.some(({ mail }) => mail === folder || mail?.startsWith(`${folder}/`) === true),
  );
  return serverFromFacts(look, {
    kind:
      found.layouts.length > 0 && found.layouts.every((layout) => layout === "mbox")
        ? "mbox"
        : "maildir",
    title: `folders of mail (${found.layouts.join(", ")})`,
    evidence: full.map((folder) => `mail in ${folder}`),
    isRunning: undefined,
    layouts: found.layouts,
    tools: [],
    remarks: ["Which server uses this mail is not known."],
    volumes: full.map((path) => ({ place: "mail", role: "mixed", path, written: path })),
    commands: {},
    listAccounts: async () => found,
    listProtected: async () => [],
    validator: storeValidator(),
    putBack: maildirPutBack,
    changes: [],
  });
}
