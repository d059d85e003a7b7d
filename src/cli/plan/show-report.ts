import { resolve } from "node:path";
import { renderHtml, renderMarkdown, renderText, type Report, type TextStyle } from "#planner";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { writeNamedFile } from "../new-file.ts";
import { safeText } from "../text.ts";

export const reportFormats = ["text", "markdown", "html"] as const;
export type ReportFormat = (typeof reportFormats)[number];

/** Width where nobody says how wide the terminal is: a page of a report. */
const pageColumns = 120;

/**
 * Shows a report as --format asks, on stdout or in the file that --output names (whose ending says the
 * format where --format does not).
 */
export async function showReport(report: Report, context: CommandContext): Promise<void> {
  const { output } = context;
  if (output.json) return;
  const named = context.arguments.text("output");
  const format = formatOf(context);
  const text = rendered(report, { format, context });
  if (named === undefined) {
    await output.text(text);
    return;
  }
  const path = resolve(context.surroundings.workingFolder, named);
  await writeNamedFile(path, text);
  output.note(`Wrote ${safeText(path)}`);
}

function formatOf({ arguments: typed }: CommandContext): ReportFormat {
  const named = typed.text("format");
  const file = typed.text("output") ?? "";
  if (named === undefined) {
    if (/\.html?$/i.test(file)) return "html";
    return /\.(?:md|markdown)$/i.test(file) ? "markdown" : "text";
  }
  const format = reportFormats.find((one) => one === named);
  if (format !== undefined) return format;
  throw new CliError("cli.usage", `Cannot write a report as "${safeText(named)}": no such format`, {
    hint: `Formats are ${reportFormats.join(", ")}.`,
  });
}

type RenderOptions = { readonly format: ReportFormat; readonly context: CommandContext };

function rendered(report: Report, { format, context }: RenderOptions): string {
  switch (format) {
    case "html":
      return renderHtml(report);
    case "markdown":
      return renderMarkdown(report);
    case "text":
      return renderText(report, {
        columns: context.output.columns ?? pageColumns,
        style: styleOf(context),
      });
  }
}

function styleOf({ output, arguments: typed, surroundings }: CommandContext): TextStyle {
  const paint =
    (style: Parameters<typeof output.style>[0]) =>
    (text: string): string =>
      // A file is read by who knows what: no escapes.
      typed.has("output") ? text : output.style(style, text);
  const { LC_ALL: all, LC_CTYPE: type, LANG: language } = surroundings.environment;
  const locale = [all, type, language].find((value) => value !== undefined && value !== "");
  return {
    bold: paint("bold"),
    dim: paint("dim"),
    good: paint("green"),
    bad: paint("red"),
    warn: paint("yellow"),
    ascii: locale !== undefined && /^(?:C|POSIX)$/.test(locale),
  };
}
