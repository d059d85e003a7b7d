import { messageIdentity } from "../message/message-identity.ts";
import { parseFromLine } from "./from-line.ts";
import { withoutServerFields } from "./header-splitter.ts";
import { type MboxSource, type ScannedMessage, scanMbox } from "./mbox-scanner.ts";
import { withoutQuoting } from "./mboxrd.ts";

/** Where an mbox begins, or what was put at the end of one: at a From_ line, or at a line end before it. */
export function mboxStart(head: Uint8Array): number | undefined {
  const text = Buffer.from(head).toString("latin1");
  const start = /^(\r?\n)?(From [^\r\n]*)\r?\n/.exec(text);
  if (start === null || parseFromLine(start[2] as string) === undefined) return undefined;
  return start[1]?.length ?? 0;
}

/**
 * The identities that the messages of an mbox may be known by, or of what was put at the end of one: as
 * the server shows each, without its own fields; without the marks of From-quoting where it has any; and
 * of the last one also with the line end that would part it from another.
 */
export async function* mboxIdentities(
  source: MboxSource,
  startOffset: number,
): AsyncGenerator<string, void, undefined> {
  const from: MboxSource = ({ offset, ...length }) =>
    source({ offset: offset + startOffset, ...length });
  let last: ScannedMessage | undefined;
  for await (const message of scanMbox(from)) {
    last = message;
    const { headerOffset: offset, endOffset } = message;
    yield* identitiesOf(() => from({ offset, lengthBytes: endOffset - offset }));
  }
  if (last !== undefined) yield* identitiesOf(() => from({ offset: last.headerOffset }));
}

async function* identitiesOf(
  read: () => AsyncIterable<Uint8Array>,
): AsyncGenerator<string, void, undefined> {
  let hasMarks = false;
  async function* watched(): AsyncGenerator<Uint8Array, void, undefined> {
    let tail = Buffer.alloc(0);
    for await (const piece of read()) {
      const joined = Buffer.concat([tail, piece.subarray(0, mark.length)]);
      hasMarks ||= joined.includes(mark) || Buffer.from(piece).includes(mark);
      tail = Buffer.concat([tail, piece.subarray(-mark.length)]).subarray(-mark.length);
      yield piece;
    }
  }
  yield await messageIdentity(withoutServerFields(watched()));
  if (hasMarks) yield await messageIdentity(withoutQuoting(withoutServerFields(read())));
}

const mark = Buffer.from(">From ");
