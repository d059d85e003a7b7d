/** Names of files made from mail, which is hostile: for every system, unique, and no longer than 255 bytes. */

/** What a filesystem takes, less what is put behind a name to make it unique. */
const nameLimitBytes = 255 - 16;
const unsafe =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff<>:"/\\|?*]+/g;
/** Device names of Windows, with any ending. */
const reserved = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** A name out of text that may hold anything; `fallback` where nothing of it is left. */
export function safeFileName(
  text: string,
  {
    fallback,
    limitBytes = nameLimitBytes,
  }: { readonly fallback: string; readonly limitBytes?: number },
): string {
  const plain = text.toWellFormed().normalize("NFC").replace(unsafe, " ").replace(/\s+/g, " ");
  const cut = cutToBytes(plain.trim(), limitBytes);
  // No system takes a dot or a blank at the end, and one at the beginning hides a file.
  const name = cut.replace(/^[. ]+/, "").replace(/[. ]+$/, "");
  if (name === "") return fallback;
  return reserved.test(name) ? `_${name}` : name;
}

/** "20261125T140307Z Your invoice", without an ending. */
export function messageFileName({
  dateNs,
  subject,
}: {
  readonly dateNs: bigint;
  readonly subject: string;
}): string {
  const date = new Date(Number(dateNs / 1_000_000n));
  const stamp = Number.isNaN(date.getTime())
    ? "undated"
    : date.toISOString().replace(/\.\d+/, "").replace(/[-:]/g, "");
  const name = safeFileName(subject, { fallback: "", limitBytes: nameLimitBytes - 32 });
  return name === "" ? stamp : `${stamp} ${name}`;
}

/** Gives each name once, whatever case and form a system takes for the same. */
export class UniqueNames {
  readonly #taken = new Map<string, number>();

  take(name: string, ending = ""): string {
    const key = fold(name);
    for (let number = this.#taken.get(key) ?? 1; ; number++) {
      const unique = number === 1 ? name : `${name} (${number})`;
      if (number > 1 && this.#taken.has(fold(unique))) continue;
      this.#taken.set(key, number + 1);
      if (number > 1) this.#taken.set(fold(unique), 2);
      return `${unique}${ending}`;
    }
  }
}

function fold(name: string): string {
  return name.normalize("NFKC").toLowerCase();
}

function cutToBytes(text: string, limitBytes: number): string {
  if (Buffer.byteLength(text) <= limitBytes) return text;
  let bytes = 0;
  let cut = "";
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > limitBytes) break;
    cut += character;
  }
  return cut;
}
