import type { RecoveryPoint } from "#copies";
import {
  type PooledTape,
  tapeCopy,
  type TapeLocation,
  tapePoolsOf,
  type TapeSlot,
  vaultReport,
} from "#methods";
import { formatInstant, toRfc3339Nano } from "#time";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { plural, safeText, tableText } from "../text.ts";
import { openLibrary } from "./open-library.ts";
import { locationText, stepJson } from "./tape-words.ts";

/** `restante tape [list]`: every tape with its pool, place, moments and use. */
export async function run(context: CommandContext): Promise<ExitCode> {
  const { output, surroundings } = context;
  const { signal } = surroundings;
  await using opened = await openLibrary(context);
  const { library, rotation, name, site } = opened;
  const nowNs = surroundings.now();
  const slots = await library.inventory(signal);
  const points = await tapeCopy(library, { name }).moments(undefined, signal);
  const pools = await tapePoolsOf(library, { rotation, nowNs, signal });
  const report = await vaultReport(library, { retention: rotation, holdMs: 0, nowNs, signal });
  const tapes = pools.tapes.map((tape) =>
    listed(tape, {
      points,
      location: report.locations.find((one) => one.barcode === tape.barcode),
    }),
  );
  const others = slots.filter(
    ({ barcode }) => !pools.tapes.some((tape) => tape.barcode === barcode),
  );
  await output.document({
    type: "tapes",
    library: name,
    timeZone: site.zone,
    tapes: tapes.map(listedJson),
    notInCatalogue: others.map(({ slot, barcode }) => ({ slot, barcode: barcode ?? null })),
    problems: report.problems,
  });
  await output.text(tableText(tapes.map((tape) => row(tape, site.zone))));
  for (const slot of others) await output.text(otherText(slot));
  if (tapes.length + others.length === 0)
    output.note("There are no tapes yet; put one in with `restante tape label BARCODE --new`.");
  for (const problem of report.problems) output.warning(safeText(problem));
  return exitCodes.done;
}

type Listed = PooledTape & {
  readonly location: TapeLocation | undefined;
  readonly newest: RecoveryPoint | undefined;
};

function listed(
  tape: PooledTape,
  {
    points,
    location,
  }: {
    readonly points: readonly RecoveryPoint[];
    readonly location: TapeLocation | undefined;
  },
): Listed {
  const newest = points.findLast(({ id }) => tape.sets.includes(id));
  return { ...tape, location, newest };
}

function listedJson({ barcode, pool, sets, use, worn, location, newest }: Listed): object {
  const { mounts, passes, writes, errors } = use;
  return {
    barcode,
    pool,
    state: location?.state ?? null,
    ...(location?.step === undefined ? {} : { step: stepJson(location.step) }),
    moments: sets,
    ...(newest === undefined ? {} : { newest: toRfc3339Nano(newest.atNs) }),
    use: { mounts, passes, writes, errors },
    ...(worn === undefined ? {} : { worn }),
  };
}

function row(tape: Listed, zone: string): readonly string[] {
  const { barcode, pool, sets, use, worn, location, newest } = tape;
  const until = newest === undefined ? "" : `, newest ${formatInstant(newest.atNs, zone)}`;
  const used = `${plural(use.passes, "pass", "passes")}, ${plural(use.mounts, "mount")}${use.errors === 0 ? "" : `, ${plural(use.errors, "error")}`}`;
  return [
    barcode,
    pool,
    location === undefined ? "" : locationText(location, zone),
    `${plural(sets.length, "moment")}${until}`,
    `${used}${worn === undefined ? "" : `; ${safeText(worn)}`}`,
  ];
}

function otherText({ slot, barcode }: TapeSlot): string {
  return barcode === undefined
    ? `slot ${safeText(slot)}: its barcode cannot be read\n`
    : `${barcode}  not in the catalogue: blank, or not looked at yet\n`;
}
