import { formatBytes } from "#time";
import { isExact, type Quantity } from "../quantity.ts";
import { minutesText, numberText } from "../ranking/index.ts";
import type { CellDetail } from "../report/index.ts";

/** A quantity as a cell: value, origin, basis, and what it took the place of. */
export function quantityCell(quantity: Quantity): CellDetail {
  return {
    text: quantityText(quantity),
    origin: quantity.origin,
    title: quantity.basis,
    ...(quantity.instead === undefined ? {} : { was: quantityText(quantity.instead) }),
  };
}

export function quantityText(quantity: Quantity): string {
  const { low, high } = quantity;
  if (isExact(quantity)) return valueText(high, quantity.unit);
  return `${valueText(low, quantity.unit)} – ${valueText(high, quantity.unit)}`;
}

function valueText(value: number, unit: Quantity["unit"]): string {
  if (value === Infinity) return "unlimited";
  switch (unit) {
    case "bytes":
      return formatBytes(value);
    case "bytes/s":
      return `${formatBytes(value)}/s`;
    case "minutes":
      return minutesText(value);
    case "hours":
      return minutesText(value * 60);
    case "days":
      return `${numberText(value)} days`;
    case "years":
      return `${numberText(value)} years`;
    case "share":
      return `${numberText(value * 100)} %`;
    case "× data":
      return `${numberText(value)} ×`;
    case "count":
    case "money":
    case "money/h":
      return numberText(value);
  }
}

export function moneyText(amount: number, currency: string): string {
  return amount === Infinity ? "never" : `${numberText(Math.round(amount))} ${currency}`;
}

/** Times that a person compares: "nothing" is no loss, or no wait. */
export function hoursText(hours: number): string {
  return minutesText(hours * 60);
}
