import {
  displayPath,
  type Image,
  isImageError,
  type Listing,
  rawBaseName,
  rawParent,
  type RawPath,
  type Validation,
} from "#image";
import { contentKindOf, type StoredMessage } from "#mail";
import { Findings } from "./findings.ts";
import { countsOf, type ListedMailbox, listMaildirs } from "./maildir-listing.ts";
import type { ValidationRequest, Validator } from "./validator.ts";

const validatorName = "Maildir reader";
/** Changes when what is looked at does. */
const validatorVersion = "1";
/** Enough for any header that a mail server takes; a longer one is not looked at to its end. */
const headBytes = 64 * 1024;
const readsAtOnce = 16;
/** What a frozen image may report and be whole all the same. */
const harmlessCodes: ReadonlySet<string> = new Set(["unsupported", "still-changing"]);
/** A server's locks come and go; none is to be in a copy. */
const lockName = /\.lock$/;

/**
 * Validates a store of Maildirs with our own reader: every mailbox lists, and every message file
 * is whole: as long as its name says, with a header that a power cut has not torn.
 */
export function maildirValidator(): Validator {
  return { name: validatorName, validate };
}

async function validate(request: ValidationRequest): Promise<Validation> {
  const { image, clock, signal } = request;
  const findings = new Findings();
  const listed: ListedMailbox[] = [];
  try {
    listed.push(...(await listMaildirs(image, { findings, signal })));
    for (const mailbox of listed) await checkMailbox(image, mailbox, { findings, signal });
  } catch (error) {
    if (!isImageError(error) || error.code === "image.closed") throw error;
    findings.add(`${error.message}.`);
  }
  for (const { path, code, message } of image.problems)
    if (!harmlessCodes.has(code) && !lockName.test(path))
      findings.add(`"${displayPath(path)}": ${message}`);
  return {
    validator: validatorName,
    version: validatorVersion,
    atNs: clock(),
    valid: findings.isEmpty,
    ...countsOf(listed),
    findings: findings.all(),
  };
}

type CheckOptions = {
  readonly findings: Findings;
  readonly signal: AbortSignal | undefined;
};

async function checkMailbox(
  image: Image,
  { messages }: ListedMailbox,
  { findings, signal }: CheckOptions,
): Promise<void> {
  const listings = new Map<RawPath, Listing>();
  for (let first = 0; first < messages.length; first += readsAtOnce) {
    signal?.throwIfAborted();
    const batch = messages.slice(first, first + readsAtOnce);
    for (const folder of new Set(batch.map(({ path }) => rawParent(path))))
      if (!listings.has(folder)) listings.set(folder, await image.list(folder, signal));
    const wrong = await Promise.all(
      batch.map((message) => {
        const listing = listings.get(rawParent(message.path)) as Listing;
        const fileBytes = listing.sizes[listing.indexOf(rawBaseName(message.path))] ?? 0;
        return whatIsWrong(image, message, { fileBytes, signal });
      }),
    );
    for (const [index, state] of wrong.entries()) {
      const path = (batch[index] as StoredMessage).path;
      if (state !== undefined) findings.add(`Message "${displayPath(path)}" ${state}.`);
    }
  }
}

async function whatIsWrong(
  image: Image,
  message: StoredMessage,
  { fileBytes, signal }: { readonly fileBytes: number; readonly signal: AbortSignal | undefined },
): Promise<string | undefined> {
  if (fileBytes === 0) return "is empty";
  let head: Buffer;
  try {
    const pieces: Uint8Array[] = [];
    const range = { lengthBytes: headBytes, ...(signal === undefined ? {} : { signal }) };
    for await (const piece of image.read(message.path, range)) pieces.push(piece);
    head = Buffer.concat(pieces);
  } catch (error) {
    if (!isImageError(error) || error.code === "image.closed") throw error;
    return `cannot be read: ${error.message}`;
  }
  // Compressed or encrypted by the server: S= is of what is inside.
  if (contentKindOf(message.path, head) !== "message") return undefined;
  if (message.sizeBytes !== fileBytes)
    return `has ${fileBytes} bytes, and its name says ${message.sizeBytes}`;
  return tornHeader(head, fileBytes);
}

/** A file that was cut off, or whose blocks never reached the disk and read as zeros. */
function tornHeader(head: Buffer, fileBytes: number): string | undefined {
  const ends = [head.indexOf("\n\n"), head.indexOf("\n\r\n")].filter((at) => at >= 0);
  const isEnded = ends.length > 0 || head[0] === 0x0a;
  const header = head.subarray(0, isEnded ? Math.min(...ends, head.length) : head.length);
  if (header.includes(0)) return "has zero bytes in its header, as a power cut leaves them";
  if (!isEnded && head.length === fileBytes && head.at(-1) !== 0x0a)
    return "ends in the middle of its header";
  return undefined;
}
