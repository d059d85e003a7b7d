import { type Image, isImageError, rawBaseName, type RawPath, displayPath } from "#image";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import type { MailAccount } from "../mail-store.ts";
import { openCyrusAccount } from "./cyrus-account.ts";
import { parseCyrusHeader } from "./cyrus-header.ts";
import { ownerOf, pathOfId, pathsOfName } from "./cyrus-name.ts";
import { type CyrusOptions, type CyrusSpool, holdsPath, type KnownMailbox } from "./cyrus-spool.ts";
import { readDatabase } from "./database.ts";
import { fileIn, headerLimitBytes, readIfThere } from "./mailbox-folder.ts";
import { type ListedMailbox, type MailboxList, readMailboxList } from "./mailbox-list.ts";
import { scanSpools } from "./spool-scan.ts";

export type FoundCyrus = {
  readonly configs: readonly RawPath[];
  /** Partition → folders of a few mailboxes in it. */
  readonly spools: ReadonlyMap<RawPath, readonly RawPath[]>;
  /** Partitions that were named: they belong together, and to the first configuration. */
  readonly given: ReadonlySet<RawPath>;
  readonly options: CyrusOptions;
};

type Opening = {
  readonly image: Image;
  readonly problems: MailProblem[];
  readonly signal: AbortSignal | undefined;
};

/** A million mailboxes or so. */
const listLimitBytes = 1024 * 1024 * 1024;

/** Every account of every Cyrus that was found. Throws nothing that one of them alone is to blame for. */
export async function openCyrusStores(
  opening: Opening,
  found: FoundCyrus,
): Promise<readonly MailAccount[]> {
  const servers: Server[] = [];
  for (const config of found.configs)
    servers.push({ config, list: await readList(opening, config), spools: [] });
  const alone: Server[] = [];
  for (const [spool, samples] of found.spools) {
    if (found.given.has(spool) && servers[0] !== undefined) servers[0].spools.push(spool);
    else {
      const server = await serverOf(opening, { servers, spool, samples });
      if (server !== undefined) server.spools.push(spool);
      else if (found.given.has(spool) && alone[0] !== undefined) alone[0].spools.push(spool);
      else alone.push({ config: undefined, list: undefined, spools: [spool] });
    }
  }
  const accounts: MailAccount[] = [];
  for (const server of [...servers, ...alone])
    accounts.push(...(await openServer(opening, server, found.options)));
  return accounts;
}

type Server = {
  readonly config: RawPath | undefined;
  /** Undefined where there is none. */
  readonly list: MailboxList | undefined;
  readonly spools: RawPath[];
};

async function readList(opening: Opening, config: RawPath): Promise<MailboxList | undefined> {
  const { image, problems, signal } = opening;
  const path = fileIn(config, "mailboxes.db");
  try {
    const bytes = await readIfThere(image, path, { limitBytes: listLimitBytes, signal });
    if (bytes === undefined) return undefined;
    const list = readMailboxList(readDatabase(bytes));
    for (const problem of list.problems)
      addProblem(problems, "index", `${displayPath(path)}: ${problem}`);
    return list;
  } catch (error) {
    if (!isImageError(error)) throw error;
    addProblem(problems, "index", error.message);
    return undefined;
  }
}

