import { addProblem, type MailProblem } from "../mail-problem.ts";
import { UidsByName } from "./uids-by-name.ts";

/** What a server remembers of a Maildir's messages beside their files. */
export type UidList = {
  readonly uidValidity?: number;
  readonly uidNext?: number;
  /** Dovecot's mailbox GUID, 32 hexadecimal digits. */
  readonly guid?: string;
  readonly uids: Pick<UidsByName, "get">;
  readonly problems: readonly MailProblem[];
};

const lineLimitBytes = 64 * 1024;
const uidLimit = 0xffff_ffff;

/**
 * `dovecot-uidlist` of version 3 (`3 V<uidvalidity> N<uidnext> G<guid>`, then
 * `<uid> [extensions] :<name>`) and version 1, which is Courier's `courierimapuiddb` too
 * (`1 <uidvalidity> <uidnext>`, then `<uid> <name>`). One character per byte.
 */
export class UidListReader {
  readonly #problems: MailProblem[] = [];
  readonly #uids = new UidsByName();
  readonly #header: { uidValidity?: number; uidNext?: number; guid?: string } = {};
  #version: 0 | 1 | 3 | undefined;
  #lastUid = 0;

  get hasHeader(): boolean {
    return this.#version !== undefined;
  }

  line(line: string): void {
    if (this.#version === undefined) this.#readHeader(line);
    else if (this.#version !== 0 && line !== "") this.#readEntry(line);
  }

  result(): UidList {
    if (this.#version === undefined) this.#complain("The list of UIDs is empty");
    const uidNext = Math.max(this.#header.uidNext ?? 0, this.#lastUid + 1);
    const next = this.#header.uidNext === undefined ? {} : { uidNext };
    return { ...this.#header, ...next, uids: this.#uids, problems: this.#problems };
  }

  #readHeader(line: string): void {
    const [version, ...fields] = line.slice(0, lineLimitBytes).split(" ");
    this.#version = version === "3" ? 3 : version === "1" ? 1 : 0;
    if (this.#version === 0) this.#complain("The list of UIDs is of an unknown version");
    if (this.#version === 1) {
      this.#setNumber("uidValidity", fields[0] ?? "");
      this.#setNumber("uidNext", fields[1] ?? "");
    }
    if (this.#version !== 3) return;
    for (const field of fields) {
      const value = field.slice(1);
      if (field.startsWith("V")) this.#setNumber("uidValidity", value);
      else if (field.startsWith("N")) this.#setNumber("uidNext", value);
      else if (field.startsWith("G") && /^[0-9a-f]{32}$/.test(value)) this.#header.guid = value;
    }
  }

  #readEntry(line: string): void {
    const space = line.indexOf(" ");
    const uid = parseUid(line, space);
    const colon = this.#version === 3 ? line.indexOf(" :", space) : space;
    if (uid === undefined || colon < 0) {
      this.#complain("A line of the list of UIDs cannot be read");
      return;
    }
    const start = colon + (this.#version === 3 ? 2 : 1);
    const info = line.indexOf(":", start);
    const baseName = line.slice(start, info < 0 ? line.length : info);
    if (baseName === "" || uid <= this.#lastUid) {
      this.#complain(`UID ${uid} does not follow UID ${this.#lastUid}`);
      return;
    }
    this.#lastUid = uid;
    // As Dovecot does: the newer UID is the one that clients were told last.
    if (!this.#uids.add(baseName, uid))
      this.#complain(`UID ${uid} names a message that has another UID too`);
  }

  #setNumber(key: "uidValidity" | "uidNext", text: string): void {
    const value = parseUid(text);
    if (value === undefined) this.#complain(`The list of UIDs has no valid ${key}`);
    else this.#header[key] = value;
  }

  #complain(message: string): void {
    addProblem(this.#problems, "uid-list", message);
  }
}

/** Of a text up to a place in it. */
function parseUid(text: string, end: number = text.length): number | undefined {
  if (end <= 0 || end > 10) return undefined;
  let value = 0;
  for (let index = 0; index < end; index++) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value > 0 && value <= uidLimit ? value : undefined;
}

/** Lines without their ends, one character per byte; what is longer than 64 KiB is cut off. */
export async function* readLines(bytes: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  for await (const lines of readLinesTogether(bytes)) yield* lines;
}

/** The same, those of a chunk together: to wait for each of a hundred thousand costs more than to read it. */
export async function* readLinesTogether(
  bytes: AsyncIterable<Uint8Array>,
): AsyncIterable<readonly string[]> {
  let line = "";
  for await (const chunk of bytes) {
    const lines: string[] = [];
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1");
    let from = 0;
    for (;;) {
      const end = text.indexOf("\n", from);
      const until = end < 0 ? text.length : end;
      if (line === "") line = text.slice(from, Math.min(until, from + lineLimitBytes));
      else line += text.slice(from, Math.min(until, from + lineLimitBytes - line.length));
      if (end < 0) break;
      lines.push(line.endsWith("\r") ? line.slice(0, -1) : line);
      line = "";
      from = end + 1;
    }
    yield lines;
  }
  if (line !== "") yield [line];
}
