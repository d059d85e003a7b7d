import type { Copy, Reach } from "#copies";
import { diskCopy } from "#methods";
import { initRepository, type Repository } from "#repository";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";
import { cacheFolder, ownFolder } from "./folders.ts";
import type { PasswordRole, PasswordSource } from "./passwords.ts";
import type { Site } from "./site.ts";
import { isElsewhere, openStorageAt, repositoryFolder } from "./storage-at.ts";
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
};

/** An open copy. The repository is closed with it. */
export type OpenCopy = AsyncDisposable & {
  readonly place: CopyPlace;
  readonly repository: Repository;
  readonly copy: Copy;
};

/** Variables that name a repository, first wins; restic's so that its users need nothing new. */
export const repositoryVariables = ["RESTANTE_REPOSITORY", "RESTIC_REPOSITORY"] as const;

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
  const configured = site.copies.find(({ name }) => name === named);
  if (configured !== undefined) return configured;
  const folder = repositoryFolder(named, surroundings.workingFolder);
  return {
    name: named,
    folder,
    reach: isElsewhere(folder) ? "near" : "at-hand",
  };
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
  signal.throwIfAborted();
  await using storage = await openStorageAt(place.folder, surroundings);
  const password = await passwords.password(place.folder, {
    isNew: true,
    source: place.passwordSource,
  });
  return await initRepository(storage, { password, signal });
}

export async function openCopy(context: CommandContext, site: Site): Promise<OpenCopy> {
  const place = copyPlace(context, site);
  return await openCopyAt(place, context);
}

export async function openCopyAt(
  place: CopyPlace,
  { surroundings, passwords, output }: CommandContext,
  { role }: { readonly role?: PasswordRole } = {},
): Promise<OpenCopy> {
  const { signal, environment } = surroundings;
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
