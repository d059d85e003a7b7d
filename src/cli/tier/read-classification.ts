import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { type ClassifiedLine, parseClassification, type Requirements } from "#planner";
import { formatProblem, type Problem } from "#policy";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { safeLines, safeText } from "../text.ts";

/** Far more than a hundred thousand mailboxes need; the rest of a hostile file is not read. */
const limitBytes = 16 * 1024 * 1024;
const mostShown = 20;

export type ReadClassification = {
  readonly path: string;
  readonly lines: readonly ClassifiedLine[];
  /** Warnings: with an error nothing is read. */
  readonly problems: readonly Problem[];
};

/** The classification in a CSV file, held to the site's catalogue and currency. */
export async function readClassification(
  named: string,
  {
    requirements,
    context,
  }: { readonly requirements: Requirements; readonly context: CommandContext },
): Promise<ReadClassification> {
  const { output, surroundings } = context;
  const path = resolve(surroundings.workingFolder, named);
  const text = await boundedText(path, surroundings.signal);
  const { classification, problems } = parseClassification(text, {
    fileName: path,
    limitBytes,
    tiers: requirements.tiers,
    currency: requirements.currency,
  });
  if (classification === undefined) throw invalid(problems);
  if (classification.linesOfBusiness.length === 0)
    throw new CliError(
      "cli.classification-invalid",
      `Cannot classify by "${safeText(path)}": it has no row below its header`,
      { hint: "Write one row for each mailbox, like sales@example.org,sales,gold." },
    );
  for (const problem of problems.slice(0, mostShown))
    output.note(safeLines(formatProblem(problem)));
  if (problems.length > mostShown) output.note(`… and ${problems.length - mostShown} more`);
  return { path, lines: classification.linesOfBusiness, problems };
}

async function boundedText(path: string, signal: AbortSignal): Promise<string> {
  const parts: Buffer[] = [];
  try {
    // One byte more than may be: what is longer is found to be.
    for await (const part of createReadStream(path, { end: limitBytes, signal }))
      parts.push(part as Buffer);
  } catch (cause) {
    signal.throwIfAborted();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(
      "cli.no-classification",
      `Cannot read the classification "${safeText(path)}": ${safeText(reason)}`,
      { hint: "Name a CSV file with the columns mailbox, line and tier.", cause },
    );
  }
  return Buffer.concat(parts).toString("utf8");
}

function invalid(problems: readonly Problem[]): CliError {
  const errors = problems.filter(({ severity }) => severity === "error");
  const shown = errors.slice(0, mostShown).map(formatProblem);
  const more = errors.length > shown.length ? [`… and ${errors.length - shown.length} more`] : [];
  return new CliError("cli.classification-invalid", [...shown, ...more].join("\n"), {
    hint: "Correct the rows; nothing was classified.",
  });
}
