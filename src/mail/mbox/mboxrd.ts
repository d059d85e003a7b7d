/**
 * From-quoting as in an mboxrd: a line that is "From " after any number of ">" gets one more, so that
 * none is taken for a From_ line, and taking one away again gives the same bytes.
 *
 * | message        | mboxo          | mboxrd         |
 * | -------------- | -------------- | -------------- |
 * | `From here`    | `>From here`   | `>From here`   |
 * | `>From here`   | `>From here`   | `>>From here`  |
 */
const greaterThan = 0x3e;
const lineFeed = 0x0a;
const word = Buffer.from("From ");
/** More marks than that stand in no mail; such a line is left as it is. */
const markLimit = 1000;

/** Adds the marks. */
export function withQuoting(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  return eachFromLine(bytes, (line) => Buffer.concat([Uint8Array.of(greaterThan), line]));
}

/** Takes the marks away. */
export function withoutQuoting(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  return eachFromLine(bytes, (line) => (line[0] === greaterThan ? line.subarray(1) : line));
}

/** Changes each beginning of a line that is `>*From `; whatever else passes as it is. */
async function* eachFromLine(
  bytes: AsyncIterable<Uint8Array>,
  change: (start: Buffer) => Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  let held: Buffer = Buffer.alloc(0);
  let isAtLineStart = true;
  for await (const chunk of bytes) {
    const data =
      held.length > 0
        ? Buffer.concat([held, chunk])
        : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    held = Buffer.alloc(0);
    let given = 0;
    for (let line = isAtLineStart ? 0 : nextLine(data, 0); line < data.length;) {
      const end = fromLineStart(data, line);
      if (end === undefined) {
        held = Buffer.from(data.subarray(line));
        break;
      }
      if (end > line) {
        if (line > given) yield data.subarray(given, line);
        yield change(data.subarray(line, end));
        given = end;
      }
      line = nextLine(data, Math.max(line, end));
    }
    const upTo = data.length - held.length;
    if (upTo > given) yield data.subarray(given, upTo);
    if (data.length > 0) isAtLineStart = held.length > 0 || data[data.length - 1] === lineFeed;
  }
  if (held.length > 0) yield held;
}

function nextLine(data: Buffer, from: number): number {
  const found = data.indexOf(lineFeed, from);
  return found < 0 ? data.length : found + 1;
}

/** Where `>*From ` ends that starts at the line; the line where it is none; undefined where more bytes must tell. */
function fromLineStart(data: Buffer, line: number): number | undefined {
  let at = line;
  while (data[at] === greaterThan) at += 1;
  if (at - line > markLimit) return line;
  for (let index = 0; index < word.length; index++) {
    if (at + index === data.length) return undefined;
    if (data[at + index] !== word[index]) return line;
  }
  return at + word.length;
}
