import { quoted } from "#errors";
import type { Finding } from "./finding.ts";

/** "12000 EUR per hour": an amount, its currency and what it is for. */
export type Money = {
  readonly amount: number;
  /** Three letters, upper case (ISO 4217). */
  readonly currency: string;
  /** Lower case, singular: ["hour"]; ["tb", "year"] of "per TB and year"; empty for an amount by itself. */
  readonly per: readonly string[];
};

const longestText = 80;

/** Undefined where the text is no amount of money. */
export function parseMoney(text: string): Money | undefined {
  const match =
    text.length > longestText
      ? null
      : /^(\d{1,15}(?:\.\d{1,9})?)\s*([A-Z]{3})(?![A-Za-z])\s*(.*)$/.exec(text.trim());
  const per = perWords(match?.[3] ?? "");
  if (match === null || per === undefined) return undefined;
  return { amount: Number(match[1]), currency: match[2] ?? "", per };
}

/** "per TB and year", "/h", "a year" → what the amount is for. */
function perWords(text: string): readonly string[] | undefined {
  if (text === "") return [];
  const [before, ...words] = text.toLowerCase().split(/(?:\b(?:per|each|an?|and)\b|\/|\s)+/);
  if (before !== "" || words.length === 0 || words.length > 3) return undefined;
  if (!words.every((word) => /^[a-z]{1,20}$/.test(word))) return undefined;
  return words.map((word) => synonyms.get(word) ?? word);
}

const synonyms: ReadonlyMap<string, string> = new Map([
  ["h", "hour"],
  ["hr", "hour"],
  ["y", "year"],
  ["yr", "year"],
]);

export type MoneyForm = {
  /** What may be said of it, the usual first: [["year"], ["month"]]. */
  readonly per: readonly (readonly string[])[];
  /** For the hint: "12000 EUR per hour". */
  readonly example: string;
};

/** Why this is not such an amount; undefined when it is. */
export function moneyFinding(value: string | number, form: MoneyForm): Finding | undefined {
  const text = String(value);
  const hint = `Write it like ${form.example}.`;
  const code = "config.money";
  const money = parseMoney(text);
  if (money === undefined) {
    const meant = probablyMeant(text);
    const finding = meant === undefined ? undefined : moneyFinding(meant, form);
    const suggestion = finding === undefined ? meant : finding.suggestion;
    const message = /^\s*[\d.,' _]+\s*$/.test(text)
      ? `${quoted(text)} names no currency`
      : `${quoted(text)} is not an amount of money I know`;
    return { code, message, suggestion, hint };
  }
  if (form.per.some((words) => words.join() === money.per.join())) return undefined;
  const [usual = []] = form.per;
  if (money.per.length > 0 || usual.length === 0)
    return { code, message: `${quoted(text)} is not an amount ${perText(usual)}`, hint };
  const suggestion = `${text.trim()} ${perText(usual)}`;
  return { code, message: `${quoted(text)} lacks what it is for`, suggestion, hint };
}

function perText(words: readonly string[]): string {
  if (words.length === 0) return "by itself";
  return `per ${words.map((word) => (word === "tb" ? "TB" : word)).join(" and ")}`;
}

const symbols: ReadonlyMap<string, string> = new Map([
  ["€", "EUR"],
  ["$", "USD"],
  ["£", "GBP"],
]);

/** Thousands separated, the currency before the amount, in lower case, or as a symbol. */
function probablyMeant(text: string): string | undefined {
  if (text.length > longestText) return undefined;
  const plain = text
    .trim()
    .replace(/[€$£]/g, (symbol) => ` ${symbols.get(symbol)} `)
    .replace(/(?<=\d)[,'’_ ](?=\d{3}(?!\d))/g, "")
    .trim();
  const before = /^([A-Za-z]{3})\s*(\d+(?:\.\d+)?)\s*(.*)$/.exec(plain);
  const after = /^(\d+(?:\.\d+)?)\s*([A-Za-z]{3})(?![A-Za-z])\s*(.*)$/.exec(plain);
  const [, amount = "", currency = "", rest = ""] =
    before === null ? (after ?? []) : [before[0], before[2], before[1], before[3]];
  const money = parseMoney(`${amount} ${currency.toUpperCase()} ${rest}`);
  if (money === undefined) return undefined;
  const suffix = money.per.length === 0 ? "" : ` ${perText(money.per)}`;
  return `${amount} ${money.currency}${suffix}`;
}
