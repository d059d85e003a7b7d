import {
  type ShippedGroup,
  shipTapes,
  type ShipState,
  type TapeDue,
  type TapeLoss,
  type VaultTape,
} from "#offsite";
import { formatDuration, formatInstant, toRfc3339Nano } from "#time";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { momentJson } from "../moments.ts";
import type { JsonDocument } from "../output.ts";
import { plural, safeText, tableText } from "../text.ts";
import { libraryVault } from "./library-vault.ts";
import { openLibrary } from "./open-library.ts";
import { shipPolicies } from "./ship-policies.ts";
import { locationText, placeText, stepJson } from "./tape-words.ts";

/** `restante tape due`: what should leave and come back, and what a loss of the site would cost now. */
export async function run(context: CommandContext): Promise<ExitCode> {
  const { output, surroundings } = context;
  await using opened = await openLibrary(context);
  const { library, rotation, name, site } = opened;
  const { zone } = site;
  const option = shipTapes({
    vault: libraryVault(library, { name, rotation }),
    name: opened.vaultFolder ?? "the vault",
    policyOf: shipPolicies(context, opened),
    // Nothing is sent from here.
    handover: { who: "", shelf: "", courier: "" },
    now: surroundings.now,
    clockMs: surroundings.clockMs,
  });
  const state = await option.state(surroundings.signal);
  await output.document(dueJson(state, { library: name, zone }));
  await output.text(dueText("due out", state.dueOut, zone));
  await output.text(roadText(state, zone));
  await output.text(dueText("due back", state.dueBack, zone));
  for (const loss of state.atRisk) await output.text(lossText(loss, zone));
  for (const group of state.shipped) {
    await output.text(`${safeText(group.group)}: ${group.rule.sentence}\n`);
    const sentence = lossNowText(group, zone);
    if (group.isLapse) output.warning(`${safeText(group.group)}: ${sentence}`);
    else await output.text(`  ${sentence}\n`);
  }
  for (const problem of state.problems) output.warning(safeText(problem));
  const isMissed = state.shipped.some(({ isLapse, rule }) => isLapse || rule.meets === false);
  return isMissed ? exitCodes.rpoMissed : exitCodes.done;
}

function dueText(title: string, due: readonly TapeDue[], zone: string): string {
  if (due.length === 0) return `${title}: nothing\n`;
  const rows = due.map(({ barcode, state, dueSinceNs, why }) => [
    `  ${barcode}`,
    placeText({ state }, zone),
    `due since ${formatInstant(dueSinceNs, zone)}`,
    why,
  ]);
  return `${title}: ${plural(due.length, "tape")}\n${tableText(rows)}`;
}

function isOnTheRoad({ state }: VaultTape): boolean {
  return state === "ejected" || state === "in-transit" || state === "recalled";
}

function roadText({ tapes }: ShipState, zone: string): string {
  const away = tapes.filter(isOnTheRoad);
  if (away.length === 0) return "";
  const rows = away.map((tape) => [`  ${tape.barcode}`, locationText(tape, zone)]);
  return `on the way: ${plural(away.length, "tape")}\n${tableText(rows)}`;
}

function lossText({ barcodes, groups }: TapeLoss, zone: string): string {
  return groups
    .map(({ group, lost, newestLeft }) => {
      const left =
        newestLeft === undefined
          ? "none is left"
          : `the newest that is left is of ${formatInstant(newestLeft.atNs, zone)}`;
      return `if ${barcodes.join(", ")} is lost: ${plural(lost.length, "moment")} of ${safeText(group)} with it, ${left}\n`;
    })
    .join("");
}

function lossNowText(
  { newestThere, lossNowMs, policy, rule, isLapse }: ShippedGroup,
  zone: string,
): string {
  const since =
    newestThere === undefined
      ? "nothing is in the vault"
      : `the newest moment in the vault is of ${formatInstant(newestThere.atNs, zone)}`;
  const most = policy.objectiveMs ?? rule.worstMs;
  const verdict = isLapse ? `, more than ${formatDuration(most)}` : "";
  return `a loss of the site now would cost ${formatDuration(lossNowMs)}${verdict}: ${since}`;
}

function dueJson(
  state: ShipState,
  { library, zone }: { readonly library: string; readonly zone: string },
): JsonDocument {
  return {
    type: "tape-due",
    library,
    timeZone: zone,
    dueOut: state.dueOut.map(tapeDueJson),
    dueBack: state.dueBack.map(tapeDueJson),
    onTheWay: state.tapes.filter(isOnTheRoad).map(({ barcode, state: where, step }) => ({
      barcode,
      state: where,
      ...(step === undefined ? {} : { step: stepJson(step) }),
    })),
    groups: state.shipped.map(({ group, policy, rule, newestThere, lossNowMs, isLapse }) => ({
      group,
      ...policy,
      ...rule,
      ...(newestThere === undefined ? {} : { newestThere: momentJson(newestThere) }),
      lossNowMs,
      lapse: isLapse,
    })),
    atRisk: state.atRisk.map(({ barcodes, groups }) => ({
      barcodes,
      groups: groups.map(({ group, lost, newestLeft, newestThere }) => ({
        group,
        lost: lost.map(momentJson),
        ...(newestLeft === undefined ? {} : { newestLeft: momentJson(newestLeft) }),
        ...(newestThere === undefined ? {} : { newestThere: momentJson(newestThere) }),
      })),
    })),
    problems: state.problems,
  };
}

function tapeDueJson({ dueSinceNs, ...due }: TapeDue): object {
  return { ...due, dueSince: toRfc3339Nano(dueSinceNs) };
}
