/** One message as text for a person: decoded, and safe for a terminal whatever is in it. */
import {
  attachmentsOf,
  decodePart,
  extractText,
  type MailAddress,
  type MessageText,
  type MimePart,
  readMime,
  textOf,
} from "#mail";
import { formatBytes, formatInstant } from "#time";
import { plural, safeDocument, safeText, tableText } from "./text.ts";

/** More addresses of one field are counted, not listed; `--headers` has all. */
const listedAddresses = 40;
/** Of one message's text, in characters. */
const shownTextLimit = 4 * 1024 * 1024;

export type ReadMessage = {
  readonly root: MimePart;
  readonly known: MessageText;
};

/** Links stand beside what is shown of them: where one leads must be seen before anybody follows it. */
export function readMessage(bytes: Uint8Array): ReadMessage {
  const { root, problems } = readMime(bytes, { valueLimitBytes: 64 * 1024 });
  const known = textOf(root, {
    links: true,
    textLimit: shownTextLimit,
    problems: [...problems],
  });
  return { root, known };
}

const telling: ReadonlySet<string> = new Set(
  "from to subject date message-id received return-path delivered-to mime-version content-type".split(
    " ",
  ),
);

/** Whether the bytes are a message at all, and not some other file of the store. */
export function isMessage({ root }: ReadMessage): boolean {
  return root.fields.some(({ name }) => telling.has(name.toLowerCase()));
}

/** Who wrote to whom, when, about what, with which files; then the text. */
export function messageAsText(message: ReadMessage, { zone }: { readonly zone: string }): string {
  const { known } = message;
  const date = message.root.fields.find(({ name }) => name.toLowerCase() === "date");
  const rows: (readonly [string, string])[] = [
    ["From:", addressesText(known.from)],
    ["Reply-To:", addressesText(known.replyTo)],
    ["To:", addressesText(known.to)],
    ["Cc:", addressesText(known.cc)],
    ["Bcc:", addressesText(known.bcc)],
    [
      "Date:",
      known.dateMs === undefined
        ? safeText(date?.value ?? "")
        : formatInstant(BigInt(known.dateMs) * 1_000_000n, zone),
    ],
    ["Subject:", safeText(oneLine(known.subject))],
  ];
  const head = tableText(rows.filter(([, value]) => value !== ""));
  const body = safeDocument(known.bodyText)
    .replace(/^(?:[ \t]*\n)+/, "")
    .trimEnd();
  const cut = known.isBodyCut ? "\n[the text goes on; --raw has all of it]\n" : "";
  return `${head}${attachmentsText(message)}\n${body === "" ? "" : `${body}\n`}${cut}`;
}

function addressesText(addresses: readonly MailAddress[]): string {
  const shown = addresses.slice(0, listedAddresses).map(addressText).join(", ");
  const more = addresses.length - listedAddresses;
  return more > 0 ? `${shown} and ${plural(more, "more", "more")}` : shown;
}

function addressText({ name, address }: MailAddress): string {
  if (name === "") return safeText(oneLine(address));
  const shown = safeText(oneLine(name));
  return address === "" ? shown : `${shown} <${safeText(oneLine(address))}>`;
}

function oneLine(text: string): string {
  return text.replace(/[\r\n\t]+/g, " ");
}

function attachmentsText({ root, known }: ReadMessage): string {
  const rows = attachmentsOf(root).map(({ part, isIncidental }) => [
    `  ${part.section}`,
    safeText(nameOf(part)),
    safeText(part.type),
    formatBytes(decodePart(part).length),
    isIncidental ? "(part of the text, or a signature)" : "",
  ]);
  const named = new Set(attachmentsOf(root).map(({ part }) => part.fileName));
  for (const name of known.attachmentNames) {
    if (!named.has(name))
      rows.push(["  -", safeText(name), "", "", "(within the text; --raw has it)"]);
  }
  return rows.length === 0 ? "" : `${plural(rows.length, "attachment")}:\n${tableText(rows)}`;
}

/** An embedded message is called by its subject. */
export function nameOf(part: MimePart): string {
  if (part.fileName !== undefined) return part.fileName;
  const [embedded] = part.parts;
  if (embedded === undefined || !part.type.startsWith("message/")) return "(without a name)";
  const { subject } = extractText(embedded.source.subarray(embedded.start, embedded.bodyStart));
  return subject === "" ? "(a message without a subject)" : oneLine(subject).slice(0, 200);
}

/** The parts that can be taken out, for programs. */
export function partsJson({ root }: ReadMessage): readonly object[] {
  const attachments = new Map(
    attachmentsOf(root).map(({ part, isIncidental }) => [part, isIncidental]),
  );
  return takeableParts(root).map((part) => {
    const { section, type, charset, disposition, fileName, contentId } = part;
    const isIncidental = attachments.get(part);
    return {
      section,
      type,
      ...(charset === "" ? {} : { charset }),
      ...(disposition === undefined ? {} : { disposition }),
      ...(fileName === undefined ? {} : { fileName }),
      ...(contentId === undefined ? {} : { contentId }),
      sizeBytes: decodePart(part).length,
      isAttachment: isIncidental !== undefined,
      ...(isIncidental === undefined ? {} : { isIncidental }),
    };
  });
}

/** Leaves, and embedded messages as a whole; not what only holds other parts. */
export function takeableParts(root: MimePart): readonly MimePart[] {
  const isTakeable = root.parts.length === 0 || root.type.startsWith("message/");
  return [...(isTakeable ? [root] : []), ...root.parts.flatMap(takeableParts)];
}
