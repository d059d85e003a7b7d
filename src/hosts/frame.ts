/**
 * One frame of the peer's protocol (docs/formats/peer-protocol.md). Integers are big-endian.
 *
 * | offset | bytes | what                                      |
 * | ------ | ----- | ----------------------------------------- |
 * | 0      | 4     | length of all that follows                |
 * | 4      | 1     | kind                                      |
 * | 5      | 4     | request id; 0 for ping and pong           |
 * | 9      | 4     | length of the header, h                   |
 * | 13     | h     | header: a JSON object in UTF-8, or nothing |
 * | 13 + h | rest  | body                                      |
 */
import { brokenProtocol, type HostError } from "./host-error.ts";

export const frameKinds = {
  /** Client → peer: begins a request. */
  request: 0x01,
  /** Both: one piece of what a request sends or gets. */
  item: 0x02,
  /** Both: the other side may send so many more items. */
  more: 0x03,
  /** Client → peer: nobody waits for this request any more. */
  cancel: 0x04,
  /** Peer → client: the request has ended well. */
  done: 0x05,
  /** Peer → client: the request has failed. */
  error: 0x06,
  /** Client → peer: are you there? */
  ping: 0x07,
  /** Peer → client. */
  pong: 0x08,
} as const;
export type FrameKind = keyof typeof frameKinds;

export type Header = Readonly<Record<string, unknown>>;

export type Frame = {
  readonly kind: FrameKind;
  readonly requestId: number;
  readonly header: Header;
  readonly body: Uint8Array;
};

/** Length field, kind, request id, length of the header. */
export const frameHeadBytes = 13;
/** What the length field counts of the head. */
const countedHeadBytes: number = frameHeadBytes - 4;
/** Largest header: a command line or a path with room to spare. */
export const largestHeaderBytes: number = 256 * 1024;
/** Largest body that either side sends. */
export const largestBodyBytes: number = 4 * 1024 * 1024;
/** Largest value of the length field that is taken. */
export const largestFrameBytes: number = countedHeadBytes + largestHeaderBytes + largestBodyBytes;

export const noBytes: Uint8Array = new Uint8Array();
const kindOfCode: ReadonlyMap<number, FrameKind> = new Map(
  Object.entries(frameKinds).map(([kind, code]) => [code, kind as FrameKind]),
);

/** The frame in two parts: head with header, and the body as it is. */
export function encodeFrame(frame: {
  readonly kind: FrameKind;
  readonly requestId: number;
  readonly header?: Header | undefined;
  readonly body?: Uint8Array | undefined;
}): readonly Uint8Array[] {
  const { kind, requestId, header, body = noBytes } = frame;
  const text = header === undefined ? noBytes : Buffer.from(JSON.stringify(header));
  if (text.length > largestHeaderBytes || body.length > largestBodyBytes) {
    throw brokenProtocol(
      `a ${kind} of ${text.length} + ${body.length} bytes is larger than a frame may be`,
    );
  }
  const head = Buffer.allocUnsafe(frameHeadBytes + text.length);
  head.writeUInt32BE(countedHeadBytes + text.length + body.length, 0);
  head.writeUInt8(frameKinds[kind], 4);
  head.writeUInt32BE(requestId, 5);
  head.writeUInt32BE(text.length, 9);
  head.set(text, frameHeadBytes);
  return body.length === 0 ? [head] : [head, body];
}

/** Throws where the length field cannot be that of a frame: nothing more is read then. */
export function checkFrameLength(length: number): void {
  if (length >= countedHeadBytes && length <= largestFrameBytes) return;
  throw brokenProtocol(
    `a frame says that it is ${length} bytes long, and ${countedHeadBytes} to ${largestFrameBytes} are allowed`,
  );
}

/** What follows the length field. `bytes` is kept: the body is a view of it. */
export function decodeFrame(bytes: Buffer): Frame {
  const kind = kindOfCode.get(bytes.readUInt8(0));
  if (kind === undefined) throw brokenProtocol(`a frame has the unknown kind ${bytes[0]}`);
  const requestId = bytes.readUInt32BE(1);
  const headerBytes = bytes.readUInt32BE(5);
  const bodyAt = countedHeadBytes + headerBytes;
  if (headerBytes > largestHeaderBytes || bodyAt > bytes.length)
    throw brokenProtocol(`the header of a ${kind} says that it is ${headerBytes} bytes long`);
  const body = bytes.subarray(bodyAt);
  if (body.length > largestBodyBytes)
    throw brokenProtocol(`the body of a ${kind} is ${body.length} bytes long`);
  return { kind, requestId, header: parseHeader(bytes.subarray(countedHeadBytes, bodyAt)), body };
}

function parseHeader(bytes: Buffer): Header {
  if (bytes.length === 0) return {};
  let header: unknown;
  try {
    header = JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw notAHeader(error);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) throw notAHeader();
  return header as Header;
}

function notAHeader(cause?: unknown): HostError {
  const error = brokenProtocol("the header of a frame is not a JSON object");
  if (cause !== undefined) error.cause = cause;
  return error;
}
