import type { ByteReader } from "./byte-reader.ts";
import { checkFrameLength, decodeFrame, type Frame } from "./frame.ts";
import { HostError } from "./host-error.ts";

/** The frames of a stream, to its end. Throws `host.protocol` at the first thing that is none, `host.disconnected` where the stream ends within one. */
export async function* readFrames(reader: ByteReader): AsyncGenerator<Frame, void, undefined> {
  for (;;) {
    const lengthField = await reader.take(4);
    if (lengthField.length === 0) return;
    if (lengthField.length < 4) throw endedInFrame();
    const length = lengthField.readUInt32BE(0);
    checkFrameLength(length);
    const bytes = await reader.take(length);
    if (bytes.length < length) throw endedInFrame();
    yield decodeFrame(bytes);
  }
}

/** Not a broken rule: whatever ended the connection did not wait for the end of a frame. */
function endedInFrame(): HostError {
  return new HostError(
    "host.disconnected",
    "Cannot go on with the other side: the connection ended in the middle of a frame",
    { hint: "Try again.", retryable: true },
  );
}
