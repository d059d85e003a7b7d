/** One header field as it stands, with its folded lines and last line end. */
export type Field = { readonly name: string; readonly text: string };

export type SplitMail = { readonly fields: readonly Field[]; readonly body: string };

const CONTENT_FIELDS = new Set([
  "content-type",
  "content-transfer-encoding",
  "content-disposition",
]);

/** Header fields and body of a message in latin1, one char a byte. */
export function splitMail(message: Buffer): SplitMail {
  const text = message.toString("latin1").replaceAll("\r\n", "\n");
  const end = text.indexOf("\n\n");
  const head = end < 0 ? text : text.slice(0, end + 1);
  const fields: Field[] = [];
  for (const line of head.split(/(?<=\n)/)) {
    const last = fields.at(-1);
    if (/^[ \t]/.test(line) && last !== undefined) {
      fields[fields.length - 1] = { name: last.name, text: last.text + line };
    } else {
      fields.push({ name: line.slice(0, line.indexOf(":")).toLowerCase(), text: line });
    }
  }
  return { fields, body: end < 0 ? "" : text.slice(end + 2) };
}

export function isContentField(field: Field): boolean {
  return CONTENT_FIELDS.has(field.name);
}

export type Attachment = {
  readonly name: string;
  readonly type: string;
  readonly bytes: Buffer;
};

/** The message with its body as the first part of a multipart/mixed and the attachments, base64, after it. */
export function attach(
  message: Buffer,
  {
    attachments,
    boundary,
  }: { readonly attachments: readonly Attachment[]; readonly boundary: string },
): Buffer {
  const { fields, body } = splitMail(message);
  const kept = fields.filter((field) => !isContentField(field) && field.name !== "mime-version");
  const content = fields.filter(isContentField);
  const head =
    kept.map((field) => field.text).join("") +
    `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="${boundary}"\n\n` +
    `--${boundary}\n${content.map((field) => field.text).join("")}\n${body}\n`;
  const parts = attachments.map(
    ({ name, type, bytes }) =>
      `--${boundary}\nContent-Type: ${type}; name="${name}"\nContent-Transfer-Encoding: base64\n` +
      `Content-Disposition: attachment; filename="${name}"\n\n${toBase64Lines(bytes)}`,
  );
  return Buffer.from(`${head}${parts.join("")}--${boundary}--\n`, "latin1");
}

/** RFC 2045 §6.8: lines of 76. */
function toBase64Lines(bytes: Buffer): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 57) {
    lines.push(bytes.toString("base64", at, Math.min(at + 57, bytes.length)));
  }
  return `${lines.join("\n")}\n`;
}
