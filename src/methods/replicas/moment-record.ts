/** moment.json: what is known of one replica. Written last and durably: with it the moment exists. */
import { damagedTag, type Loss, losses, type RecoveryPoint } from "#copies";
import {
  consistencies,
  type Consistency,
  type Evidence,
  type ImageProblem,
  parseServerFacts,
  type RawPath,
  type ServerFacts,
  serverFactsJson,
  type Volume,
} from "#image";
import { momentFileName } from "./moment-name.ts";
import { readIn, writeIn } from "./raw-files.ts";
import { damaged, reasonOf } from "./replica-error.ts";

export type MomentRecord = {
  readonly version: 1;
  readonly group: string;
  readonly generation: string;
  readonly sequence: number;
  /** The instant it stands for, and the first at which bytes were looked at. */
  readonly atNs: bigint;
  readonly fromNs: bigint;
  readonly consistency: Consistency;
  /** The store's folder on its machine, as text. */
  readonly path: string;
  /** Where several folders were captured: these, and `path` is "/". */
  readonly paths?: readonly string[];
  readonly hostname: string;
  readonly tags: readonly string[];
  readonly volumes: readonly Volume[];
  /** A snapshot's container, which its provider opens and removes, or plain files. */
  readonly form: "snapshot" | "files";
  /** What made it: a provider's name, or "copy of the image". */
  readonly provider: string;
  /** Whether it shares unchanged blocks with production. */
  readonly shared: boolean;
  readonly survives: readonly Loss[];
  readonly files: number;
  readonly sizeBytes: number;
  /** Of the listing of what was kept. */
  readonly listingDigest: string;
  readonly problems: readonly ImageProblem[];
  readonly evidence?: Evidence;
  readonly serverFacts?: ServerFacts;
  /** Last time it was found whole. */
  readonly verifiedAtNs: bigint;
  /** Set by a verification that found damage. */
  readonly damage?: string;
};

const keptProblems = 10_000;

export async function writeMoment(folder: RawPath, record: MomentRecord): Promise<void> {
  const { serverFacts } = record;
  const bounded = {
    ...record,
    problems: record.problems.slice(0, keptProblems),
    ...(serverFacts === undefined ? {} : { serverFacts: serverFactsJson(serverFacts) }),
  };
  const text = JSON.stringify(
    bounded,
    (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value),
    1,
  );
  await writeIn(folder, momentFileName, { bytes: Buffer.from(`${text}\n`) });
}

/** Undefined where there is none: then there is no moment. Throws `methods.replica-damaged`. */
export function readMoment(folder: RawPath): MomentRecord | undefined {
  let text: string | undefined;
  try {
    text = readIn(folder, momentFileName);
  } catch (error) {
    throw damaged(folder, `its record cannot be read (${reasonOf(error)})`, error);
  }
  if (text === undefined) return undefined;
  const record = parseMoment(text);
  if (record === undefined) throw damaged(folder, "its record is not as it was written");
  return record;
}

function parseMoment(text: string): MomentRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text, (key, field: unknown) =>
      key.endsWith("Ns") && typeof field === "string" && /^-?\d{1,20}$/.test(field)
        ? BigInt(field)
        : field,
    );
  } catch {
    return undefined;
  }
  if (!isMoment(value)) return undefined;
  const { serverFacts: written, ...record } = value;
  const serverFacts = parseServerFacts(written);
  return { ...record, ...(serverFacts === undefined ? {} : { serverFacts }) };
}

function isMoment(value: unknown): value is MomentRecord {
  if (typeof value !== "object" || value === null) return false;
  const field = value as Partial<Record<keyof MomentRecord, unknown>>;
  const { version, group, generation, sequence, path, hostname, tags, volumes, problems } = field;
  const { form, provider, survives, files, sizeBytes, listingDigest, evidence, damage } = field;
  return (
    version === 1 &&
    [group, generation, path, hostname, provider, listingDigest].every(isText) &&
    [sequence, files, sizeBytes].every((number) => Number.isSafeInteger(number)) &&
    [field.atNs, field.fromNs, field.verifiedAtNs].every((time) => typeof time === "bigint") &&
    consistencies.includes(field.consistency as Consistency) &&
    (form === "snapshot" || form === "files") &&
    typeof field.shared === "boolean" &&
    isListOf(tags, isText) &&
    (field.paths === undefined || isListOf(field.paths, isText)) &&
    isListOf(survives, (loss) => losses.includes(loss as Loss)) &&
    isListOf(volumes, (volume) => hasTexts(volume, ["id", "role", "root"])) &&
    isListOf(problems, (problem) => hasTexts(problem, ["path", "code", "message"])) &&
    (damage === undefined || isText(damage)) &&
    (evidence === undefined || isEvidence(evidence))
  );
}

function isEvidence(value: unknown): boolean {
  const { validations, rejected } = value as Partial<Record<keyof Evidence, unknown>>;
  return (
    hasTexts(value, ["provider", "kind"]) &&
    isListOf(validations, (one) => hasTexts(one, ["validator", "version"])) &&
    isListOf(rejected, (one) => hasTexts(one, ["reason"]))
  );
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function hasTexts(value: unknown, keys: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return keys.every((key) => isText((value as Readonly<Record<string, unknown>>)[key]));
}

function isListOf(value: unknown, isOne: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every((item) => isOne(item));
}

export function pointOf(id: string, record: MomentRecord): RecoveryPoint {
  const { group, sequence, generation, atNs, consistency, path, hostname, tags } = record;
  const { paths = [path] } = record;
  const { files, sizeBytes, volumes, survives, evidence, damage } = record;
  const validated = evidence?.validations.filter(({ valid }) => valid) ?? [];
  return {
    id,
    group,
    sequence,
    generation,
    atNs,
    consistency,
    paths,
    hostname,
    tags: damage === undefined ? tags : [...tags, damagedTag],
    files,
    sizeBytes,
    volumeIds: volumes.map((volume) => volume.id),
    survives,
    validatedBy: validated.map(({ validator }) => validator),
  };
}
