import type { Copy, Reach } from "#copies";
import { isRecoveryError } from "#errors";
import { diskCopy } from "#methods";
import type { CopyConfig, CopyKind } from "#policy";
import { initRepository, type Repository } from "#repository";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";
import { cacheFolder, ownFolder } from "./folders.ts";
import type { PasswordRole, PasswordSource } from "./passwords.ts";
import type { Site } from "./site.ts";
import { isElsewhere } from "./local-folder.ts";
import { lockWaitOf } from "./lock-wait.ts";
import { repositoryVariables } from "./repository-variables.ts";
import { openStorageAt, repositoryFolder } from "./storage-at.ts";
import { safeText } from "./text.ts";

/** Where a copy lies, before it is opened. */
export type CopyPlace = {
  /** Its name in the configuration, or its location. */
  readonly name: string;
  /** Absolute folder of the repository; on another machine as ssh://user@host/folder. */
  readonly folder: string;
  readonly reach: Reach;
  /** Where its password is, when the configuration says so. */
  readonly passwordSource?: PasswordSource | undefined;
  /** What the configuration says that lies there. Undefined: a repository, or what a look at the folder says. */
  readonly kind?: CopyKind;
};

/** A repository's copy, open. The repository is closed with it. */
export type OpenCopy = AsyncDisposable & {
  readonly place: CopyPlace;
  readonly repository: Repository;
  readonly copy: Copy;
};

/** The copy that a run works on: --copy, the environment, or the only one that the configuration has. */
export function copyPlace(context: CommandContext, site: Site): CopyPlace {
  const { arguments: typed, surroundings } = context;
  const fromEnvironment = repositoryVariables
    .map((name) => surroundings.environment[name])
    .find((value) => value !== undefined && value !== "");
  const named = typed.text("copy") ?? (site.copies.length > 0 ? undefined : fromEnvironment);
  return named === undefined ? onlyCopy(site) : namedPlace(named, { context, site });
}

/** A copy by its name in the configuration, or by where it lies. */
export function namedPlace(
  named: string,
  {
    context: { surroundings },
    site,
  }: { readonly context: Pick<CommandContext, "surroundings">; readonly site: Site },
): CopyPlace {
  const configured = site.copies.find(({ name }) => name === named) ?? otherPlace(named, site);
  if (configured !== undefined) return configured;
  const folder = repositoryFolder(named, surroundings.workingFolder);
  return {
    name: named,
    folder,
    reach: isElsewhere(folder) ? "near" : "at-hand",
  };
}

/** Replicas and tapes, which the configuration's list of repositories has not. */
function otherPlace(named: string, { config }: Site): CopyPlace | undefined {
  const found = config?.copies.find(({ name }) => name === named);
  if (found === undefined) return undefined;
  const { name, kind, location } = found;
  const folder = folderText(location);
  return { name, folder, kind, reach: location.at === "this machine" ? "at-hand" : "near" };
}

function folderText(location: CopyConfig["location"]): string {
  if (location.at === "this machine") return location.path;
  const { user, host, port, path } = location;
  return `ssh://${user}@${host}${port === undefined ? "" : `:${port}`}${path}`;
}

function onlyCopy({ copies, configurationPath }: Site): CopyPlace {
  const [first, ...others] = copies;
  if (first !== undefined && others.length === 0) return first;
  const atHand = copies.filter(({ reach }) => reach === "at-hand");
  if (atHand.length === 1) return atHand[0] as CopyPlace;
  if (first === undefined) {
    throw new CliError("cli.no-copy", "Cannot go on: no copy was named", {
      hint: `Say --copy REPO, set ${repositoryVariables[0]}, or write a configuration (\`restante config generate\`).`,
    });
  }
  throw new CliError(
    "cli.no-copy",
    `Cannot choose a copy of "${safeText(configurationPath ?? "")}": it has ${copies.map(({ name }) => safeText(name)).join(", ")}`,
    {
      hint: "Name one with --copy.",
    },
  );
}

export async function initCopy(
  context: CommandContext,
  place: CopyPlace,
): Promise<{ readonly id: string }> {
  const { surroundings, passwords } = context;
  const { signal } = surroundings;
  requireRepository(place, "make a repository of");
  signal.throwIfAborted();
  await using storage = await openStorageAt(place.folder, surroundings);
  const password = await passwords.password(place.folder, {
    isNew: true,
    source: place.passwordSource,
  });
  return await initRepository(storage, { password, signal });
}

/** `verb` is what a refusal says: some verbs work on repositories alone. */
export async function openCopy(
  context: CommandContext,
  site: Site,
  { verb }: { readonly verb?: string } = {},
): Promise<OpenCopy> {
  const place = copyPlace(context, site);
  requireRepository(place, verb);
  try {
    return await openCopyAt(place, context);
  } catch (error) {
    if (isOfPlace(error)) noteOthers(place, { context, site });
    throw error;
  }
}

/** The place is at fault, and not what was typed, or the person's wish to end. */
function isOfPlace(error: unknown): boolean {
  if (!isRecoveryError(error)) return false;
  return (
    /^(?:host|storage)\./.test(error.code) ||
    error.code === "repository.not-found" ||
    error.code === "repository.damaged"
  );
}

/** Whoever stands before a copy that is gone or out of reach is told where else the mail may be. */
function noteOthers(
  { folder }: CopyPlace,
  { context, site }: { readonly context: CommandContext; readonly site: Site },
): void {
  const others = site.copies.filter((copy) => copy.folder !== folder);
  if (others.length === 0) return;
  const names = others.map((copy) => `${safeText(copy.name)} (${safeText(copy.folder)})`);
  context.output.note(
    `The configuration has other copies; name one with --copy: ${names.join(", ")}`,
  );
}

/** Throws where a copy is of another kind than a verb works on. */
export function requireRepository({ name, kind }: CopyPlace, verb: string = "open"): void {
  if (kind === undefined || kind === "repository") return;
  const [what, hint] =
    kind === "replicas"
      ? [
          "a folder of replicas",
          "A capture drops what its rotation has too many; `restante verify`, `moments`, `ls` and `restore` read it.",
        ]
      : [
          "a tape library",
          "See `restante tape list`, and `restante tape verify`; `restante moments`, `ls` and `restore` read it.",
        ];
  throw new CliError(
    "cli.no-copy",
    `Cannot ${verb} "${safeText(name)}": it is ${what}, and this is for repositories`,
    { hint },
  );
}

export async function openCopyAt(
  place: CopyPlace,
  context: CommandContext,
  { role }: { readonly role?: PasswordRole } = {},
): Promise<OpenCopy> {
  const { surroundings, passwords, output } = context;
  const { signal, environment } = surroundings;
  requireRepository(place);
  const told = new Set<string>();
  signal.throwIfAborted();
  await using disposables = new AsyncDisposableStack();
  const storage = disposables.use(await openStorageAt(place.folder, surroundings));
  const password = await passwords.password(place.folder, { source: place.passwordSource, role });
  const repository = disposables.use(
    await surroundings.openRepository(storage, {
      password,
      cacheFolder: await ownFolder(cacheFolder(environment)),
      onDamagedSnapshot: ({ message }) => {
        if (!told.has(message)) output.warning(`a moment is lost: ${safeText(message)}`);
        told.add(message);
      },
      lockWait: lockWaitOf(context),
      signal,
    }),
  );
  const copy = diskCopy(repository, { name: place.name, reach: place.reach });
  const opened = disposables.move();
  return {
    place,
    repository,
    copy,
    [Symbol.asyncDispose]: async () => await opened.disposeAsync(),
  };
}
