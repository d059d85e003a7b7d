import type { DisasterOptionId, Loss, OperationalMethodId } from "../figure-1/index.ts";
import { lossNames, losses } from "../figure-1/index.ts";
import { type Combination, hoursPerYear, type Stored } from "../model/index.ts";
import { computed, exactly, type Interval, over, type Quantity, sum, times } from "../quantity.ts";
import type { BusinessRequirements, Equipment, Requirements } from "../requirements/index.ts";
import type { Evaluation } from "./evaluate.ts";
import { objectivesFor } from "./objectives.ts";

/** One line of the bill. Money is in the currency of the requirements. */
export type CostItem = {
  readonly item: string;
  /** Paid once. */
  readonly purchase: Quantity;
  /** Paid every year, purchases aside. */
  readonly yearly: Quantity;
};

export type Cost = {
  readonly items: readonly CostItem[];
  readonly purchase: Quantity;
  /** Purchase spread over its lifetime, and what recurs. */
  readonly protectionPerYear: Quantity;
  /** Expected outages × (RTO + lost work of RPO) × downtime cost. */
  readonly outagesPerYear: Quantity;
  /** What replicas earn by serving other purposes too, where asked. */
  readonly repurposedPerYear: Quantity;
  readonly totalPerYear: Quantity;
};

/** As disks and object storage are sold. */
const TB = 1000 ** 4;
const nothing = exactly(0);

export function costOf(
  evaluation: Evaluation,
  business: BusinessRequirements,
  requirements: Requirements,
): Cost {
  const items = [
    ...storageItems(evaluation, requirements),
    ...equipmentItems(evaluation.combination, business, requirements),
    ...serviceItems(evaluation.combination, business, requirements),
  ];
  const { lifetime } = requirements.parameters;
  const purchase = sum(items.map((item) => item.purchase));
  const protection = sum([over(purchase, lifetime), ...items.map(({ yearly }) => yearly)]);
  const outages = outageCost(evaluation, business, requirements);
  const earned = repurposed(evaluation, business, requirements);
  const total = {
    low: protection.low + outages.low - earned.high,
    high: protection.high + outages.high - earned.low,
  };
  return {
    items,
    purchase: money(purchase, "sum of what is bought"),
    protectionPerYear: money(protection, "purchase ÷ lifetime + what recurs"),
    outagesPerYear: money(
      outages,
      "Σ events a year × share of the server × (RTO + RPO) × downtime cost an hour, both in the worst case",
    ),
    repurposedPerYear: money(
      earned,
      "stated × share of the mail: replicas that serve other purposes too (§1.4.4)",
    ),
    totalPerYear: money(total, "protection + expected outages − repurposing"),
  };
}

function money(interval: Interval, basis: string): Quantity {
  return computed(interval, "money", basis);
}

function item(name: string, purchase: Interval, yearly: Interval, basis: string): CostItem {
  return { item: name, purchase: money(purchase, basis), yearly: money(yearly, basis) };
}

function storageItems(
  { combination, operational, disaster }: Evaluation,
  requirements: Requirements,
): readonly CostItem[] {
  const local = {
    of: "operational copies",
    everyHours: combination.operational.everyHours,
    images: operational.images,
    requirements,
  };
  const far = {
    of: "offsite copies",
    everyHours: combination.disaster?.everyHours ?? 0,
    images: disaster?.images ?? 1,
    requirements,
  };
  return [
    ...operational.stored.map((stored) => storageItem(stored, local)),
    ...(disaster?.stored ?? []).map((stored) => storageItem(stored, far)),
  ];
}

type StorageOptions = {
  readonly of: string;
  readonly everyHours: number;
  /** Kept at once. */
  readonly images: number;
  readonly requirements: Requirements;
};

