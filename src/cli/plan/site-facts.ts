import { hostname } from "node:os";
import { resolve } from "node:path";
import { isRecoveryError } from "#errors";
import { type Equipment, mailServers, type MailServerId, type Measurement } from "#planner";
import { isServerName } from "#policy";
import { formatBytes } from "#time";
import type { CommandContext } from "../command.ts";
import { findStoreFacts, type StoreFacts } from "../doctor/store-facts.ts";
import { isInterruption } from "../exit-codes.ts";
import { stateFolder } from "../folders.ts";
import { readMeasurements } from "../measurements.ts";
import { openSite, type Site } from "../site.ts";
import { countText, plural, safeText } from "../text.ts";
import { fact, type Fact } from "./site-fact.ts";
import { findCurrency } from "./site-facts-currency.ts";
import {
  copyPlaces,
  findCopyFolder,
  findSnapshots,
  findTapeDrive,
  tapeDevice,
} from "./site-facts-equipment.ts";
import { findStoreFolder, storePlaces } from "./site-facts-folder.ts";
import { findStoreKind, type StoreKinds } from "./site-facts-kind.ts";

/** What was found out about a site by looking. What is missing could not be found. */
export type SiteFacts = {
  readonly name: Fact<string>;
  /** The store's folder, absolute. */
  readonly path?: Fact<string>;
  readonly kind?: Fact<MailServerId>;
  readonly mailBytes?: Fact<number>;
  readonly newPerDayBytes?: Fact<number>;
  readonly mailboxes?: Fact<number>;
  readonly has: readonly Fact<Equipment>[];
  /** A folder for copies on another device. */
  readonly copyPath?: Fact<string>;
  readonly currency: Fact<string>;
  readonly timeZone: Fact<string>;
  readonly measurements: Fact<readonly Measurement[]>;
  /** One sentence each, safe for a terminal: what could not be looked at. */
  readonly problems: readonly string[];
};

export type SiteFactsOptions = {
  /** The store, where a person named it; else it is looked for. */
  readonly folder?: string;
  /** Where to look; the usual places of a Unix system. */
  readonly places?: readonly string[];
  readonly copyPlaces?: readonly string[];
  readonly tapeDevice?: string;
  /** Of looking into the store, twice. Default: 200,000 files, 2000 folders, 3 seconds each. */
  readonly limits?: SiteFactsLimits;
};

export type SiteFactsLimits = {
  readonly files: number;
  readonly folders: number;
  readonly ms: number;
};

const defaultLimits: SiteFactsLimits = { files: 200_000, folders: 2000, ms: 3000 };

/**
 * Sensible answers for an interview, by looking: nothing is written, no program is run, and a store that is
 * too large for the limits is looked at in part. Throws only when the configuration cannot be read, and
 * when it is interrupted.
 */
export async function findSiteFacts(
  context: CommandContext,
  options: SiteFactsOptions = {},
): Promise<SiteFacts> {
  const { surroundings } = context;
  const { signal, environment, workingFolder } = surroundings;
  signal.throwIfAborted();
  const site = await openSite(context);
  const path = await findStoreFolder({
    ...(options.folder === undefined ? {} : { folder: options.folder }),
    workingFolder,
    configured: site.config?.servers.map((server) => server.path) ?? [],
    places: options.places ?? storePlaces,
    signal,
  });
  const store = path === undefined ? noStore : await lookInto(path.value, { context, options });
  const equipment = await findEquipment({ context, options, site, path, store });
  const { measurements, problems } = await readMeasurements(
    stateFolder(environment, { isRoot: process.geteuid?.() === 0 }),
  );
  return {
    name: findName(site),
    ...(path === undefined ? {} : { path }),
    ...store.facts,
    ...equipment,
    currency: findCurrency(environment),
    timeZone: fact(
      site.zone,
      site.config === undefined ? "of this machine" : "from the configuration",
    ),
    measurements: fact(
      measurements,
      `${plural(measurements.length, "figure")} measured on this machine`,
      problems.length === 0,
    ),
    problems: [...store.problems, ...problems.map(safeText)],
  };
}

function findName({ config }: Site): Fact<string> {
  const [server] = config?.servers ?? [];
  if (server !== undefined) return fact(server.name, "from the configuration");
  const [name = ""] = hostname().split(".");
  return isServerName(name)
    ? fact(name, "the name of this machine")
    : fact("mail", "the usual one: this machine's name cannot be a server's", false);
}

type StoreLook = {
  readonly facts: Pick<SiteFacts, "kind" | "mailBytes" | "newPerDayBytes" | "mailboxes">;
  readonly problems: readonly string[];
};

const noStore: StoreLook = { facts: {}, problems: [] };

type Looking = { readonly context: CommandContext; readonly options: SiteFactsOptions };

async function lookInto(folder: string, { context, options }: Looking): Promise<StoreLook> {
  const { now, clockMs, signal } = context.surroundings;
  const limits = options.limits ?? defaultLimits;
  try {
    const kinds = await findStoreKind(folder, { limits, clockMs, signal });
    const found = await findStoreFacts(folder, { limits, now, signal });
    return {
      facts: { ...kindFact(folder, kinds), ...sizeFacts(folder, { found, kinds }) },
      problems: found.problems.slice(0, shownProblems).map(safeText),
    };
  } catch (error) {
    signal.throwIfAborted();
    // The store may be another machine's: then everything is asked.
    if (!isRecoveryError(error) || isInterruption(error)) throw error;
    return { facts: {}, problems: [`${safeText(error.message)}.`] };
  }
}

