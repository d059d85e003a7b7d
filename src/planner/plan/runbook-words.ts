import { minutesText, numberText } from "../ranking/index.ts";
import { spanText } from "../model/index.ts";
import type { Interval, Quantity } from "../quantity.ts";
import type { Block, Cell, Column, Inline, InlinePart } from "../report/index.ts";

/** To be filled in by hand, on paper too. */
export const blank = "____________";

/** Who does it. Names are filled in on the page of contacts. */
export const roles = {
  notices: "Whoever notices",
  mail: "Mail administrator",
  storage: "Storage or backup operator",
  vault: "Vault or courier contact",
  business: "Head of the line of business",
  keys: "Keeper of the password",
} as const;
export type Role = keyof typeof roles;

export type Step = { readonly who: Role; readonly text: Inline };

export function step(who: Role, text: Inline): Step {
  return { who, text };
}

export function paragraph(text: Inline): Block {
  return { kind: "paragraph", text };
}

export function note(tone: "info" | "warn" | "bad", text: Inline): Block {
  return { kind: "note", tone, text };
}

export function bullets(items: readonly Inline[]): Block {
  return { kind: "list", ordered: false, items };
}

/** Numbered, each led by who does it. */
export function stepList(steps: readonly Step[]): Block {
  return {
    kind: "list",
    ordered: true,
    items: steps.map(({ who, text }) => [
      { kind: "strong", text: roles[who] },
      ": ",
      ...(typeof text === "string" ? [text] : text),
    ]),
  };
}

/** Columns as headings; one that ends in ">" is aligned to the right. */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[]): Block {
  const columns = headings.map((heading): Column => {
    const isRight = heading.endsWith(">");
    return { heading: isRight ? heading.slice(0, -1) : heading, align: isRight ? "right" : "left" };
  });
  return { kind: "table", columns, rows };
}

export function code(text: string): InlinePart {
  return { kind: "code", text };
}

/** An interval of minutes: "1 h 6 min – 2 h 33 min"; one value where there is one. */
export function minutesSpan({ low, high }: Interval): string {
  if (high <= 0) return "at once";
  const [least, most] = [minutesText(low), minutesText(high)];
  return least === most ? most : `${least} – ${most}`;
}

/** A quantity of minutes with where it comes from. */
export function minutesCell(quantity: Quantity): Cell {
  const { origin, basis, instead } = quantity;
  return {
    text: minutesSpan(quantity),
    origin,
    title: basis,
    ...(instead === undefined ? {} : { was: minutesSpan(instead) }),
  };
}

/** An age in hours: to the minute, and from three days on to a tenth of a day. */
export function ageText(hours: number): string {
  if (hours === Infinity) return "without end";
  if (hours >= 72 && hours % 24 !== 0) return `${numberText(hours / 24)} days`;
  return spanText(Math.max(1 / 60, Math.round(hours * 60) / 60));
}

export function listOf(names: readonly string[]): string {
  return names.length < 2
    ? (names[0] ?? "")
    : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
}

/** The text as one word of a POSIX shell. */
export function shellQuoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
