import type { Copy, RecoveryPoint } from "#copies";
import { formatDuration, toRfc3339Nano } from "#time";
import { momentGoneThere, OffsiteError } from "../offsite-error.ts";
import type { RecallList, RecallTape, TapeVault } from "./tape-vault.ts";
import { surveyVault } from "./vault-survey.ts";

export const shipTapesName = "move backup tapes offsite";

export type ShippedTapesCopyOptions = {
  /** What the vault is called. */
  readonly name: string;
  readonly now: () => bigint;
  /**
   * The library stands where mail is recovered after the site was lost: all that is in it came from the vault, and
   * nothing of the first site's records is needed. Default false.
   */
  readonly recoverySite?: boolean;
};

/** What lies in the vault. A moment opens when its tapes have been recalled and are in the library again. */
export function shippedTapesCopy(vault: TapeVault, options: ShippedTapesCopyOptions): Copy {
  const { name, now, recoverySite = false } = options;
  return {
    name,
    method: shipTapesName,
    reach: "shelf",
    async moments(group, signal) {
      if (recoverySite) return await vault.copy.moments(group, signal);
      const { moments } = await surveyVault(vault, { nowNs: now(), signal });
      return moments
        .filter(({ whereabouts }) => whereabouts === "there")
        .map(({ point }) => point)
        .filter((point) => group === undefined || point.group === group);
    },
    async open(point, signal) {
      const nowNs = now();
      const { moments } = await surveyVault(vault, { nowNs, signal });
      const moment = moments.find(({ point: { id } }) => id === point.id);
      if (moment === undefined) throw momentGoneThere(point.id, name);
      const list = await vault.copy.pullList(point, {
        nowNs,
        ...(signal === undefined ? {} : { signal }),
      });
      if (list.tapes.some(({ state }) => state !== "onsite"))
        throw notRecalled(point, { list, name });
      // A tape that nobody ever took away has no step: what is on it was never there.
      const wasAway = moment.tapes.some(({ step }) => step !== undefined);
      if (!recoverySite && !wasAway) throw neverSent(point, name);
      return await vault.copy.open(point, signal);
    },
  };
}

function notRecalled(
  { id }: RecoveryPoint,
  { list, name }: { readonly list: RecallList; readonly name: string },
): OffsiteError {
  const away = list.tapes.filter(({ state }) => state !== "onsite");
  const isLost = away.some(({ state }) => state === "missing");
  const until =
    list.atHandInMs === undefined
      ? "Nobody can say how long that takes."
      : `All of them can be at hand in ${formatDuration(list.atHandInMs)}.`;
  return new OffsiteError(
    "offsite.tape-not-recalled",
    `Cannot open moment ${id.slice(0, 8)} of "${name}": it needs tape ${away.map(placeText).join("; and tape ")}`,
    {
      hint: isLost
        ? "Look for the tape that is missing; without it the moment is lost, and another one has to be chosen."
        : `Call them back and put them into the library. ${until}`,
    },
  );
}

function placeText({ barcode, state, where, sinceNs, atHandInMs }: RecallTape): string {
  if (state === "missing") return `${barcode}, which nobody knows the place of`;
  const place = where === "" ? "" : ` (${where})`;
  const since = sinceNs === undefined ? "" : ` since ${toRfc3339Nano(sinceNs)}`;
  const recall = atHandInMs === undefined ? "" : `, at hand in ${formatDuration(atHandInMs)}`;
  return `${barcode}, ${stateText(state)}${place}${since}${recall}`;
}

function stateText(state: RecallTape["state"]): string {
  return state === "vault" ? "in the vault" : state.replace("-", " ");
}

function neverSent({ id }: RecoveryPoint, name: string): OffsiteError {
  return new OffsiteError(
    "offsite.moment-gone",
    `Cannot open moment ${id.slice(0, 8)} of "${name}": its tapes never left the site`,
    { hint: "Open it from the tape library itself." },
  );
}
