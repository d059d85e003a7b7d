/** Pairs of UIDs at the start of each step. */
export function eachRange(
  body: DataView,
  { start = 0, step }: { readonly start?: number; readonly step: number },
  visit: (first: number, last: number, at: number) => void,
): void {
  for (let at = start; at + step <= body.byteLength; at += step) {
    const first = body.getUint32(at, true);
    const last = body.getUint32(at + 4, true);
    if (first === 0 || first > last) throw new RangeError("a range of UIDs is upside down");
    visit(first, last, at);
  }
}

/** `offset, length, bytes, padding to 4` of each; both numbers have 2 bytes, or 4. */
export function eachPiece(
  body: DataView,
  { wide }: { readonly wide: boolean },
  visit: (offset: number, bytes: Uint8Array) => void,
): void {
  const head = wide ? 8 : 4;
  for (let at = 0; at + head <= body.byteLength;) {
    const offset = wide ? body.getUint32(at, true) : body.getUint16(at, true);
    const size = wide ? body.getUint32(at + 4, true) : body.getUint16(at + 2, true);
    visit(offset, bytesOf(body, at + head, size));
    at += head + size + ((4 - (size & 3)) & 3);
  }
}

/** Throws RangeError where the body is shorter. */
export function bytesOf(body: DataView, offset: number, length: number): Uint8Array {
  return new Uint8Array(body.buffer, body.byteOffset + offset, checkedLength(body, offset, length));
}

function checkedLength(body: DataView, offset: number, length: number): number {
  if (offset + length > body.byteLength) throw new RangeError("a record is cut off");
  return length;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function textOf(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString("utf8");
  return Buffer.from(text, "utf8").equals(buffer) ? text : buffer.toString("latin1");
}
