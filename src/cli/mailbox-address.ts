import { displayPath, joinRawPath, type RawPath } from "#image";
import type { MailAccount } from "#mail";

/** Names that servers give to a mailbox's own folder below its owner's. */
const mailFolderName = /^\.?(?:maildir|mails?|[ms]?dbox)$/i;

export function isMailFolderName(name: string): boolean {
  return mailFolderName.test(name);
}

/**
 * The address that a Maildir's place stands for, in the layouts that servers use:
 * `…/example.org/support/Maildir`, `…/example.org/support`, `…/support@example.org`, `/home/support/Maildir`
 * (which has no domain: "support").
 */
export function mailboxAddress(absolute: RawPath): string {
  const names = displayPath(absolute)
    .split("/")
    .filter((name) => name !== "");
  while (names.length > 1 && mailFolderName.test(names.at(-1) ?? "")) names.pop();
  const user = names.at(-1) ?? "";
  const domain = names.at(-2) ?? "";
  if (user.includes("@") || !/^[^.]+(?:\.[^.]+)+$/.test(domain)) return user;
  return `${user}@${domain}`;
}

/** Whose mail an account is: as the store says, or as its place stands for. `root` is the Image's on its machine. */
export function accountAddress(
  { owner, root: path }: Pick<MailAccount, "owner" | "root">,
  root: RawPath,
): string {
  return owner ?? mailboxAddress(path === "" ? root : joinRawPath(root, path));
}

/** Whether an address is the one meant; a name without a domain means any domain's. */
export function isAddressOf(wanted: string, address: string): boolean {
  const name = wanted.toLowerCase();
  const found = address.toLowerCase();
  return name === found || (!name.includes("@") && found.startsWith(`${name}@`));
}
