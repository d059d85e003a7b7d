/**
 * Attachments that Dovecot stores apart from their message (mail_attachment_dir, "SIS"): where in
 * the message each belongs, and its bytes as they were sent (lib-storage/index/index-attachment.c).
 * Metadata line X has four words for each: offset in the whole message, size there, how it was
 * decoded ("-": not; "B76": base64 in lines of 76 characters; "C" before it: with CRLF), and its file.
 */
export type AttachmentReference = {
  /** In the message as it is read. */
  readonly offset: number;
  /** Of its bytes there. */
  readonly sizeBytes: number;
  /** Below the folder of attachments, one character per byte; sdbox has a longer name on disk. */
  readonly path: string;
  /** Absent: the file's bytes as they are. */
  readonly base64?: { readonly lineLength: number; readonly lineEnd: "\n" | "\r\n" };
};

const referenceLimit = 10_000;
const lineLengthLimit = 64 * 1024;

/** Undefined where the line is damaged. */
export function parseReferences(line: string): readonly AttachmentReference[] | undefined {
  const words = line.split(" ");
  if (words.length % 4 !== 0 || words.length / 4 > referenceLimit) return undefined;
  const references: AttachmentReference[] = [];
  let end = 0;
  for (let at = 0; at < words.length; at += 4) {
    const [offsetText = "", sizeText = "", how = "", path = ""] = words.slice(at, at + 4);
    const offset = decimal(offsetText);
    const sizeBytes = decimal(sizeText);
    const decoded = /^(?:-|(C?)(?:B([0-9]{1,6}))?)$/.exec(how);
    if (offset === undefined || sizeBytes === undefined || offset < end || decoded === null)
      return undefined;
    if (!isPathBelow(path)) return undefined;
    end = offset + sizeBytes;
    const lineLength = Number(decoded[2] ?? 0);
    if (lineLength % 4 !== 0 || lineLength > lineLengthLimit || how === "") return undefined;
    const lineEnd = decoded[1] === "C" ? "\r\n" : "\n";
    references.push({
      offset,
      sizeBytes,
      path,
      ...(lineLength === 0 ? {} : { base64: { lineLength, lineEnd } }),
    });
  }
  return references;
}

/** The file's name with sdbox, whose messages each have a link of their own: `hash-guid-mailbox-uid`. */
export function sdboxAttachmentPath(path: string, owner: { guid: string; uid: number }): string {
  const slash = path.lastIndexOf("/") + 1;
  const [hash = "", guid = ""] = path.slice(slash).split("-");
  return `${path.slice(0, slash)}${hash}-${guid}-${owner.guid}-${owner.uid}`;
}

/** The attachment's bytes as they were in the message; a line end after the last line is not among them. */
export async function* encodeAttachment(
  bytes: AsyncIterable<Uint8Array>,
  base64: AttachmentReference["base64"],
): AsyncGenerator<Uint8Array, void, undefined> {
  if (base64 === undefined) {
    yield* bytes;
    return;
  }
  const { lineEnd } = base64;
  const lineBytes = (base64.lineLength / 4) * 3;
  let held: Buffer = Buffer.alloc(0);
  let isFirst = true;
  const linesOf = (whole: Buffer): Buffer => {
    const lines: string[] = [];
    for (let at = 0; at < whole.length; at += lineBytes)
      lines.push(whole.toString("base64", at, Math.min(at + lineBytes, whole.length)));
    const text = lines.join(lineEnd);
    const start = isFirst ? "" : lineEnd;
    isFirst = false;
    return Buffer.from(start + text, "latin1");
  };
  for await (const piece of bytes) {
    held = held.length === 0 ? Buffer.from(piece) : Buffer.concat([held, piece]);
    const whole = held.length - (held.length % lineBytes);
    if (whole > 0) yield linesOf(held.subarray(0, whole));
    held = held.subarray(whole);
  }
  if (held.length > 0) yield linesOf(held);
}

function decimal(text: string): number | undefined {
  if (!/^[0-9]{1,15}$/.test(text)) return undefined;
  return Number(text);
}

/** A reference is a part of mail's storage, and yet must not lead out of its folder. */
function isPathBelow(path: string): boolean {
  if (path === "" || path.length > 1024 || path.includes("\0")) return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
