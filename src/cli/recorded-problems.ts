import type { RecoveryPoint } from "#copies";
import { findSnapshot } from "#copies";
import { isImageError, type RawPath, readAll } from "#image";
import type { Repository } from "#repository";

const manifestPath = ".restante/manifest.json" as RawPath;
const limitBytes = 4 * 1024 * 1024;

/** What of a manifest is used here. */
type Manifest = {
  readonly problem_count?: unknown;
  readonly problems?: unknown;
};

/**
 * Where a moment of a repository does not hold what was there, as its capture wrote down; "" where that
 * may be anywhere. A snapshot that another program wrote says nothing.
 */
export async function recordedProblems(
  repository: Repository,
  point: RecoveryPoint,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const snapshot = await findSnapshot(repository, point, signal);
  if (snapshot === undefined) return [];
  await using image = await repository.image(snapshot, { root: "/" as RawPath, signal });
  let manifest: Manifest;
  try {
    const bytes = await readAll(image, manifestPath, { limitBytes, signal });
    manifest = JSON.parse(Buffer.from(bytes).toString("utf8")) as Manifest;
  } catch (error) {
    if (isImageError(error, "image.not-found")) return [];
    // What cannot be read may say anything.
    if (isImageError(error) || error instanceof SyntaxError) return [""];
    throw error;
  }
  const listed = Array.isArray(manifest.problems) ? (manifest.problems as unknown[]) : [];
  const paths = listed.flatMap((problem) => pathOf(problem));
  const isCut = Number(manifest.problem_count ?? 0) > listed.length;
  return isCut ? [...paths, ""] : paths;
}

/** Sockets and devices are no mail. */
function pathOf(problem: unknown): readonly string[] {
  if (typeof problem !== "object" || problem === null) return [""];
  const { path, code } = problem as { readonly path?: unknown; readonly code?: unknown };
  if (code === "unsupported") return [];
  return [typeof path === "string" ? path : ""];
}
