import { readFile } from "node:fs/promises";
import { type Config, formatProblem, parseConfig, type ParsedConfig, requireConfig } from "#policy";
import { CliError } from "./cli-error.ts";
import type { Output } from "./output.ts";
import { safeLines, safeText } from "./text.ts";

export type ReadConfigurationOptions = {
  readonly output: Output;
  readonly timeZone: string;
  readonly signal: AbortSignal;
};

/** The configuration, or the error that says what is wrong where. Warnings are said and do not stop anything. */
export async function readConfiguration(
  path: string,
  { output, ...options }: ReadConfigurationOptions,
): Promise<Config> {
  const parsed = await parseConfigurationFile(path, options);
  for (const problem of parsed.problems) {
    if (problem.severity === "warning") output.note(safeLines(formatProblem(problem)));
  }
  return requireConfig(parsed);
}

export async function parseConfigurationFile(
  path: string,
  { timeZone, signal }: Omit<ReadConfigurationOptions, "output">,
): Promise<ParsedConfig> {
  let text: string;
  try {
    text = await readFile(path, { encoding: "utf8", signal });
  } catch (cause) {
    signal.throwIfAborted();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(
      "cli.no-configuration",
      `Cannot read the configuration "${safeText(path)}": ${safeText(reason)}`,
      {
        hint: "Name another, or write one with `restante config generate --config FILE`.",
        cause,
      },
    );
  }
  return parseConfig(text, { fileName: path, defaultTimeZone: timeZone });
}
