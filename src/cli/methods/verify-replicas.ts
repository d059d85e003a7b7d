import type { RecoveryPoint } from "#copies";
import { isRecoveryError } from "#errors";
import { displayPath, rootPath } from "#image";
import type { ReplicaCopy, ReplicaVerification } from "#methods";
import { formatBytes, toRfc3339Nano } from "#time";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { shortId } from "../moments.ts";
import { plural, safeText } from "../text.ts";

/** Holds every replica of a folder against the listing of what was kept; what is damaged is no longer chosen. */
export async function verifyReplicas(
  copy: ReplicaCopy,
  { output, surroundings }: CommandContext,
): Promise<ExitCode> {
  const { signal } = surroundings;
  const points = await copy.moments(undefined, signal);
  const progress = output.progress(surroundings.clockMs);
  let files = 0;
  let bytesRead = 0;
  let errors = 0;
  for (const [done, point] of points.entries()) {
    signal.throwIfAborted();
    progress.update({ label: "verify", unit: "moments", done, total: points.length });
    const found = await verifyOne(copy, point, signal);
    files += found.files;
    bytesRead += found.bytesHashed;
    for (const { path, message } of found.damage) {
      errors++;
      const where = path === "" ? "" : ` ${displayPath(path)}:`;
      const told = `moment ${shortId(point)} (${point.group}):${where} ${message}`;
      await output.document({
        type: "finding",
        severity: "error",
        moment: point.id,
        message: told,
      });
      await output.text(`${output.style("red", "error")}: ${safeText(told)}\n`);
    }
  }
  progress.finish();
  await output.document({
    type: "summary",
    verb: "verify",
    ok: errors === 0,
    copy: copy.name,
    method: copy.method,
    moments: points.length,
    files,
    bytesRead,
    errors,
    at: toRfc3339Nano(surroundings.now()),
  });
  const verdict =
    errors === 0
      ? output.style("green", "whole")
      : output.style("red", `${plural(errors, "error")}: not every moment can be recovered whole`);
  await output.text(
    `${verdict} (${plural(points.length, "moment")}, ${plural(files, "file")}; ${formatBytes(bytesRead)} read and hashed)\n`,
  );
  return errors === 0 ? exitCodes.done : exitCodes.failed;
}

/** A replica whose record cannot be read is damage too, and does not end the look at the others. */
async function verifyOne(
  copy: ReplicaCopy,
  point: RecoveryPoint,
  signal: AbortSignal,
): Promise<Pick<ReplicaVerification, "files" | "bytesHashed" | "damage">> {
  try {
    return await copy.verify(point, signal);
  } catch (error) {
    if (!isRecoveryError(error)) throw error;
    return { files: 0, bytesHashed: 0, damage: [{ path: rootPath, message: `${error.message}.` }] };
  }
}
