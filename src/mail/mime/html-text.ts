import { decodeEntities } from "./html-entities.ts";

export type HtmlTextOptions = {
  /** Characters of text after which the rest is left out. Default 256 Ki. */
  readonly limit?: number;
  /** Whether the target of a link is put in angle brackets after its text. Default false. */
  readonly links?: boolean;
};

/** Elements whose content no reader sees. */
const hidden: ReadonlySet<string> = new Set(["script", "style", "title", "template"]);
/** Elements that stand on lines of their own; with a blank line around those of the second list. */
const blocks: ReadonlySet<string> = new Set(
  "address article aside blockquote caption center dd div dl dt fieldset figure footer form header hr legend li main nav option section tbody tfoot thead tr".split(
    " ",
  ),
);
const paragraphs: ReadonlySet<string> = new Set("h1 h2 h3 h4 h5 h6 ol p pre table ul".split(" "));
/** An attribute is looked for no further into a tag. */
const tagLimit = 4096;

/**
 * HTML as text to read and to search: tags, comments, scripts and styles left out, character
 * references decoded, block elements as line breaks, white space as one blank, images as their
 * alternative text. One pass; hostile input costs no more than its length. Never throws.
 */
export function htmlToText(html: string, options: HtmlTextOptions = {}): string {
  return new HtmlScanner(html, options).run();
}

class HtmlScanner {
  readonly #html: string;
  readonly #limit: number;
  readonly #links: boolean;
  #text = "";
  /** Line ends that are due before the next word. */
  #breaks = 0;
  #isBlankDue = false;
  #preformatted = 0;
  /** Of the link that is open, and what of it is shown. */
  #target = "";
  #shown = "";
  constructor(html: string, { limit = 256 * 1024, links = false }: HtmlTextOptions) {
    this.#html = html;
    this.#limit = limit;
    this.#links = links;
  }

  run(): string {
    const html = this.#html;
    let position = 0;
    while (position < html.length && this.#text.length < this.#limit) {
      const open = html.indexOf("<", position);
      const textEnd = open < 0 ? html.length : open;
      if (textEnd > position) this.#addText(html.slice(position, textEnd));
      if (open < 0) break;
      position = this.#markup(open);
    }
    return this.#text.slice(0, this.#limit);
  }

  /** What begins with "<"; returns where it ends. */
  #markup(open: number): number {
    const html = this.#html;
    const code = html.charCodeAt(open + 1);
    if (code === 0x21 || code === 0x3f) {
      const isComment = html.startsWith("<!--", open);
      const end = isComment ? html.indexOf("-->", open + 2) : html.indexOf(">", open);
      return end < 0 ? html.length : end + (isComment ? 3 : 1);
    }
    const isEnd = code === 0x2f;
    const nameStart = isEnd ? open + 2 : open + 1;
    const nameEnd = this.#nameEnd(nameStart);
    if (nameEnd === nameStart) {
      this.#addText("<");
      return open + 1;
    }
    const name = html.slice(nameStart, nameEnd).toLowerCase();
    const end = this.#tagEnd(nameEnd);
    if (isEnd) this.#endTag(name);
    else this.#startTag(name, html.slice(nameEnd, Math.min(end, nameEnd + tagLimit)));
    return !isEnd && hidden.has(name) ? this.#skipHidden(name, end) : end;
  }

  #nameEnd(from: number): number {
    const html = this.#html;
    let index = from;
    for (; index < html.length && index < from + 40; index++) {
      const code = html.charCodeAt(index);
      const lower = code | 0x20;
      const isLetter = lower >= 0x61 && lower <= 0x7a;
      const isFollowing = index > from && ((code >= 0x30 && code <= 0x3a) || code === 0x2d);
      if (!isLetter && !isFollowing) break;
    }
    return index;
  }

  /** Past the ">" that ends a tag; those within quoted attributes do not. */
  #tagEnd(from: number): number {
    const html = this.#html;
    let isValue = false;
    for (let index = from; index < html.length; index++) {
      const character = html[index];
      if (character === ">") return index + 1;
      if (isValue && (character === '"' || character === "'")) {
        const close = html.indexOf(character, index + 1);
        // One that is never closed hides nothing; it is the last of its kind, and is looked for once.
        if (close >= 0) index = close;
      }
      isValue = character === "=" || (isValue && isSpace(html.charCodeAt(index)));
    }
    return html.length;
  }

  #skipHidden(name: string, from: number): number {
    const close = new RegExp(`</${name}[\\s/>]`, "gi");
    close.lastIndex = from;
    const found = close.exec(this.#html);
    return found === null ? this.#html.length : this.#tagEnd(found.index);
  }

  #startTag(name: string, attributes: string): void {
    if (name === "br") this.#breakLine(this.#breaks + 1);
    else if (name === "td" || name === "th") this.#isBlankDue = true;
    else if (name === "img") this.#addText(attributeOf(attributes, "alt"), { isPlain: true });
    else if (name === "a") {
      this.#target = this.#links ? attributeOf(attributes, "href") : "";
      this.#shown = "";
    } else this.#block(name);
    if (name === "li") this.#addText("* ");
    if (name === "pre") this.#preformatted++;
  }

  #endTag(name: string): void {
    if (name === "pre") this.#preformatted = Math.max(0, this.#preformatted - 1);
    if (name === "a" && this.#target !== "") {
      const shown = this.#shown.trim();
      const target = this.#target.trim();
      this.#target = "";
      if (/^(?:https?|ftp|mailto):/i.test(target) && (shown === "" || !target.endsWith(shown)))
        this.#addText(` <${target}>`, { isPlain: true });
    } else this.#block(name);
  }

  #block(name: string): void {
    if (paragraphs.has(name)) this.#breakLine(2);
    else if (blocks.has(name)) this.#breakLine(1);
  }

  #breakLine(count: number): void {
    this.#breaks = Math.min(2, Math.max(this.#breaks, count));
  }

  #addText(written: string, { isPlain = false } = {}): void {
    let text = isPlain ? written : decodeEntities(written);
    if (this.#preformatted > 0) text = text.replaceAll("\r\n", "\n");
    else text = text.replace(/[\s\u00a0]+/g, " ");
    // Senders pad what a list of messages shows with characters that have no width.
    text = text.replace(/[\u{34f}\u{ad}\u{200b}-\u{200d}\u{2060}\u{feff}]/gu, "");
    if (text === "") return;
    if (text === " ") {
      this.#isBlankDue = true;
      return;
    }
    const hasBlank = text.startsWith(" ") && this.#preformatted === 0;
    if (hasBlank) text = text.slice(1);
    if (this.#text !== "") {
      if (this.#breaks > 0) this.#text += "\n".repeat(this.#breaks);
      else if (hasBlank || this.#isBlankDue) this.#text += " ";
    }
    this.#breaks = 0;
    this.#isBlankDue = text.endsWith(" ") && this.#preformatted === 0;
    this.#text += this.#isBlankDue ? text.slice(0, -1) : text;
    if (this.#target !== "" && this.#shown.length < tagLimit) this.#shown += text;
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

/** The value of one attribute of a tag, still with its character references. */
function attributeOf(attributes: string, name: string): string {
  const found = new RegExp(
    String.raw`(?:^|[\s"'])${name}\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))`,
    "i",
  ).exec(attributes);
  return found === null ? "" : decodeEntities(found[1] ?? found[2] ?? found[3] ?? "");
}
