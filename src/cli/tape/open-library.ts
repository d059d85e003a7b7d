import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { systemErrorCode } from "#errors";
import { openVirtualTapeLibrary, type TapeRotation, type VirtualTapeLibrary } from "#methods";
import type { TapeLibraryConfig } from "#policy";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { openSite, type Site, type SiteGroup } from "../site.ts";
import { safeText } from "../text.ts";

/** A tape library as a run uses it. It is closed with it. */
export type OpenLibrary = AsyncDisposable & {
  /** Its name in the configuration, or its folder. */
  readonly name: string;
  readonly folder: string;
  readonly library: VirtualTapeLibrary;
  readonly rotation: TapeRotation;
  readonly site: Site;
  /** Groups of the configuration that are backed up to it. */
  readonly groups: readonly SiteGroup[];
  /** Where tapes are put that leave, as the configuration says; it must be there. */
  readonly vaultFolder?: string;
};

export type LibraryPlace = Pick<OpenLibrary, "name" | "folder" | "groups" | "vaultFolder"> & {
  readonly config?: TapeLibraryConfig;
};

/**
 * The library that a run works on: --library, or the only one of the configuration. `create` makes the folder of a new
 * one; else a folder without tapes is refused: it may be a disk that is not mounted.
 */
export async function openLibrary(
  context: CommandContext,
  { create = false }: { readonly create?: boolean } = {},
): Promise<OpenLibrary> {
  const site = await openSite(context);
  return await openLibraryAt(libraryPlace(context, site), { site, create });
}

/** The same of a library that is known. */
export async function openLibraryAt(
  place: LibraryPlace,
  { site, create = false }: { readonly site: Site; readonly create?: boolean },
): Promise<OpenLibrary> {
  const { name, folder, config, groups, vaultFolder } = place;
  if (!create) await requireLibrary(place);
  const hasVault = vaultFolder !== undefined && (await isFolder(vaultFolder));
  const library = await openVirtualTapeLibrary(folder, {
    ...(config?.capacityBytes === undefined ? {} : { capacityBytes: config.capacityBytes }),
    ...(hasVault ? { outsideFolder: vaultFolder } : {}),
  });
  return {
    name,
    folder,
    library,
    site,
    groups,
    rotation: await rotationOf(place),
    ...(vaultFolder === undefined ? {} : { vaultFolder }),
    [Symbol.asyncDispose]: async () => await library[Symbol.asyncDispose](),
  };
}

/** Throws where tapes would be put out into, or taken in from, a vault's folder that is not there. */
export async function requireVaultFolder({
  name,
  vaultFolder,
}: Pick<OpenLibrary, "name" | "vaultFolder">): Promise<void> {
  if (vaultFolder === undefined || (await isFolder(vaultFolder))) return;
  throw new CliError(
    "cli.no-target",
    `Cannot move tapes of "${safeText(name)}": the vault's folder "${safeText(vaultFolder)}" is not there`,
    { hint: "Mount its disk, or make the folder." },
  );
}

function libraryPlace(context: CommandContext, site: Site): LibraryPlace {
  const named = context.arguments.text("library");
  const known = (site.config?.copies ?? []).filter(
    (copy) => copy.kind === "tape library" && copy.layer === "operational",
  ) as readonly TapeLibraryConfig[];
  const [only, ...others] = known;
  const configured = known.find(({ name }) => name === named);
  if (configured !== undefined) return configuredPlace(configured, site);
  if (named !== undefined) {
    const folder = resolve(context.surroundings.workingFolder, named);
    const same = known.find(({ location }) => folderOf(location) === folder);
    return same === undefined ? { name: named, folder, groups: [] } : configuredPlace(same, site);
  }
  if (only !== undefined && others.length === 0) return configuredPlace(only, site);
  throw new CliError(
    "cli.no-copy",
    only === undefined
      ? "Cannot go on: no tape library was named"
      : `Cannot choose a tape library of "${safeText(site.configurationPath ?? "")}": it has ${known.map(({ name }) => safeText(name)).join(", ")}`,
    { hint: "Name one with --library FOLDER." },
  );
}

/** A library of the configuration, with the groups that are backed up to it, and its vault. */
export function configuredPlace(config: TapeLibraryConfig, site: Site): LibraryPlace {
  const { name, location } = config;
  const folder = folderOf(location);
  if (folder === undefined)
    throw new CliError(
      "cli.no-copy",
      `Cannot open the tape library "${safeText(name)}": it is on another host`,
      { hint: "Run this command there." },
    );
  const groups = site.groups.filter(({ methods }) => methods.some(({ copy }) => copy === name));
  const vaults = groups.flatMap(({ disaster }) =>
    disaster?.method === "move backup tapes offsite" && disaster.from === name
      ? (folderOf(disaster.filled.location) ?? [])
      : [],
  );
  const vaultFolder = vaults[0];
  const vault = vaultFolder === undefined ? {} : { vaultFolder };
  return { name, folder, config, groups, ...vault };
}

function folderOf(location: TapeLibraryConfig["location"]): string | undefined {
  return location.at === "this machine" ? resolve(location.path) : undefined;
}

async function requireLibrary({ name, folder }: LibraryPlace): Promise<void> {
  const refuse = (why: string, cause?: unknown): CliError =>
    new CliError("cli.no-target", `Cannot open the tape library "${safeText(name)}": ${why}`, {
      hint: "Check the path, and that its disk is mounted; a new one begins with `restante tape label BARCODE --new`.",
      ...(cause === undefined ? {} : { cause }),
    });
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT")
      throw refuse(`"${safeText(folder)}" is not there`, error);
    const reason = error instanceof Error ? error.message : "it cannot be listed";
    throw refuse(safeText(reason), error);
  }
  if (names.some((each) => each.endsWith(".tap"))) return;
  if (names.includes("state") && (await isFolder(join(folder, "state")))) return;
  throw refuse(`there are no tapes in "${safeText(folder)}"`);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT" || systemErrorCode(error) === "ENOTDIR") return false;
    throw error;
  }
}

/** One rule for all that is on the library's tapes: what any of its groups keeps is kept. */
async function rotationOf({ name, groups, config }: LibraryPlace): Promise<TapeRotation> {
  const limits = config?.safeUses === undefined ? {} : { limits: { passes: config.safeUses } };
  // The policy room is loaded only where there is a configuration.
  if (groups.length === 0) return limits;
  const { tapeKeepOf } = await import("#policy");
  const rules = groups.flatMap(({ methods }) =>
    methods.filter(({ copy }) => copy === name).map(({ keep }) => tapeKeepOf(keep)),
  );
  const isForEver = rules.some(
    ({ keepDays, keepLast }) => keepDays === undefined && keepLast === undefined,
  );
  if (isForEver) return limits;
  const days = rules.flatMap(({ keepDays }) => keepDays ?? []);
  const counts = rules.flatMap(({ keepLast }) => keepLast ?? []);
  return {
    ...limits,
    ...(days.length === 0 ? {} : { keepDays: Math.max(...days) }),
    ...(counts.length === 0 ? {} : { keepLast: Math.max(...counts) }),
  };
}
