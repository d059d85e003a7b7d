import {
  type DataSourceId,
  dataSources,
  type DisasterOptionId,
  disasterOptions,
  type OperationalMethodId,
  operationalMethods,
} from "../figure-1/index.ts";

/** An operational recovery method with its rotation. */
export type OperationalChoice = {
  readonly method: OperationalMethodId;
  /** Between two copies of everything; 0 for continuous protection. */
  readonly everyHours: number;
  /** Logs alone are copied more often (§3.1.3). */
  readonly logsEveryHours?: number;
  /** How far back its images reach. */
  readonly reachHours: number;
  /** What is kept of which age, where rules say it; otherwise the method's usual rotation. */
  readonly kept?: readonly Kept[];
};

/** Images of one age: from `fromHours` to `untilHours` ago one is kept every `everyHours`. */
export type Kept = {
  readonly fromHours: number;
  readonly untilHours: number;
  readonly everyHours: number;
};

/** A disaster recovery option with its rotation. */
export type DisasterChoice = {
  readonly option: DisasterOptionId;
  /** Between two copies that go offsite; 0 for mirrors. */
  readonly everyHours: number;
  /** Host- or array-based mirrors carry the logs alone (§2.2.3). */
  readonly mirroredLogs: boolean;
  /** How far back its images reach; 0 for mirrors, which have one point in time. */
  readonly reachHours: number;
  /** What is kept of which age, where rules say it; otherwise the option's usual rotation. */
  readonly kept?: readonly Kept[];
};

/** One way through Figure 1. Without a disaster choice the loss of the site is accepted. */
export type Combination = {
  readonly source: DataSourceId;
  readonly operational: OperationalChoice;
  readonly disaster?: DisasterChoice;
};

export const hoursPerYear = 8760;

/** "hot-split/deltas-4h-2d/ship-tapes-24h-1y+logs": short, stable, and read back by `parseCombination`. */
export function combinationId({ source, operational, disaster }: Combination): string {
  const last = disaster === undefined ? "none" : disasterChoiceId(disaster);
  return `${source}/${operationalChoiceId(operational)}/${last}`;
}

export function operationalChoiceId(choice: OperationalChoice): string {
  const { method, everyHours, logsEveryHours, reachHours } = choice;
  const every = everyHours === 0 ? "" : `-${spanId(everyHours)}`;
  const logs = logsEveryHours === undefined ? "" : `+logs-${spanId(logsEveryHours)}`;
  return `${method}${every}${logs}-${spanId(reachHours)}`;
}

export function disasterChoiceId(choice: DisasterChoice): string {
  const { option, everyHours, mirroredLogs, reachHours } = choice;
  const every = everyHours === 0 ? "" : `-${spanId(everyHours)}`;
  const reach = reachHours === 0 ? "" : `-${spanId(reachHours)}`;
  return `${option}${every}${reach}${mirroredLogs ? "+logs" : ""}`;
}

/** A choice as a person says it: "rotation of delta snapshots every 4 hours, 2 days back". */
export function describeOperational(choice: OperationalChoice): string {
  const { method, everyHours, logsEveryHours, reachHours } = choice;
  const every = everyHours === 0 ? "" : ` every ${intervalText(everyHours)}`;
  const logs = logsEveryHours === undefined ? "" : `, logs every ${intervalText(logsEveryHours)}`;
  return `${operationalMethods[method].name}${every}${logs}, ${spanText(reachHours)} back`;
}

export function describeDisaster(choice: DisasterChoice | undefined): string {
  if (choice === undefined) return "none: the loss of the site is accepted";
  const { option, everyHours, mirroredLogs, reachHours } = choice;
  const every = everyHours === 0 ? "" : ` every ${intervalText(everyHours)}`;
  const reach = reachHours === 0 ? "" : `, ${spanText(reachHours)} back`;
  return `${disasterOptions[option].name}${every}${reach}${mirroredLogs ? ", logs mirrored" : ""}`;
}

const spanUnits = [
  { id: "y", name: "year", hours: hoursPerYear },
  { id: "d", name: "day", hours: 24 },
  { id: "h", name: "hour", hours: 1 },
  { id: "m", name: "minute", hours: 1 / 60 },
] as const;

