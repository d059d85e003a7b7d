import { resolve } from "node:path";
import {
  makePlan,
  type Plan,
  planJson,
  planReport,
  type Requirements,
  writeConfiguration,
} from "#planner";
import { formatInstant } from "#time";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { requireAbsent, writeNewFile } from "../new-file.ts";
import { safeText } from "../text.ts";
import { chosenIds } from "./chosen-ids.ts";
import { readRequirements, requirementsOf, requirementsPath } from "./read-requirements.ts";
import { showReport } from "./show-report.ts";

/** `restante plan [FILE]`: the right combination for each line of business, with reasons, cost and proof. */
export async function run(context: CommandContext): Promise<ExitCode> {
  const { output, surroundings } = context;
  const requirements = await requirementsOrInterview(context);
  const plan = makePlan(requirements, {
    choose: chosenIds(context),
    availableOnly: context.arguments.has("runs-here"),
  });
  const generatedAt = formatInstant(surroundings.now(), requirements.timeZone);
  await output.document({ type: "plan", ...planJson(plan) });
  await showReport(planReport(plan, { generatedAt }), context);
  const missing = plan.lines.some((line) => line.chosen === undefined);
  const wanted = context.arguments.text("write");
  if (wanted === undefined) return missing ? exitCodes.nothingMatched : exitCodes.done;
  return await write(plan, { path: resolve(surroundings.workingFolder, wanted), context });
}

async function requirementsOrInterview(context: CommandContext): Promise<Requirements> {
  const path = await requirementsPath(context.arguments.positionals[0], context);
  if (path !== undefined) return await readRequirements(path, context);
  const { findSiteFacts, interview, requirePerson } = await import("./interview.ts");
  requirePerson(context);
  const save = context.arguments.text("save");
  const file = save === undefined ? undefined : resolve(context.surroundings.workingFolder, save);
  // Nobody answers seventeen questions to hear then that there is no place for the answers.
  if (file !== undefined) await requireAbsent(file);
  const text = await interview(context, await findSiteFacts(context));
  if (file === undefined || save === undefined)
    return await requirementsOf(text, { fileName: "(your answers)", context });
  await writeNewFile(file, text);
  context.output.note(`Wrote ${safeText(file)}`);
  return await requirementsOf(text, { fileName: save, context });
}

type WriteOptions = { readonly path: string; readonly context: CommandContext };

async function write(plan: Plan, { path, context }: WriteOptions): Promise<ExitCode> {
  const { output } = context;
  const { text, notInForce } = writeConfiguration(plan);
  await writeNewFile(path, text);
  output.note(`Wrote ${safeText(path)}; check it with: restante plan check ${safeText(path)}`);
  for (const { line, words } of notInForce)
    output.warning(safeText(`${line}: not in force in that file: ${words}`));
  return notInForce.length === 0 ? exitCodes.done : exitCodes.partial;
}
