import { resolve } from "node:path";
import { closestWord } from "#errors";
import {
  configJsonSchema,
  formatProblem,
  generateConfig,
  protectionGroups,
  requireConfig,
} from "#policy";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { configText } from "../config-text.ts";
import { parseConfigurationFile } from "../configuration.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { writeNewFile } from "../new-file.ts";
import { configurationPlaces } from "../configuration-places.ts";
import { configurationPath } from "../site.ts";
import { plural, safeLines, safeText } from "../text.ts";

const actions = { generate, validate, show, schema } as const;

export async function run(context: CommandContext): Promise<ExitCode> {
  const [name = "", folder] = context.arguments.positionals;
  if (Object.hasOwn(actions, name) && (folder === undefined || name === "generate"))
    return await actions[name as keyof typeof actions](context);
  const near = closestWord(name, Object.keys(actions));
  throw new CliError(
    "cli.usage",
    `Cannot do "${safeText(folder ?? name)}" with the configuration: no such action`,
    {
      hint:
        near === undefined
          ? "See `restante help config`."
          : `Did you mean \`restante config ${near}\`?`,
    },
  );
}

/** Prints a configuration to start from, or writes it to a file that is not there yet. */
async function generate({
  arguments: typed,
  surroundings,
  output,
}: CommandContext): Promise<ExitCode> {
  const { workingFolder, timeZone, terminal } = surroundings;
  const copyPath = typed.text("copy");
  const text = generateConfig({
    path: resolve(workingFolder, typed.positionals[1] ?? defaultStore),
    ...(copyPath === undefined ? {} : { copyPath: resolve(workingFolder, copyPath) }),
    timeZone,
  });
  const named = typed.text("config");
  if (named === undefined) {
    if (output.json) await output.document({ type: "configuration", text });
    else await terminal.write(text);
    return exitCodes.done;
  }
  const path = resolve(workingFolder, named);
  await writeNewFile(path, text);
  await output.document({ type: "configuration", file: path, text });
  await output.text(
    `Wrote ${safeText(path)}. Edit it, then: restante config validate --config ${safeText(named)}\n`,
  );
  return exitCodes.done;
}

const defaultStore = "/var/mail";

async function validate(context: CommandContext): Promise<ExitCode> {
  const { output, surroundings } = context;
  const path = await requiredPath(context);
  const { config, problems } = await parseConfigurationFile(path, surroundings);
  await output.document({ type: "validation", file: path, valid: config !== undefined, problems });
  for (const problem of problems) await output.text(`${safeLines(formatProblem(problem))}\n`);
  const errors = problems.filter(({ severity }) => severity === "error").length;
  if (config === undefined) {
    await output.text(`${plural(errors, "error")}\n`);
    return exitCodes.usage;
  }
  await output.text(
    `${safeText(path)} is valid${problems.length === 0 ? "" : `, with ${plural(problems.length, "warning")}`}: ${plural(protectionGroups(config).length, "protection group")}\n`,
  );
  return exitCodes.done;
}

async function show(context: CommandContext): Promise<ExitCode> {
  const { output, surroundings } = context;
  const path = await requiredPath(context);
  const config = requireConfig(await parseConfigurationFile(path, surroundings));
  await output.document({
    type: "configuration",
    file: path,
    config,
    groups: protectionGroups(config),
  });
  await output.text(configText(config));
  return exitCodes.done;
}

async function schema({ surroundings }: CommandContext): Promise<ExitCode> {
  await surroundings.terminal.write(`${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
  return exitCodes.done;
}

async function requiredPath(context: CommandContext): Promise<string> {
  const path = await configurationPath(context);
  if (path !== undefined) return path;
  throw new CliError(
    "cli.no-configuration",
    `Cannot find a configuration: neither ${configurationPlaces.join(" nor ")} is there`,
    {
      hint: "Name it with --config, or write one with `restante config generate --config FILE`.",
    },
  );
}
