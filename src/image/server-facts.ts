/**
 * What only the server's configuration says of a store: where it keeps the parts of a mailbox. Recorded
 * with each moment, so that a copy can be read years later by the places of its own time.
 */

/** Where the parts of one account lie. Templates of absolute paths, with Dovecot's variables: "/var/vmail/%d/%n". */
export type AccountPlaces = {
  /** The account's own folder: what it is told by. */
  readonly mail: string;
  readonly index?: string;
  readonly control?: string;
  readonly alt?: string;
  readonly attachments?: string;
  /** `DIRNAME=`: the folder of a mailbox that holds its messages. */
  readonly directoryName?: string;
};

export type ServerFacts = {
  /** The word of the configuration: "dovecot". */
  readonly server: string;
  /** Absolute folder of the server's machine that the Image shows. */
  readonly root: string;
  /** The first whose `mail` an account's folder fits has its places. */
  readonly places: readonly AccountPlaces[];
};

const mostPlaces = 10_000;
const longestText = 4096;
const keys = ["index", "control", "alt", "attachments"] as const;

/** As it is kept with a moment. */
export function serverFactsJson({ server, root, places }: ServerFacts): object {
  return {
    type: server,
    root,
    places: places.slice(0, mostPlaces).map(({ directoryName, ...place }) => ({
      ...place,
      ...(directoryName === undefined ? {} : { directory_name: directoryName }),
    })),
  };
}

/** Undefined where it is not as it was written: then nothing is known. */
export function parseServerFacts(value: unknown): ServerFacts | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { type, root, places } = value as Readonly<Record<string, unknown>>;
  if (!isText(type) || !isText(root) || !Array.isArray(places)) return undefined;
  if (places.length > mostPlaces) return undefined;
  const read = (places as readonly unknown[]).map(parsePlaces);
  const known = read.filter((place) => place !== undefined);
  return known.length === read.length ? { server: type, root, places: known } : undefined;
}

function parsePlaces(value: unknown): AccountPlaces | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  const { mail, directory_name: directoryName } = fields;
  if (!isText(mail)) return undefined;
  const place: Record<string, string> = {};
  for (const key of keys) {
    const text = fields[key];
    if (isText(text)) place[key] = text;
  }
  return { mail, ...place, ...(isText(directoryName) ? { directoryName } : {}) };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= longestText;
}
