/**
 * Files within text, as mail carried them before MIME (POSIX uuencode):
 *
 *     begin MODE NAME
 *     LDDDD…          L: 32 + how many bytes of this line, D: 32 + six bits ("`" counts as blank)
 *     `
 *     end
 */
export type UuencodedFile = {
  /** As written: one character per byte where the text is. */
  readonly name: string;
  /** Of `begin` and past `end`, within the text. */
  readonly from: number;
  readonly to: number;
};

const beginLine = /^begin [0-7]{3,4} +(\S.{0,254}?)\r?$/gm;
/** More files in one text are left in it. */
const fileLimit = 100;

/** Finds the files in a text. One is there only with its first line of data and its end. */
export function findUuencoded(text: string): readonly UuencodedFile[] {
  const files: UuencodedFile[] = [];
  if (!text.includes("begin ")) return files;
  beginLine.lastIndex = 0;
  for (
    let match = beginLine.exec(text);
    match !== null && files.length < fileLimit;
    match = beginLine.exec(text)
  ) {
    const to = dataEnd(text, beginLine.lastIndex + 1);
    if (to === undefined) continue;
    files.push({ name: match[1] as string, from: match.index, to });
    beginLine.lastIndex = to;
  }
  return files;
}

/** Past the line `end`, if all lines up to there are data. */
function dataEnd(text: string, from: number): number | undefined {
  let position = from;
  let lines = 0;
  while (position < text.length) {
    const found = text.indexOf("\n", position);
    const lineEnd = found < 0 ? text.length : found;
    const line = text.slice(position, lineEnd).trimEnd();
    position = lineEnd + 1;
    if (line === "end" && lines > 0) return Math.min(position, text.length);
    // A line of no bytes ends the data; its blank may be lost.
    if (line !== "" && !isDataLine(line)) return undefined;
    lines++;
  }
  return undefined;
}

function isDataLine(line: string): boolean {
  const count = (line.charCodeAt(0) - 32) & 63;
  const needed = Math.ceil(count / 3) * 4;
  // Trailing blanks may have been lost, a checksum may follow.
  return line.length <= needed + 3 && line.length + 4 > Math.ceil((count * 4) / 3);
}

/** The bytes of the first file in `bytes`; what stands around it is left out. */
export function decodeUuencoded(bytes: Buffer, limitBytes: number): Buffer {
  const text = bytes.toString("latin1");
  const begin = /^begin [0-7]{3,4} [^\n]*\n/m.exec(text);
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  let position = begin === null ? 0 : text.indexOf("\n", begin.index) + 1;
  while (position < text.length && sizeBytes < limitBytes) {
    const found = text.indexOf("\n", position);
    const lineEnd = found < 0 ? text.length : found;
    const line = text.slice(position, lineEnd).replace(/\r$/, "");
    position = lineEnd + 1;
    const count = line === "" || line.trimEnd() === "end" ? 0 : (line.charCodeAt(0) - 32) & 63;
    if (count === 0) break;
    pieces.push(decodeLine(line, count));
    sizeBytes += count;
  }
  const whole = Buffer.concat(pieces);
  return whole.length > limitBytes ? whole.subarray(0, limitBytes) : whole;
}

function decodeLine(line: string, count: number): Buffer {
  const decoded = Buffer.alloc(Math.ceil(count / 3) * 3);
  for (let group = 0; group * 3 < count; group++) {
    let bits = 0;
    for (let index = 1; index <= 4; index++) {
      const code = line.charCodeAt(group * 4 + index);
      bits = (bits << 6) | (Number.isNaN(code) ? 0 : (code - 32) & 63);
    }
    decoded.writeUIntBE(bits & 0xff_ffff, group * 3, 3);
  }
  return decoded.subarray(0, count);
}