/** The server whose list knows a mailbox of the partition; where lists are damaged or missing, the nearest of those. */
async function serverOf(
  { image, signal }: Opening,
  {
    servers,
    spool,
    samples,
  }: {
    readonly servers: readonly Server[];
    readonly spool: RawPath;
    readonly samples: readonly RawPath[];
  },
): Promise<Server | undefined> {
  const ids = new Set<string>();
  for (const sample of samples) {
    ids.add(rawBaseName(sample));
    const path = fileIn(sample, "cyrus.header");
    const bytes = await readIfThere(image, path, { limitBytes: headerLimitBytes, signal }).catch(
      (error: unknown) => {
        if (isImageError(error)) return undefined;
        throw error;
      },
    );
    const id = bytes === undefined ? undefined : parseCyrusHeader(bytes).uniqueId;
    if (id !== undefined) ids.add(id);
  }
  const inners = new Set(
    samples.map((sample) => sample.slice(spool === "" ? 0 : spool.length + 1)),
  );
  const isKnown = ({ uniqueId, name, isByName }: ListedMailbox): boolean =>
    (uniqueId !== undefined && ids.has(uniqueId)) ||
    (isByName && pathsOfName(name).some((path) => inners.has(path)));
  const knowing = servers.find(
    ({ list }) =>
      list?.mailboxes.some(isKnown) === true ||
      [...ids].some((id) => list?.otherIds.has(id) === true),
  );
  if (knowing !== undefined) return knowing;
  const unsure = servers.filter(({ list }) => list === undefined || list.problems.length > 0);
  return unsure.toSorted(
    (a, b) => commonLength(b.config ?? "", spool) - commonLength(a.config ?? "", spool),
  )[0];
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

async function openServer(
  opening: Opening,
  { config, list, spools }: Server,
  options: CyrusOptions,
): Promise<readonly MailAccount[]> {
  const { image, problems, signal } = opening;
  const where = displayPath(config ?? spools[0] ?? ("" as RawPath));
  if (spools.length === 0)
    addProblem(
      problems,
      "index",
      `No partition was found that belongs to the mailboxes of "${where}"`,
    );
  const mailboxes = (list?.mailboxes ?? []).map(knownMailbox);
  if (list === undefined || list.problems.length > 0) {
    if (list === undefined)
      addProblem(
        problems,
        "index",
        `There is no mailboxes.db for "${where}": mailboxes are named as their own cyrus.header has it`,
      );
    // What the list says of an ID besides may be out of date where it is damaged: the folder is there.
    const ids = new Set(mailboxes.map(({ uniqueId }) => uniqueId));
    const paths = new Set(mailboxes.flatMap((mailbox) => mailbox.paths));
    for (const mailbox of await scanSpools(image, { spools, problems, signal })) {
      const isKnown =
        (mailbox.uniqueId !== undefined && ids.has(mailbox.uniqueId)) ||
        mailbox.paths.some((path) => paths.has(path));
      if (!isKnown) mailboxes.push(mailbox);
    }
  }
  const spool: CyrusSpool = {
    image,
    config,
    spools: spools.toSorted(),
    inboxIds: inboxIds(mailboxes),
    options,
  };
  const byOwner = Map.groupBy(
    mailboxes.filter(({ name }) => name?.deleted === undefined || options.withDeleted === true),
    ({ name }) => (name === undefined ? undefined : ownerOf(name)),
  );
  const owned = [...byOwner].map(([owner, own]) => ({ owner, mailboxes: own }));
  const path = options.around;
  const meant =
    path === undefined
      ? []
      : owned.filter((one) =>
          one.mailboxes.some((mailbox) => holdsPath(mailbox, { path, spools })),
        );
  return (meant.length > 0 ? meant : owned).map((one) => openCyrusAccount(spool, one));
}

function knownMailbox(listed: ListedMailbox): KnownMailbox {
  const { name, uniqueId, uidValidity, isByName } = listed;
  const byId = uniqueId === undefined ? [] : [pathOfId(uniqueId)];
  return {
    name,
    ...(uniqueId === undefined ? {} : { uniqueId }),
    ...(uidValidity === undefined ? {} : { uidValidity }),
    // Until a mailbox is moved it stays where it was: both are looked for, the likelier one first.
    paths: isByName ? [...pathsOfName(name), ...byId] : [...byId, ...pathsOfName(name)],
  };
}

function inboxIds(mailboxes: readonly KnownMailbox[]): ReadonlyMap<string, string> {
  const ids = new Map<string, string>();
  for (const { name, uniqueId } of mailboxes) {
    if (name === undefined || name.deleted !== undefined || name.folders.length > 0) continue;
    const owner = ownerOf(name);
    if (owner !== undefined && uniqueId !== undefined) ids.set(owner, uniqueId);
  }
  return ids;
}