function storageItem(
  { kind, size, tapes, writtenEveryHours }: Stored,
  options: StorageOptions,
): CostItem {
  const { of, everyHours, images, requirements } = options;
  const { parameters } = requirements;
  const terabytes = over(times(size, growthFactor(requirements)), TB);
  switch (kind) {
    case "disk":
    case "production disk": {
      const price = kind === "disk" ? parameters.disk_price : parameters.fast_disk_price;
      const bought = times(times(terabytes, parameters.raid_factor), price);
      const basis = `size × growth × raid_factor × ${kind === "disk" ? "disk_price" : "fast_disk_price"}`;
      return item(`${of}: ${kind}`, bought, nothing, basis);
    }
    case "object storage":
      return item(
        `${of}: object storage`,
        nothing,
        times(terabytes, parameters.object_storage_price),
        "size × growth × object_storage_price",
      );
    case "tape": {
      const count = tapes ?? nothing;
      // Each tape of the rotation is written once a turn.
      const turnHours = writtenEveryHours ?? everyHours * Math.max(1, images);
      const writesEach = turnHours === 0 ? 0 : hoursPerYear / turnHours;
      const worn = over(
        times(times(count, writesEach), parameters.tape_price),
        parameters.tape_safe_uses,
      );
      return item(
        `${of}: tapes`,
        times(count, parameters.tape_price),
        worn,
        "tapes in rotation × tape_price; each year writes ÷ tape_safe_uses × tape_price (§3.1.5)",
      );
    }
  }
}

/** Bought for what the mail will have grown to in the middle of its life (§3.3.5). */
function growthFactor({ parameters }: Requirements): number {
  return (1 + parameters.growth_per_year.high) ** (parameters.lifetime.high / 2);
}

/** What an option needs beyond the bytes it keeps. */
const operationalEquipment: Readonly<Record<OperationalMethodId, readonly Equipment[]>> = {
  tape: ["tape drive"],
  disk: ["disk for copies"],
  "virtual-tape": ["disk for copies"],
  "disk-deduplicated": ["disk for copies"],
  "object-storage": ["object storage"],
  clones: ["snapshots"],
  deltas: ["snapshots"],
  cdp: ["storage array"],
  journal: ["disk for copies"],
};

const disasterEquipment: Readonly<Record<DisasterOptionId, readonly Equipment[]>> = {
  "ship-tapes": ["tape drive"],
  "vault-tapes": ["tape drive", "second site"],
  "duplicate-tapes": ["tape drive"],
  "duplicate-disk": ["second site"],
  "duplicate-object-storage": ["object storage"],
  "mirror-application": ["second site"],
  "mirror-host": ["second site"],
  "mirror-array": ["storage array", "second array", "second site"],
  "mirror-sync": ["storage array", "second array", "second site"],
  "mirror-failover": ["storage array", "second array", "second site", "cluster"],
  "snapshots-of-mirror": ["storage array", "second array", "second site"],
  "snapshots-copied": ["snapshots", "second site"],
  "snapshots-propagated": ["snapshots", "second site"],
  "protected-cdp": ["second site"],
};

export function equipmentOf({ source, operational, disaster }: Combination): readonly Equipment[] {
  const needsSnapshots = source === "hot-split" || source === "app-snapshot";
  return [
    ...new Set<Equipment>([
      ...(needsSnapshots ? (["snapshots"] as const) : []),
      ...operationalEquipment[operational.method],
      ...(disaster === undefined ? [] : disasterEquipment[disaster.option]),
      ...(disaster?.mirroredLogs === true ? (["second site"] as const) : []),
    ]),
  ];
}

/** Shared by all lines of business that use it: each pays by its share of the mail. */
function equipmentItems(
  combination: Combination,
  { mailShare }: BusinessRequirements,
  { has, parameters }: Requirements,
): readonly CostItem[] {
  return equipmentOf(combination)
    .filter((needed) => !has.includes(needed))
    .flatMap((needed): CostItem[] => {
      switch (needed) {
        case "tape drive":
          return [
            item(
              needed,
              times(times(parameters.tape_drive_price, parameters.tape_streams), mailShare),
              nothing,
              "tape_drive_price × tape_streams × share of the mail",
            ),
          ];
        case "snapshots":
        case "storage array":
        case "second array":
        case "cluster":
          return [
            item(
              needed,
              times(parameters.array_price, mailShare),
              nothing,
              "array_price × share of the mail",
            ),
          ];
        case "second site":
          return [
            item(
              needed,
              nothing,
              times(parameters.site_price, mailShare),
              "site_price × share of the mail",
            ),
          ];
        case "disk for copies":
        case "object storage":
          // Paid by the byte, above.
          return [];
      }
    });
}

