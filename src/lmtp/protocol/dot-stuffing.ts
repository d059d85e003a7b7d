/**
 * How a message travels after DATA (RFC 5321 §4.5.2): a line that begins with a dot has one more in
 * front, and a line of one dot ends it.
 *
 * A line begins after CR LF, and after nothing else, where we read: `LF . LF` and `LF . CR LF` end
 * nothing (smuggling). Where we write, a line begins after any LF, because there are servers that
 * read it so: what is a bare LF here cannot end the message there either.
 */
const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;
const lineThenDot = Buffer.from("\r\n.");
const anyLineThenDot = Buffer.from("\n.");
const empty = Buffer.alloc(0);

export type DecodedData = {
  /** What of the message these bytes held; a view of them where possible. */
  readonly bytes: Buffer;
  readonly isEnd: boolean;
  /** What came after the end. */
  readonly rest: Buffer;
};

type DecoderState = "line-start" | "dot" | "dot-cr" | "text" | "cr";

/** Takes the dots away again, from a stream cut anywhere. */
export class DotDecoder {
  #state: DecoderState = "line-start";

  push(bytes: Buffer): DecodedData {
    const parts: Buffer[] = [];
    let at = 0;
    /** What is not in `parts` yet begins here. */
    let from = 0;
    while (at < bytes.length) {
      switch (this.#state) {
        case "line-start":
          this.#state = bytes[at] === DOT ? "dot" : "text";
          if (this.#state === "text") break;
          parts.push(bytes.subarray(from, at));
          from = ++at;
          break;
        case "dot":
          this.#state = bytes[at] === CR ? "dot-cr" : "text";
          if (this.#state === "dot-cr") from = ++at;
          break;
        case "dot-cr":
          if (bytes[at] === LF)
            return { bytes: joined(parts), isEnd: true, rest: bytes.subarray(at + 1) };
          parts.push(Buffer.of(CR));
          this.#state = "text";
          break;
        case "cr":
          this.#state = bytes[at] === LF ? "line-start" : "text";
          if (this.#state === "line-start") at++;
          break;
        case "text":
          at = this.#skipText(bytes, at);
          break;
      }
    }
    parts.push(bytes.subarray(from));
    return { bytes: joined(parts), isEnd: false, rest: empty };
  }

  /** To the next line that begins with a dot, or to the end. */
  #skipText(bytes: Buffer, at: number): number {
    const found = bytes.indexOf(lineThenDot, at);
    if (found !== -1) {
      this.#state = "line-start";
      return found + 2;
    }
    const end = bytes.length;
    if (bytes[end - 1] === CR) this.#state = "cr";
    else if (end - at >= 2 && bytes[end - 1] === LF && bytes[end - 2] === CR)
      this.#state = "line-start";
    return end;
  }
}

/** Puts the dots in, into a stream cut anywhere. */
export class DotEncoder {
  #isLineStart = true;
  #endsWithCr = false;
  #endsWithCrLf = true;

  push(bytes: Buffer): Buffer {
    if (bytes.length === 0) return bytes;
    const parts: Buffer[] = [];
    let from = 0;
    const dot = (at: number): void => {
      parts.push(bytes.subarray(from, at), Buffer.of(DOT));
      from = at;
    };
    if (this.#isLineStart && bytes[0] === DOT) dot(0);
    for (
      let at = bytes.indexOf(anyLineThenDot);
      at !== -1;
      at = bytes.indexOf(anyLineThenDot, at + 1)
    )
      dot(at + 1);
    parts.push(bytes.subarray(from));
    const last = bytes[bytes.length - 1];
    const before = bytes.length > 1 ? bytes[bytes.length - 2] === CR : this.#endsWithCr;
    this.#isLineStart = last === LF;
    this.#endsWithCrLf = last === LF && before;
    this.#endsWithCr = last === CR;
    return joined(parts);
  }

  /** What ends the message; begins with the end of a line where there was none. */
  end(): Buffer {
    return Buffer.from(this.#endsWithCrLf ? ".\r\n" : "\r\n.\r\n");
  }
}

function joined(parts: readonly Buffer[]): Buffer {
  const [first = empty] = parts;
  return parts.length <= 1 ? first : Buffer.concat(parts);
}
