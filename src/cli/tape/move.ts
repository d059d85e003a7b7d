import { closestWord, isRecoveryError } from "#errors";
import {
  moveTape,
  type TapeLibrary,
  vaultReport,
  type VaultState,
  vaultStates,
  type VaultStep,
} from "#methods";
import { formatInstant } from "#time";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { safeText } from "../text.ts";
import { type LookedUpBarcode, lookUpBarcode } from "./known-barcode.ts";
import { openLibrary, requireVaultFolder } from "./open-library.ts";
import { placeText, stepJson } from "./tape-words.ts";

/** `restante tape move BARCODE STATE`: notes a step of a tape's life. */
export async function run(context: CommandContext): Promise<ExitCode> {
  const { arguments: typed, output, surroundings } = context;
  const [, named = "", word = ""] = typed.positionals;
  const state = typedState(word);
  const who = typedText(context, "who");
  const where = typedText(context, "where");
  if (who === "") throw missing("who", "A record of where tapes are says who moved them.");
  if (where === "" && (state === "vault" || state === "in-transit"))
    throw missing("where", "Say who carries it, or on which shelf it lies.");
  await using opened = await openLibrary(context);
  const { library, rotation, name, site } = opened;
  const { signal } = surroundings;
  const lookedUp = await lookUpBarcode(named, library, context);
  const { barcode } = lookedUp;
  if (state === "ejected" || state === "onsite") await requireVaultFolder(opened);
  const nowNs = surroundings.now();
  const asked = { retention: rotation, holdMs: 0, nowNs, signal };
  const before = (await vaultReport(library, asked)).locations.find(
    (location) => location.barcode === barcode,
  );
  const step = { state, atNs: nowNs, who, where };
  await note(lookedUp, { library, step, signal });
  await output.document({
    type: "tape",
    verb: "move",
    library: name,
    barcode,
    before: before?.state ?? null,
    step: stepJson(step),
  });
  await output.text(
    `Tape ${barcode} of ${safeText(name)}: ${placeText({ state, where }, site.zone)}, noted by ${safeText(who)} on ${formatInstant(nowNs, site.zone)}\n`,
  );
  return exitCodes.done;
}

/**
 * A tape that is away while the catalogue was rebuilt is in the record of places alone: that knows which step may follow.
 * Of one that nobody knows only "ejected" could be noted, and that is a slip.
 */
async function note(
  { barcode, unknown }: LookedUpBarcode,
  {
    library,
    step,
    signal,
  }: { readonly library: TapeLibrary; readonly step: VaultStep; readonly signal: AbortSignal },
): Promise<void> {
  if (unknown !== undefined && step.state === "ejected") throw unknown;
  try {
    await moveTape(library, { ...step, barcode, signal });
  } catch (error) {
    const cannotFollow = isRecoveryError(error) && error.code === "methods.tape-vault-step";
    throw unknown !== undefined && cannotFollow ? unknown : error;
  }
}

function typedState(word: string): VaultState {
  const wanted = word === "transit" ? "in-transit" : word;
  const state = vaultStates.find((known) => known === wanted);
  if (state !== undefined) return state;
  const near = closestWord(word, vaultStates);
  throw new CliError("cli.usage", `Cannot move a tape to "${safeText(word)}": no such state`, {
    hint: near === undefined ? `There are ${vaultStates.join(", ")}.` : `Did you mean ${near}?`,
  });
}

/** It stays in the record for good. */
const longestCharacters = 200;

function typedText({ arguments: typed }: CommandContext, option: "who" | "where"): string {
  const text = (typed.text(option) ?? "").trim();
  if (text.length <= longestCharacters) return text;
  throw new CliError(
    "cli.usage",
    `Cannot note --${option} of ${text.length} characters: ${longestCharacters} at most`,
    { hint: "Write a name or a place." },
  );
}

function missing(option: string, hint: string): CliError {
  return new CliError("cli.usage", `Cannot note a step of a tape: --${option} is missing`, {
    hint,
  });
}
