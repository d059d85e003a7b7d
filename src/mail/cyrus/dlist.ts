/** A value of Cyrus's dlist notation: text with one character per byte, a list, or names with values. */
export type Dlist = string | undefined | readonly Dlist[] | ReadonlyMap<string, Dlist>;

const depthLimit = 16;

/**
 * `%(NAME value NAME value)`, `(value value)`, atoms, quoted strings, literals, and NIL (undefined).
 * Undefined where the text is not that, with nothing behind it. Source: Cyrus IMAP 3.6.1, imap/dlist.c.
 */
export function parseDlist(text: string): Dlist {
  const parser = new DlistParser(text);
  const value = parser.value(0);
  return parser.isDone ? value : undefined;
}

class DlistParser {
  readonly #text: string;
  #at = 0;
  #failed = false;

  constructor(text: string) {
    this.#text = text;
  }

  get isDone(): boolean {
    return !this.#failed && this.#at === this.#text.length;
  }

  value(depth: number): Dlist {
    if (depth > depthLimit) return this.#fail();
    if (this.#text.startsWith("%(", this.#at)) {
      this.#at += 2;
      const named = new Map<string, Dlist>();
      this.#items(() => {
        const name = this.#string();
        if (this.#text[this.#at] !== " ") this.#fail();
        this.#at++;
        if (!this.#failed) named.set(name ?? "", this.value(depth + 1));
      });
      return named;
    }
    if (this.#text[this.#at] === "(") {
      this.#at++;
      const list: Dlist[] = [];
      this.#items(() => void list.push(this.value(depth + 1)));
      return list;
    }
    return this.#string();
  }

  /** Up to the ")" and over it. */
  #items(item: () => void): void {
    while (!this.#failed && this.#text[this.#at] !== ")") {
      item();
      if (this.#text[this.#at] === " ") this.#at++;
      else if (this.#text[this.#at] !== ")") this.#fail();
    }
    this.#at++;
  }

  #string(): string | undefined {
    if (this.#at >= this.#text.length) return this.#fail();
    if (this.#text[this.#at] === '"') return this.#quoted();
    if (this.#text[this.#at] === "{") return this.#literal();
    const space = this.#text.indexOf(" ", this.#at);
    let end = space < 0 ? this.#text.length : space;
    while (end > this.#at && this.#text[end - 1] === ")") end--;
    const atom = this.#text.slice(this.#at, end);
    if (atom === "") return this.#fail();
    this.#at = end;
    return atom === "NIL" ? undefined : atom;
  }

  #quoted(): string | undefined {
    let value = "";
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      if (this.#text[at] === '"') {
        this.#at = at + 1;
        return value;
      }
      if (this.#text[at] === "\\") at++;
      value += this.#text[at] ?? "";
    }
    return this.#fail();
  }

  #literal(): string | undefined {
    const head = /^\{([0-9]{1,9})\+?\}\r\n/.exec(this.#text.slice(this.#at, this.#at + 16));
    const from = this.#at + (head?.[0].length ?? 0);
    const end = from + Number(head?.[1]);
    if (head === null || end > this.#text.length) return this.#fail();
    this.#at = end;
    return this.#text.slice(from, end);
  }

  #fail(): undefined {
    this.#failed = true;
    return undefined;
  }
}
