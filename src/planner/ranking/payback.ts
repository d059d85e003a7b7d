import { computed, exactly, over, type Quantity } from "../quantity.ts";
import type { Ranked } from "./rank.ts";

/** Money an hour without mail costs: payroll × share of productivity lost (§1.4.4). */
export function downtimeCostPerHour(payrollPerHour: number, productivityLostShare: number): number {
  return payrollPerHour * productivityLostShare;
}

/** Whole events after which an investment has paid for itself by shortening each of them; Infinity if never. */
export function paybackEvents(
  investment: number,
  options: {
    readonly downtimePerHour: number;
    readonly minutesBefore: number;
    readonly minutesAfter: number;
  },
): number {
  const { downtimePerHour, minutesBefore, minutesAfter } = options;
  const savedPerEvent = ((minutesBefore - minutesAfter) * downtimePerHour) / 60;
  if (investment <= 0) return 0;
  // A hair of rounding must not ask for one event more.
  return savedPerEvent <= 0 ? Infinity : Math.ceil(investment / savedPerEvent - 1e-9);
}

/** What changing from what is in place to something else brings. */
export type Payback = {
  /** Money to be spent at once beyond what is in place. */
  readonly investment: Quantity;
  /** Less cost a year: protection, expected outages and repurposing together. Negative: it costs more. */
  readonly savedPerYear: Quantity;
  /** Share of the investment that comes back in a year. */
  readonly returnPerYear: Quantity;
  /** Months; Infinity if never. */
  readonly months: number;
  /** Outages of the whole server; Infinity if never. */
  readonly events: number;
};

/** Payback and return of `chosen` against what is in place now (§1.4.4). Purchases in place are spent already. */
export function payback(inPlace: Ranked, chosen: Ranked, downtimePerHour: number): Payback {
  const investment = Math.max(0, chosen.cost.purchase.high - inPlace.cost.purchase.high);
  const saved = yearlyWithoutPurchase(inPlace) - yearlyWithoutPurchase(chosen);
  const minutes = ({ evaluation }: Ranked): number => {
    const way = evaluation.recovery.corruption ?? evaluation.recovery.site;
    return way === undefined ? Infinity : way.rto.high + way.rpo.high * 60;
  };
  const before = minutes(inPlace);
  const after = minutes(chosen);
  return {
    investment: computed(exactly(investment), "money", "purchase of the new − purchase in place"),
    savedPerYear: computed(
      exactly(saved),
      "money",
      "recurring cost + expected outages − repurposing, in place − new",
    ),
    returnPerYear: computed(
      investment === 0 ? exactly(0) : over(exactly(Math.max(0, saved)), investment),
      "share",
      "saved a year ÷ investment",
    ),
    months: investment === 0 ? 0 : saved <= 0 ? Infinity : (investment / saved) * 12,
    events: eventsOf(investment, {
      downtimePerHour,
      minutesBefore: before,
      minutesAfter: after,
    }),
  };
}

/** Where nothing brought the mail back before, the first event that something does has paid for it. */
function eventsOf(
  investment: number,
  options: {
    readonly downtimePerHour: number;
    readonly minutesBefore: number;
    readonly minutesAfter: number;
  },
): number {
  const { minutesBefore, minutesAfter } = options;
  if (minutesAfter === Infinity) return investment === 0 ? 0 : Infinity;
  if (minutesBefore === Infinity) return investment === 0 ? 0 : 1;
  return paybackEvents(investment, options);
}

function yearlyWithoutPurchase({ cost }: Ranked): number {
  const recurring = cost.items.reduce((total, { yearly }) => total + yearly.high, 0);
  return recurring + cost.outagesPerYear.high - cost.repurposedPerYear.high;
}
