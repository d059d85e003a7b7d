import { decodeHeaderText } from "../message/encoded-words.ts";
import type { MailProblem } from "../mail-problem.ts";
import { isReadable } from "./attachments.ts";
import { decodedText, decodePart } from "./decode-part.ts";
import { safeFileName } from "./file-name.ts";
import { htmlToText } from "./html-text.ts";
import type { MimePart } from "./mime-structure.ts";
import { findUuencoded } from "./uuencode.ts";

export type BodyTextOptions = {
  /** Characters of text, of all parts together. Default 256 Ki. */
  readonly textLimit?: number;
  /** Whether the targets of links in HTML are kept, in angle brackets. Default false. */
  readonly links?: boolean;
  /** Where both are there: which is read. The other where that one has no words. Default "plain". */
  readonly prefer?: "plain" | "html";
};

export type BodyText = {
  /** Line ends as LF; parts are separated by a blank line. */
  readonly text: string;
  /** Whether there was more than the limit. */
  readonly isCut: boolean;
  /** Names of uuencoded files that stood in the text, and were left out of it. */
  readonly uuencodedNames: readonly string[];
};

/** Text that says no more than that the real one is elsewhere is shorter than this. */
const stubLength = 200;

/** The text that a reader sees: plain text, HTML without its tags, embedded messages too. Never throws. */
export function bodyTextOf(
  root: MimePart,
  options: BodyTextOptions & { readonly problems: MailProblem[] },
): BodyText {
  const reader = new BodyReader(options);
  reader.read(root);
  return {
    text: reader.pieces.join("\n\n"),
    isCut: reader.isCut,
    uuencodedNames: reader.uuencodedNames,
  };
}

class BodyReader {
  readonly pieces: string[] = [];
  #length = 0;
  isCut = false;
  readonly uuencodedNames: string[] = [];
  readonly #problems: MailProblem[];
  readonly #limit: number;
  readonly #links: boolean;
  readonly #prefer: "plain" | "html";

  constructor(options: BodyTextOptions & { readonly problems: MailProblem[] }) {
    const { textLimit = 256 * 1024, links = false, prefer = "plain", problems } = options;
    this.#problems = problems;
    this.#limit = textLimit;
    this.#links = links;
    this.#prefer = prefer;
  }

  read(part: MimePart): void {
    if (part.parts.length === 0) {
      if (isReadable(part)) this.#add(this.#textOf(part));
    } else if (part.type === "multipart/alternative") this.#readAlternative(part);
    else {
      if (part.type.startsWith("message/")) this.#add(titleOf(part.parts[0] as MimePart));
      for (const child of part.parts) this.read(child);
    }
  }

  /** The preferred form, or the other where it has no words; a stub and what it stands for. */
  #readAlternative(part: MimePart): void {
    const isHtml = (candidate: MimePart): boolean => firstLeaf(candidate).type === "text/html";
    const readableForms = part.parts.filter((form) => form.parts.length > 0 || isReadable(form));
    const html = readableForms.filter(isHtml).reverse();
    const plain = readableForms.filter((form) => !isHtml(form));
    const [first, second] = this.#prefer === "html" ? [html, plain] : [plain, html];
    const before = this.#length;
    for (const form of first) this.read(form);
    const length = this.#length - before;
    const [other] = second;
    if (other === undefined || length >= stubLength) return;
    const otherBytes = other.end - other.bodyStart;
    if (length <= 0 || otherBytes > 10 * stubLength) this.read(other);
  }

  #textOf(part: MimePart): string {
    const room = this.#limit - this.#length;
    if (room <= 0) {
      this.isCut ||= part.end > part.bodyStart;
      return "";
    }
    const isHtml = part.type === "text/html";
    // Up to four bytes make a character; of HTML most is no text.
    const limitBytes = isHtml ? this.#limit * 8 : room * 4;
    const decoded = decodePart(part, { limitBytes, problems: this.#problems });
    if (decoded.length >= limitBytes) this.isCut = true;
    const text = decodedText(part, decoded, this.#problems);
    if (isHtml) return htmlToText(text, { limit: room + 1, links: this.#links });
    return this.#withoutFiles(text.includes("\r") ? withLineFeeds(text) : text);
  }

  #withoutFiles(text: string): string {
    const files = findUuencoded(text);
    if (files.length === 0) return text;
    let kept = "";
    let position = 0;
    for (const { name, from, to } of files) {
      this.uuencodedNames.push(safeFileName(name) ?? "unnamed");
      kept += text.slice(position, from);
      position = to;
    }
    return kept + text.slice(position);
  }

  #add(written: string): void {
    const separator = this.pieces.length > 0 ? 2 : 0;
    const text = written.trimEnd();
    if (text === "") return;
    const room = this.#limit - this.#length - separator;
    if (text.length > room) this.isCut = true;
    if (room <= 0) return;
    this.pieces.push(text.length > room ? text.slice(0, room) : text);
    this.#length += separator + Math.min(room, text.length);
  }
}

/** CRLF, CR CR LF of a program that wrote it twice, and the CR of old Macs. */
function withLineFeeds(text: string): string {
  return text.replaceAll("\r\r\n", "\n").replaceAll("\r\n", "\n").replaceAll("\r", "\n");
}

function firstLeaf(part: MimePart): MimePart {
  let leaf = part;
  while (leaf.parts[0] !== undefined) leaf = leaf.parts[0];
  return leaf;
}

/** What an embedded message is called in the text that holds it. */
function titleOf(message: MimePart): string {
  const subject = message.fields.find(({ name }) => name.toLowerCase() === "subject");
  return subject === undefined ? "" : decodeHeaderText(subject.value);
}