function spanId(hours: number): string {
  // 24h, as the paper writes it, and not 1d: an interval of a day and a reach of a day look alike anyway.
  const { amount, unit } = largestUnit(hours, hours <= 24 ? 1 : 0);
  return `${amount}${unit.id}`;
}

/** "4 hours", "a day", "15 minutes", "2 years". */
export function spanText(hours: number): string {
  const { amount, unit } = largestUnit(hours, 0);
  return amount === 1
    ? `${unit.name === "hour" ? "an" : "a"} ${unit.name}`
    : `${amount} ${unit.name}s`;
}

/** "every hour", and not "every an hour". */
function intervalText(hours: number): string {
  return spanText(hours).replace(/^an? /, "");
}

function largestUnit(
  hours: number,
  withoutLargerThanHour: number,
): { readonly amount: number; readonly unit: (typeof spanUnits)[number] } {
  for (const unit of spanUnits) {
    if (withoutLargerThanHour === 1 && unit.hours > 1) continue;
    const amount = hours / unit.hours;
    if (amount >= 1 && Math.abs(amount - Math.round(amount)) < 1e-9)
      return { amount: Math.round(amount), unit };
  }
  const minute = spanUnits[3];
  return { amount: Math.max(1, Math.round(hours * 60)), unit: minute };
}

const span = String.raw`([1-9]\d{0,8}[ydhm])`;
const operationalPattern = new RegExp(`^([a-z-]+?)(?:-${span})?(?:\\+logs-${span})?-${span}$`);
const disasterPattern = new RegExp(`^([a-z-]+?)(?:-${span})?(?:-${span})?(\\+logs)?$`);

/** The combination of an id; undefined where it is none. */
export function parseCombination(id: string): Combination | undefined {
  const [source = "", first = "", second = "", ...more] = id.trim().split("/");
  if (more.length > 0 || !Object.hasOwn(dataSources, source)) return undefined;
  const operational = parseOperational(first);
  if (operational === undefined) return undefined;
  if (second === "none") return { source: source as DataSourceId, operational };
  const disaster = parseDisaster(second);
  return disaster === undefined
    ? undefined
    : { source: source as DataSourceId, operational, disaster };
}

function parseOperational(text: string): OperationalChoice | undefined {
  const match = operationalPattern.exec(text);
  const method = match?.[1] ?? "";
  if (match === null || !Object.hasOwn(operationalMethods, method)) return undefined;
  const everyHours = hoursOf(match[2]);
  const isContinuous = method === "cdp" || method === "journal";
  if (isContinuous !== (everyHours === 0)) return undefined;
  const logsEveryHours = hoursOf(match[3]);
  // Only backups copy logs by themselves (§3.1.3, §3.2.3), and more often than everything.
  const copiesLogs = method === "tape" || method === "disk" || method === "virtual-tape";
  if (logsEveryHours > 0 && (!copiesLogs || logsEveryHours >= everyHours)) return undefined;
  return {
    method: method as OperationalMethodId,
    everyHours,
    ...(match[3] === undefined ? {} : { logsEveryHours }),
    reachHours: hoursOf(match[4]),
  };
}

function parseDisaster(text: string): DisasterChoice | undefined {
  const match = disasterPattern.exec(text);
  const option = match?.[1] ?? "";
  if (match === null || !Object.hasOwn(disasterOptions, option)) return undefined;
  const isMirror = option.startsWith("mirror-");
  const isContinuous = isMirror || option === "protected-cdp";
  const spans = [match[2], match[3]].filter((part) => part !== undefined);
  const expected = isMirror ? 0 : isContinuous ? 1 : 2;
  if (spans.length !== expected) return undefined;
  // What mirrors everything has nothing to mirror its logs for.
  if (isContinuous && match[4] !== undefined) return undefined;
  return {
    option: option as DisasterOptionId,
    everyHours: isContinuous ? 0 : hoursOf(spans[0]),
    mirroredLogs: match[4] !== undefined,
    reachHours: isMirror ? 0 : hoursOf(spans.at(-1)),
  };
}

function hoursOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const unit = spanUnits.find(({ id }) => text.endsWith(id));
  return Number(text.slice(0, -1)) * (unit?.hours ?? 0);
}
