import { mkdir, readdir } from "node:fs/promises";
import { systemErrorCode } from "#errors";
import { rawPathFromText } from "#image";
import { initClones, initDeltas, labelTape } from "#methods";
import type { CopyKind } from "#policy";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { type CopyPlace, initCopy } from "../copy-access.ts";
import type { Site } from "../site.ts";
import { isElsewhere } from "../local-folder.ts";
import { openLibraryAt } from "../tape/open-library.ts";
import { safeText } from "../text.ts";
import { kindOfMethod, methodNamed, type MethodWords } from "./method-words.ts";
import { libraryPlaceOf, replicasMethod } from "./open-any-copy.ts";

/** What was set up. */
export type Initialised =
  | { readonly kind: "repository"; readonly id: string }
  | { readonly kind: "replicas"; readonly method: MethodWords }
  | { readonly kind: "tape library"; readonly barcode: string };

/** Sets up a new copy of the kind that the configuration, or --method, says. Default: a repository. */
export async function initAnyCopy(
  place: CopyPlace,
  { context, site }: { readonly context: CommandContext; readonly site: Site },
): Promise<Initialised> {
  const typed = context.arguments.text("method");
  const method = typed === undefined ? undefined : methodNamed(typed);
  const kind = kindFor(place, method);
  if (kind === "repository") return { kind, ...(await initCopy(context, { ...place, kind })) };
  if (isElsewhere(place.folder))
    throw new CliError(
      "cli.no-copy",
      `Cannot set up "${safeText(place.name)}": replicas and tapes lie in a folder of this machine`,
      { hint: "Run this command on the machine that they are to lie on." },
    );
  if (kind === "tape library") return await initTapes(place, { context, site });
  return await initReplicas(place, { method, site });
}

function kindFor({ name, kind }: CopyPlace, method: MethodWords | undefined): CopyKind {
  const wanted = method === undefined ? undefined : kindOfMethod(method);
  if (kind === undefined || wanted === undefined || kind === wanted)
    return kind ?? wanted ?? "repository";
  throw new CliError(
    "cli.usage",
    `Cannot set "${safeText(name)}" up for ${method}: the configuration says that it is of kind ${kind}`,
    { hint: "Leave --method out, or name another copy." },
  );
}

async function initReplicas(
  place: CopyPlace,
  { method, site }: { readonly method: MethodWords | undefined; readonly site: Site },
): Promise<Initialised> {
  const words = method ?? replicasMethod(place, site);
  if (words === undefined)
    throw new CliError(
      "cli.usage",
      `Cannot set up "${safeText(place.name)}": no tier fills it, so nobody says by which method`,
      { hint: 'Say --method "rotation of clones", or "rotation of delta snapshots".' },
    );
  const known = methodNamed(words);
  const folder = rawPathFromText(place.folder);
  await (known === "rotation of clones" ? initClones : initDeltas)(folder);
  return { kind: "replicas", method: known };
}

const usualBarcodes = "RST";
/** Barcodes begin with six letters and digits. */
const barcodeLength = 6;

/** A library with its first tape, blank and labelled. */
async function initTapes(
  place: CopyPlace,
  { context, site }: { readonly context: CommandContext; readonly site: Site },
): Promise<Initialised> {
  const { now, signal } = context.surroundings;
  const library = libraryPlaceOf(place, site);
  await requireNoTapes(place);
  const prefix = library.config?.barcodes ?? usualBarcodes;
  const barcode = prefix + "1".padStart(Math.max(1, barcodeLength - prefix.length), "0");
  // The parent must be there: a library is not made on a disk that is not mounted.
  try {
    await mkdir(place.folder, { mode: 0o700 });
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw unusable(place, error);
  }
  await using opened = await openLibraryAt(library, { site, create: true });
  await opened.library.addVolume(barcode, signal);
  const { limits } = opened.rotation;
  await labelTape(opened.library, {
    barcode,
    ...(limits === undefined ? {} : { limits }),
    now,
    signal,
  });
  return { kind: "tape library", barcode };
}

async function requireNoTapes(place: CopyPlace): Promise<void> {
  let names: readonly string[];
  try {
    names = await readdir(place.folder);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return;
    throw unusable(place, error);
  }
  if (!names.some((name) => name.endsWith(".tap") || name === "state")) return;
  throw new CliError(
    "cli.no-target",
    `Cannot set up the tape library "${safeText(place.name)}": there is one in "${safeText(place.folder)}" already`,
    { hint: "Put another tape in with `restante tape label BARCODE --new`." },
  );
}

function unusable({ name, folder }: CopyPlace, cause: unknown): CliError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CliError(
    "cli.no-target",
    `Cannot set up the tape library "${safeText(name)}" in "${safeText(folder)}": ${safeText(reason)}`,
    { hint: "Check the path and its permissions, and that its disk is mounted.", cause },
  );
}