const shownProblems = 3;

function kindFact(folder: string, kinds: StoreKinds): Pick<SiteFacts, "kind"> {
  const { kind, seen, folders, complete } = kinds;
  const shown = safeText(folder);
  const looked = `${plural(folders, "folder")} looked at`;
  if (kind === undefined)
    return {
      kind: fact<MailServerId>(
        "maildir",
        `assumed: nothing in ${shown} looks like a mail store that is known, ${looked}`,
        false,
      ),
    };
  const others = [...seen.keys()].filter((one) => one !== kind && isOther(kind, one));
  const besides =
    others.length === 0
      ? ""
      : `, and also ${others.map((one) => mailServers[one].name).join(", ")}`;
  const basis = `${shown} looks like ${mailServers[kind].name}${besides}; ${looked}`;
  return { kind: fact<MailServerId>(kind, basis, complete && others.length === 0) };
}

/** A server with Maildirs has some that it has not opened yet: no news. */
function isOther(kind: MailServerId, other: MailServerId): boolean {
  return !(other === "maildir" && (kind === "dovecot-maildir" || kind === "courier"));
}

function sizeFacts(
  folder: string,
  { found, kinds }: { readonly found: StoreFacts; readonly kinds: StoreKinds },
): Pick<SiteFacts, "mailBytes" | "newPerDayBytes" | "mailboxes"> {
  const { bytes, files, newBytesPerDay, days, complete } = found;
  const shown = safeText(folder);
  if (files === 0 || bytes === 0) return {};
  const mailboxes = mailboxCount({ found, kinds });
  const where = complete ? `found in ${shown}` : `seen of ${shown}, which is not all of it`;
  const counted = [
    ...(mailboxes === 0 ? [] : [plural(mailboxes, "mailbox", "mailboxes")]),
    plural(files, "file"),
    formatBytes(bytes),
  ].join(", ");
  const basis = `${where}: ${counted}`;
  const ofDays = `by the times of messages that are still there, of the last ${plural(days, "day")}`;
  return {
    mailBytes: fact(bytes, basis, complete),
    ...(newBytesPerDay === undefined
      ? {}
      : {
          newPerDayBytes: fact(
            Math.round(newBytesPerDay),
            complete ? ofDays : `${ofDays}; not all of ${shown} was looked at`,
            complete,
          ),
        }),
    ...(mailboxes === 0 ? {} : { mailboxes: fact(mailboxes, basis, complete) }),
  };
}

/** Owners of Maildirs, or the files of an mbox store where all of them were looked at. */
function mailboxCount({
  found,
  kinds,
}: {
  readonly found: StoreFacts;
  readonly kinds: StoreKinds;
}): number {
  if (kinds.kind !== "mbox") return found.mailboxes;
  const files = kinds.seen.get("mbox") ?? 0;
  return kinds.complete && files === found.files ? files : 0;
}

async function findEquipment({
  context,
  options,
  site,
  path,
  store,
}: Looking & {
  readonly site: Site;
  readonly path: Fact<string> | undefined;
  readonly store: StoreLook;
}): Promise<Pick<SiteFacts, "has" | "copyPath">> {
  const { arguments: typed, surroundings } = context;
  const { signal, workingFolder } = surroundings;
  const tape = await findTapeDrive(options.tapeDevice ?? tapeDevice);
  const has: (Fact<Equipment> | undefined)[] = [tape];
  let copyPath: Fact<string> | undefined;
  if (path !== undefined) {
    const named = typed.text("copy");
    copyPath = await findCopyFolder({
      store: path.value,
      mailBytes: store.facts.mailBytes?.value ?? 0,
      places: [
        ...(named === undefined ? [] : [resolve(workingFolder, named)]),
        ...site.copies.map(({ folder }) => folder),
        ...(options.copyPlaces ?? copyPlaces),
      ],
      signal,
    });
    if (copyPath !== undefined)
      has.push(fact<Equipment>("disk for copies", copyPath.basis, copyPath.complete));
    has.push(await findSnapshots(path.value));
  }
  return {
    has: has.filter((one) => one !== undefined),
    ...(copyPath === undefined ? {} : { copyPath }),
  };
}

/** "40 mailboxes" and the like for a first line: what was found in a few words. */
export function factsText(facts: SiteFacts): string {
  const { path, kind, mailBytes, mailboxes } = facts;
  if (path === undefined) return "No mail store was found in the usual places.";
  if (mailBytes === undefined) return `${safeText(path.value)}: nothing could be counted there.`;
  const what = kind === undefined ? "" : `${mailServers[kind.value].name}, `;
  const owners = mailboxes === undefined ? "" : `${countText(mailboxes.value)} mailboxes, `;
  return `${safeText(path.value)}: ${what}${owners}${formatBytes(mailBytes.value)}${mailBytes.complete ? "" : " at least"}.`;
}
