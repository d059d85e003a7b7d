import type { RecoveryPoint } from "#copies";
import { isRecoveryError, type RecoveryError } from "#errors";
import { displayPath, rootPath, walkImage } from "#image";
import { type TapeCopy, tapeCopy } from "#methods";
import { formatBytes, formatInstant } from "#time";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { momentJson, shortId } from "../moments.ts";
import type { Site } from "../site.ts";
import { plural, safeText } from "../text.ts";
import { chooseTapeMoment, wantedMoments } from "./choose-tape-moment.ts";
import { openLibrary } from "./open-library.ts";

type Verified = {
  readonly point: RecoveryPoint;
  readonly outcome: "whole" | "damaged" | "away";
  readonly files: number;
  readonly sizeBytes: number;
  /** What cannot be read; where it is away, why. */
  readonly damage: readonly string[];
};

/** `restante tape verify`: every byte of the moments whose tapes are in the library, against its digest. */
export async function run(context: CommandContext): Promise<ExitCode> {
  const { output, surroundings } = context;
  await using opened = await openLibrary(context);
  const { library, name, site } = opened;
  const copy = tapeCopy(library, { name });
  const all = await copy.moments(undefined, surroundings.signal);
  const choosing = { context, site, library: name };
  const points = context.arguments.has("at")
    ? [(await chooseTapeMoment(all, choosing)).point]
    : await wantedMoments(all, choosing);
  const results: Verified[] = [];
  for (const point of points) {
    const result = await verifyMoment(point, { copy, signal: surroundings.signal });
    results.push(result);
    await tell(result, { context, site });
  }
  const count = (outcome: Verified["outcome"]): number =>
    results.filter((result) => result.outcome === outcome).length;
  const counts = { whole: count("whole"), damaged: count("damaged"), away: count("away") };
  await output.document({
    type: "summary",
    verb: "tape verify",
    library: name,
    ok: counts.damaged === 0,
    ...counts,
  });
  await output.text(
    `${plural(counts.whole, "moment")} whole, ${counts.damaged} damaged, ${counts.away} not looked at since a tape is away\n`,
  );
  return counts.damaged > 0 ? exitCodes.failed : exitCodes.done;
}

async function verifyMoment(
  point: RecoveryPoint,
  { copy, signal }: { readonly copy: TapeCopy; readonly signal: AbortSignal },
): Promise<Verified> {
  let files = 0;
  let sizeBytes = 0;
  const damage: string[] = [];
  const result = (outcome: Verified["outcome"]): Verified => ({
    point,
    outcome,
    files,
    sizeBytes,
    damage,
  });
  try {
    await using image = await copy.open(point, signal);
    // What the moment itself says that it could not take is no damage of the tape.
    for await (const { path, entry } of walkImage(image, rootPath, { signal })) {
      if (entry.type !== "file") continue;
      try {
        for await (const bytes of image.read(path, { signal })) sizeBytes += bytes.length;
        files++;
      } catch (error) {
        signal.throwIfAborted();
        if (!isRecoveryError(error) || isHindrance(error)) throw error;
        damage.push(`${displayPath(path)}: ${error.message}`);
      }
    }
    // A set without its index lists what was found; how much there was nobody knows.
    if (point.files !== undefined && files + damage.length < point.files)
      damage.push(`${point.files} files were written, and ${files} are listed`);
  } catch (error) {
    signal.throwIfAborted();
    if (!isRecoveryError(error) || isHindrance(error)) throw error;
    damage.push(error.message);
    if (error.code === "methods.tape-not-at-hand") return result("away");
  }
  return result(damage.length === 0 ? "whole" : "damaged");
}

const hindrances: readonly string[] = [
  "methods.moment-gone",
  "methods.tape-busy",
  "methods.tape-library-unreachable",
  "methods.tape-no-drive",
  "methods.tape-no-volume",
  "methods.tape-state-unusable",
];

/** What says nothing of the tape: another run has it, or the library is out of reach. */
function isHindrance(error: RecoveryError): boolean {
  if (hindrances.includes(error.code)) return true;
  return isRecoveryError(error.cause) && isHindrance(error.cause);
}

async function tell(
  { point, outcome, files, sizeBytes, damage }: Verified,
  { context: { output }, site }: { readonly context: CommandContext; readonly site: Site },
): Promise<void> {
  await output.document({
    type: "moment",
    outcome,
    ...momentJson(point),
    filesRead: files,
    bytesRead: sizeBytes,
    damage,
  });
  const read = `${plural(files, "file")}, ${formatBytes(sizeBytes)} read`;
  await output.text(
    `${outcome}: ${shortId(point)} of ${formatInstant(point.atNs, site.zone)} (${safeText(point.group)}), ${read}\n`,
  );
  for (const text of damage) await output.text(`  ${safeText(text)}\n`);
}
