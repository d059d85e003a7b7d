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
import { findStore } from "../found-store.ts";
import { configurationPath } from "../site.ts";
import { recipeText } from "../recipe-text.ts";
import { plural, safeLines, safeText } from "../text.ts";

const actions = { generate, validate, show, schema, recipe } as const;

const takesWord: ReadonlySet<string> = new Set(["generate", "recipe"]);

export async function run(context: CommandContext): Promise<ExitCode> {
  const [name = "", folder] = context.arguments.positionals;
  if (Object.hasOwn(actions, name) && (folder === undefined || takesWord.has(name)))
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
async function generate(context: CommandContext): Promise<ExitCode> {
  const { arguments: typed, surroundings, output } = context;
  const { workingFolder, timeZone, terminal } = surroundings;
  const copyPath = typed.text("copy");
  const folder = typed.positionals[1];
  const store = await findStore(
    context,
    folder === undefined ? undefined : resolve(workingFolder, folder),
  );
  const text = generateConfig({
    ...store,
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

/** How a server without an adapter is protected; without a name, which recipes there are. */
async function recipe({ arguments: typed, output }: CommandContext): Promise<ExitCode> {
  const { serverRecipes } = await import("#servers");
  const name = typed.positionals[1];
  const found = serverRecipes.filter((one) => name === undefined || one.name === name);
  if (found.length === 0)
    throw new CliError("cli.usage", `Cannot find a recipe for "${safeText(name ?? "")}"`, {
      hint: `There are ${serverRecipes.map((one) => one.name).join(", ")}.`,
    });
  await output.document({ type: "recipes", recipes: found });
  for (const one of found)
    await output.text(name === undefined ? `${one.name}  ${one.title}\n` : recipeText(one));
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
