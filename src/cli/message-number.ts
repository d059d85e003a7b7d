import { displayPath, joinRawPath, type RawPath } from "#image";
import type { MailAccount, StoredMessage } from "#mail";

/**
 * What names a message on the command line: its file where it has one of its own, else
 * "FOLDER#UID", which is understood where a target is.
 */
export function messageName(
  { path, uid }: StoredMessage,
  {
    account,
    folder,
    root,
  }: { readonly account: MailAccount; readonly folder: string; readonly root: RawPath },
): string {
  return account.layout === "maildir" || uid === undefined
    ? displayPath(joinRawPath(root, path))
    : `${folder}#${uid}`;
}

/** "FOLDER#17": the message with UID 17 of a folder. Without a "#" of that kind: undefined. */
export function splitMessageNumber(
  text: string,
): { readonly folder: string; readonly uid: number } | undefined {
  const match = /^(.*[^#])#([1-9][0-9]{0,9})$/s.exec(text);
  const uid = Number(match?.[2]);
  return match === null || uid > 0xffff_ffff ? undefined : { folder: match[1] as string, uid };
}
