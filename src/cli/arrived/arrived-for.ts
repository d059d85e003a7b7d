import { joinRawPath, rawParent, type RawPath } from "#image";
import { accountNames, type ArrivedMessage } from "#methods";
import { isAddressOf, mailboxAddress } from "../mailbox-address.ts";
import type { Target } from "../target.ts";

/** Addresses that a folder and those above it stand for, from the store's root down. */
export function addressesAbove(folder: RawPath, root: RawPath): readonly string[] {
  const addresses: string[] = [];
  for (let at = folder; at !== ""; at = rawParent(at))
    addresses.unshift(mailboxAddress(joinRawPath(root, at)));
  // The store may be a single mailbox.
  return [mailboxAddress(root), ...addresses];
}

/** Whose mail a recipient's is: without what follows a plus sign, in lower case. */
export function ownerOf({ recipient }: Pick<ArrivedMessage, "recipient">): string {
  const [whole = "", detached = whole] = accountNames(recipient);
  return detached.includes("@") || !whole.includes("@") ? detached : whole;
}

/** Whether a target means the mail of an owner; a folder means that of whoever it is, or lies in. */
export function isArrivedFor(owner: string, { mailboxes, within, store }: Target): boolean {
  if (mailboxes?.kind === "mailbox") return isAddressOf(mailboxes.mailbox, owner);
  if (mailboxes?.kind === "pattern") return mailboxes.matches(owner);
  if (within === "") return true;
  const names = accountNames(owner);
  return addressesAbove(within, store as RawPath).some((address) =>
    names.includes(address.toLowerCase()),
  );
}
