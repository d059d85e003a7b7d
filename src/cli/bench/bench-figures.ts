import type { Measurement } from "#planner";
import { formatBytes, type Instant, toRfc3339Nano } from "#time";
import type { StoreFacts } from "../doctor/store-facts.ts";
import { plural } from "../text.ts";
import {
  durationFigure,
  type Figure,
  type FigureLabel,
  measurementOf,
  rateFigure,
  shareFigure,
} from "./figure.ts";
import { originText } from "./page-cache.ts";
import type { BenchResult } from "./run-bench.ts";
import type { VolumeRates } from "./volume-rate.ts";

/** Of less mail the figures are those of starting: they are shown and not planned with. */
const leastMailBytes = 4 * 1024 ** 2;
/** From this share on what was read back is the disk's, and not the memory's. */
const leastShareFromDisk = 0.9;

/** The figures of a benchmark in the order in which they were measured; what has none is left out. */
export function figuresOf(result: BenchResult): readonly Figure[] {
  const { sample, disk, target, isTargetHere, rounds } = result;
  const figures = [
    rateFigure(
      {
        name: "sample-read",
        title: "reading the store's files",
        note: `${originText(sample.shareFromDisk)}; read once, low and high are parts of it`,
      },
      sample.read,
    ),
    rateFigure({ name: "hash", title: "hashing (sha256), one core" }, sample.hash),
    rateFigure({ name: "compress", title: "compressing (zstd), one core" }, sample.compress),
    ...diskFigures(disk),
    ...targetFigures(target, isTargetHere),
    ...mailFigures(result),
    durationFigure(
      {
        name: "open",
        title: "opening the copy and finding the moment",
        note: "of the sample's copy; a large one has more to load",
        parameter: "dedup_open",
      },
      rounds.open,
    ),
  ];
  return figures.filter((figure) => figure !== undefined);
}

function diskFigures(rates: VolumeRates | undefined): readonly (Figure | undefined)[] {
  if (rates === undefined) return [];
  const fromDisk = isFromDisk(rates);
  return [
    rateFigure({ name: "disk-write", title: "disk: writing to stable storage" }, rates.write),
    rateFigure(
      {
        name: "disk-read",
        title: "disk: reading back",
        note: readNote(rates),
        parameter: fromDisk ? "disk_rate" : undefined,
      },
      rates.read,
    ),
  ];
}

function targetFigures(
  rates: VolumeRates | undefined,
  isHere: boolean,
): readonly (Figure | undefined)[] {
  if (rates === undefined) return [];
  const parameter = isHere ? undefined : "network_rate";
  const here = "on a device of this machine, so not the way to another; not planned with";
  return [
    rateFigure(
      {
        name: "target-write",
        title: "target: writing to stable storage",
        note: isHere ? here : undefined,
        parameter,
      },
      rates.write,
    ),
    rateFigure(
      {
        name: "target-read",
        title: "target: reading back",
        note: isHere ? here : readNote(rates),
        parameter: isFromDisk(rates) ? parameter : undefined,
      },
      rates.read,
    ),
  ];
}

function isFromDisk({ shareFromDisk }: VolumeRates): boolean {
  return (shareFromDisk ?? 0) >= leastShareFromDisk;
}

function readNote(rates: VolumeRates): string {
  return isFromDisk(rates)
    ? "not from this machine's memory"
    : `${originText(rates.shareFromDisk)}; not planned with`;
}

function mailFigures({ sample, rounds }: BenchResult): readonly (Figure | undefined)[] {
  const fits = (label: FigureLabel): FigureLabel =>
    sample.bytes >= leastMailBytes
      ? label
      : { ...label, parameter: undefined, note: "too little mail to plan with" };
  return [
    rateFigure(
      fits({
        name: "capture",
        title: "capture into a fresh copy",
        note: "read from memory, where the sample had just been laid out",
        parameter: "capture_rate",
      }),
      rounds.capture,
    ),
    shareFigure(
      fits({
        name: "stored",
        title: "stored of it, shared and compressed",
        note: "a whole store shares more than a sample",
        parameter: "dedup_share",
      }),
      rounds.stored,
    ),
    rateFigure(
      fits({ name: "scan", title: "capture of the unchanged sample", parameter: "scan_rate" }),
      rounds.scan,
    ),
    // What came back otherwise than it was is no restore.
    rateFigure(
      fits({
        name: "restore",
        title: "restore into a fresh folder, verified",
        parameter: "dedup_rate",
      }),
      rounds.differing.length > 0 ? [] : rounds.restore,
    ),
  ];
}

export type BenchMeasurementOptions = { readonly id: string; readonly now: Instant };

/** What the planner is given: one of each parameter, from the figures and from the store itself. */
export function benchMeasurements(
  result: BenchResult,
  figures: readonly Figure[],
  { id, now }: BenchMeasurementOptions,
): readonly Measurement[] {
  const { sample, facts } = result;
  const mail = `a sample of ${formatBytes(sample.bytes)}, ${plural(sample.files.size, "file")}`;
  const byParameter = new Map<string, Measurement>();
  for (const figure of figures) {
    const isOfMail = !/^(?:disk|target)-/.test(figure.name);
    const of = isOfMail ? mail : `a file of ${formatBytes(figure.bytes)}`;
    const measurement = measurementOf(figure, { id, now, of });
    if (measurement === undefined) continue;
    const known = byParameter.get(measurement.parameter);
    byParameter.set(
      measurement.parameter,
      known === undefined ? measurement : joined(known, measurement),
    );
  }
  return [...byParameter.values(), ...storeMeasurements(facts, { id, now })];
}

/** Writing to and reading from a target are one network. */
function joined(one: Measurement, other: Measurement): Measurement {
  return {
    ...one,
    low: Math.min(one.low, other.low),
    high: Math.max(one.high, other.high),
    about: `${one.about}; ${other.about}`,
  };
}

/** Only of a store that was seen whole. */
function storeMeasurements(
  facts: StoreFacts,
  { id, now }: BenchMeasurementOptions,
): readonly Measurement[] {
  const { bytes, files, mailboxes, newBytesPerDay, busiestDayBytes, days, complete } = facts;
  if (!complete || files === 0) return [];
  const common = { kind: "store", at: toRfc3339Nano(now), id } as const;
  const exactly = (value: number) => ({ low: value, high: value });
  return [
    {
      ...common,
      parameter: "mail",
      ...exactly(bytes),
      about: `${plural(files, "file")} in the store`,
    },
    ...(mailboxes === 0
      ? []
      : [
          {
            ...common,
            parameter: "mailboxes",
            ...exactly(mailboxes),
            about: "owners of Maildirs in the store",
          } as const,
        ]),
    ...(newBytesPerDay === undefined || busiestDayBytes === undefined
      ? []
      : [
          {
            ...common,
            parameter: "logs_per_day",
            low: newBytesPerDay,
            high: Math.max(newBytesPerDay, busiestDayBytes),
            about: `mail of the last ${plural(days, "day")} that is still there: mean and busiest day`,
          } as const,
        ]),
  ];
}
