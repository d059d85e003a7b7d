/** "FOLDER#17": the message with UID 17 of a folder. Without a "#" of that kind: undefined. */
export function splitMessageNumber(
  text: string,
): { readonly folder: string; readonly uid: number } | undefined {
  const match = /^(.*[^#])#([1-9][0-9]{0,9})$/s.exec(text);
  const uid = Number(match?.[2]);
  return match === null || uid > 0xffff_ffff ? undefined : { folder: match[1] as string, uid };
}