function serviceItems(
  { operational, disaster }: Combination,
  { mailShare }: BusinessRequirements,
  { licences, parameters }: Requirements,
): readonly CostItem[] {
  const items: CostItem[] = [];
  for (const name of [operational.method, ...(disaster === undefined ? [] : [disaster.option])]) {
    const licence = licences[name];
    if (licence !== undefined)
      items.push(
        item(
          `licence: ${name}`,
          nothing,
          exactly(licence * mailShare),
          "stated × share of the mail",
        ),
      );
  }
  const layers = disaster === undefined ? 1 : 2;
  const { upkeep, labour_price: labour } = parameters;
  items.push(
    item(
      "people's work",
      nothing,
      times(times(upkeep, labour), layers * mailShare),
      "upkeep × labour_price × layers × share of the mail",
    ),
  );
  if (disaster?.option === "ship-tapes" || disaster?.option === "duplicate-tapes") {
    const trips = hoursPerYear / Math.max(disaster.everyHours, 24);
    const yearly = times(parameters.courier_price, trips * mailShare);
    const tapes = Math.max(
      parameters.tape_streams.low,
      Math.ceil((parameters.mail.high * mailShare) / parameters.tape_capacity.low),
    );
    // Each leaves, and each comes back.
    const handled = times(times(parameters.tape_handling, labour), 2 * trips * tapes);
    items.push(
      item("courier", nothing, yearly, "trips a year × courier_price × share of the mail"),
      item(
        "handling of tapes",
        nothing,
        handled,
        "2 × trips a year × tapes of a set × tape_handling × labour_price",
      ),
    );
  }
  return items;
}

function outageCost(
  { recovery }: Evaluation,
  business: BusinessRequirements,
  requirements: Requirements,
): Interval {
  return sum(
    lossNames.map((loss) => {
      const way = recovery[loss];
      // An accepted loss counts for nobody: else who protects the mail from it would pay for it alone.
      if (way === undefined || objectivesFor(loss, business) === undefined) return nothing;
      const hoursLost = sum([over(way.rto, 60), way.rpo]);
      const { events, share } = expected(loss, requirements);
      return times(hoursLost, events * share * business.downtimePerHour);
    }),
  );
}

/** Events a year, and the share of the server that each takes down. */
export function expected(
  loss: Loss,
  { outages, parameters }: Requirements,
): { readonly events: number; readonly share: number; readonly words: string } {
  const whole = { share: 1, words: losses[loss] };
  switch (loss) {
    case "user-error":
      return {
        events: outages.userErrors,
        share: 1 / Math.max(1, parameters.mailboxes.low),
        words: losses[loss],
      };
    case "corruption":
      return { events: outages.corruptions, ...whole };
    case "late-attack":
      return { events: outages.lateAttacks, ...whole };
    case "hardware":
      return { events: outages.hardwareFailures, ...whole };
    case "site":
      return { events: outages.siteLosses, ...whole };
  }
}

/**
 * Clones and remote snapshots may be mounted for other work without touching production (§1.4.4, §3.3.2);
 * delta snapshots share its disks (§3.4.2), and backups are no replicas. Each line earns by its share.
 */
function repurposed(
  { combination: { operational, disaster } }: Evaluation,
  { mailShare }: BusinessRequirements,
  { repurposing }: Requirements,
): Interval {
  const isReplica =
    operational.method === "clones" || disaster?.option.startsWith("snapshots-") === true;
  const earned = repurposing.reduce((total, { valuePerYear }) => total + valuePerYear, 0);
  return exactly(isReplica ? earned * mailShare : 0);
}
