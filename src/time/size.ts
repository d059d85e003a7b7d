import { quoted } from "#errors";
import { TimeError } from "./time-error.ts";

const decimalUnits = ["B", "kB", "MB", "GB", "TB", "PB", "EB"] as const;
const unitBytes: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["b", 1],
  ["byte", 1],
  ["bytes", 1],
  ...["k", "m", "g", "t", "p"].flatMap((letter, index): [string, number][] => [
    [letter, 1000 ** (index + 1)],
    [`${letter}b`, 1000 ** (index + 1)],
    [`${letter}ib`, 1024 ** (index + 1)],
  ]),
]);

/** "0 B", "999 B", "1.5 kB", "773 MB": powers of 1000, three digits at most. */
export function formatBytes(sizeBytes: number | bigint): string {
  let value = Number(sizeBytes);
  if (value < 0) return `-${formatBytes(-value)}`;
  let unit = 0;
  // 999.5 would be shown as "1000".
  while (value >= 999.5 && unit < decimalUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const shown = unit > 0 && value < 99.95 ? Math.round(value * 10) / 10 : Math.round(value);
  return `${shown} ${decimalUnits[unit]}`;
}

/** Bytes of "10 GB" (powers of 1000), "10 GiB" (powers of 1024), "512". Case does not matter. */
export function parseBytes(text: string): number {
  const match =
    text.length > 40
      ? null
      : /^(\d{1,16}(?:\.\d{1,9})?)\s*([a-z]*)$/.exec(text.trim().toLowerCase());
  const factor = unitBytes.get(match?.[2] ?? "");
  const sizeBytes =
    match === null || factor === undefined ? NaN : Math.round(Number(match[1]) * factor);
  if (Number.isSafeInteger(sizeBytes)) return sizeBytes;
  throw new TimeError("time.size", `Cannot read the size ${quoted(text)}: I do not understand it`, {
    hint: "Write it like 500 MB, 10 GB or 4 GiB.",
  });
}
