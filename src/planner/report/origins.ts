import type { InputOrigin } from "../quantity.ts";
import { detailOf, type CellState, type Report } from "./report.ts";

/** How the origin of a number is shown: by a word always, with an icon or a short mark where there is room. */
export const origins: Readonly<Record<InputOrigin, OriginForm>> = {
  paper: { word: "paper", icon: "§", mark: "ᵖ", ascii: "[p]", legend: "the paper says so" },
  computed: { word: "computed", icon: "ƒ", mark: "ᶜ", ascii: "[c]", legend: "a formula gives it" },
  measured: {
    word: "measured",
    icon: "◉",
    mark: "ᵐ",
    ascii: "[m]",
    legend: "measured at this site",
  },
  stated: {
    word: "stated",
    icon: "❝",
    mark: "ˢ",
    ascii: "[s]",
    legend: "stated in the requirements",
  },
  assumed: {
    word: "assumed",
    icon: "?",
    mark: "ᵃ",
    ascii: "[a]",
    legend: "assumed, to be checked",
  },
};

type OriginForm = {
  readonly word: string;
  readonly icon: string;
  readonly mark: string;
  readonly ascii: string;
  readonly legend: string;
};

/** A state is a sign and a word, never a colour alone. */
export const states: Readonly<Record<CellState, StateForm>> = {
  good: { sign: "✓", ascii: "+", word: "good" },
  bad: { sign: "✗", ascii: "x", word: "bad" },
  warn: { sign: "!", ascii: "!", word: "to be watched" },
};

type StateForm = { readonly sign: string; readonly ascii: string; readonly word: string };

/** The origins that the report's tables name, in the order of the legend. */
export function originsIn(report: Report): readonly InputOrigin[] {
  const used = new Set<InputOrigin>();
  for (const { blocks } of report.sections) {
    for (const block of blocks) {
      if (block.kind !== "table") continue;
      for (const cell of block.rows.flat()) {
        const { origin } = detailOf(cell);
        if (origin !== undefined) used.add(origin);
      }
    }
  }
  return (Object.keys(origins) as InputOrigin[]).filter((origin) => used.has(origin));
}
