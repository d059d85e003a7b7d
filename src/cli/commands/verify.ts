import { formatBytes } from "#time";
import type { CommandContext } from "../command.ts";
import { copyPlace, openCopy } from "../copy-access.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { kindAt, openAnyCopy, verifyReplicas } from "../methods/index.ts";
import { openSite } from "../site.ts";
import { plural, safeText } from "../text.ts";

export async function run(context: CommandContext): Promise<ExitCode> {
  const { output, surroundings } = context;
  const readData = context.arguments.has("read-data");
  const site = await openSite(context);
  const place = copyPlace(context, site);
  if (kindAt(place) === "replicas") {
    await using copy = await openAnyCopy(place, { context, site });
    if (copy.replicas !== undefined) return await verifyReplicas(copy.replicas, context);
  }
  await using opened = await openCopy(context, site, { verb: "verify" });
  const progress = output.progress(surroundings.clockMs);
  const report = await opened.repository.verify({
    readData,
    signal: surroundings.signal,
    onProgress: ({ done, total, bytes }) =>
      progress.update({ label: "verify", unit: "packs", done, total, bytesDone: bytes }),
  });
  progress.finish();
  const errors = report.findings.filter(({ severity }) => severity === "error").length;
  const warnings = report.findings.length - errors;
  for (const finding of report.findings) {
    await output.document({ type: "finding", ...finding });
    await output.text(
      `${output.style(finding.severity === "error" ? "red" : "yellow", finding.severity)}: ${safeText(finding.message)}\n`,
    );
  }
  const { findings: _findings, ...counts } = report;
  await output.document({
    type: "summary",
    verb: "verify",
    ok: errors === 0,
    readData,
    ...counts,
    errors,
    warnings,
  });
  const looked = `${plural(report.snapshots, "moment")}, ${plural(report.packs, "pack")}, ${plural(report.blobs, "blob")}`;
  const depth = readData
    ? `${formatBytes(report.bytesRead)} read and hashed`
    : "structure only; --read-data reads every byte";
  const verdict =
    errors === 0
      ? output.style("green", "whole")
      : output.style("red", `${plural(errors, "error")}: not every moment can be recovered whole`);
  await output.text(
    `${verdict}${warnings === 0 ? "" : `, ${plural(warnings, "warning")}`} (${looked}; ${depth})\n`,
  );
  return errors === 0 ? exitCodes.done : exitCodes.failed;
}
