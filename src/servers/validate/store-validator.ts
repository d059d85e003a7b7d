import { displayPath, type Image, isImageError, type Validation } from "#image";
import { checkMessages, type CheckMessagesOptions } from "./check-messages.ts";
import { Findings } from "./findings.ts";
import { countsOf, type ListedMailbox, listStore } from "./store-listing.ts";
import type { ValidationRequest, Validator } from "./validator.ts";

const validatorName = "mail reader";
/** Changes when what is looked at does. */
const validatorVersion = "2";
/** What a frozen image may report and be whole all the same. */
const harmlessCodes: ReadonlySet<string> = new Set(["unsupported", "still-changing"]);
/** A server's locks come and go; none is to be in a copy. */
const lockName = /\.lock$/;

/**
 * Validates a store with our own reader, whichever layout it has: every mailbox lists, and every
 * message is whole: as long as the store says, with a header that a power cut has not torn. It knows
 * nothing of the server and needs nothing of it.
 */
export function storeValidator(): Validator {
  return { name: validatorName, validate };
}

async function validate(request: ValidationRequest): Promise<Validation> {
  const { image, clock, signal } = request;
  const findings = new Findings();
  const listed = await readStore(image, { findings, signal });
  return {
    validator: validatorName,
    version: validatorVersion,
    atNs: clock(),
    valid: findings.isEmpty,
    ...countsOf(listed),
    findings: findings.all(),
  };
}

/** Everything that our reader sees in a frozen store; what is wrong with it is among the findings. */
export async function readStore(
  image: Image,
  options: CheckMessagesOptions,
): Promise<readonly ListedMailbox[]> {
  const { findings, signal } = options;
  const listed: ListedMailbox[] = [];
  try {
    listed.push(...(await listStore(image, { findings, signal })));
    for (const mailbox of listed) await checkMessages(image, mailbox, options);
  } catch (error) {
    if (!isImageError(error) || error.code === "image.closed") throw error;
    findings.add(`${error.message}.`);
  }
  for (const { path, code, message } of image.problems)
    if (!harmlessCodes.has(code) && !lockName.test(path))
      findings.add(`"${displayPath(path)}": ${message}`);
  return listed;
}
