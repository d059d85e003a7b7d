import type { Surroundings } from "../terminal.ts";
import { fact, type Fact } from "./site-fact.ts";

/** ISO 4217 by the country of a locale; every other country gets the euro, which can be changed. */
const currencies: ReadonlyMap<string, string> = new Map([
  ["AE", "AED"],
  ["AR", "ARS"],
  ["AU", "AUD"],
  ["BR", "BRL"],
  ["CA", "CAD"],
  ["CH", "CHF"],
  ["CL", "CLP"],
  ["CN", "CNY"],
  ["CO", "COP"],
  ["CZ", "CZK"],
  ["DK", "DKK"],
  ["EG", "EGP"],
  ["GB", "GBP"],
  ["HK", "HKD"],
  ["HU", "HUF"],
  ["ID", "IDR"],
  ["IL", "ILS"],
  ["IN", "INR"],
  ["IS", "ISK"],
  ["JP", "JPY"],
  ["KR", "KRW"],
  ["LI", "CHF"],
  ["MX", "MXN"],
  ["MY", "MYR"],
  ["NG", "NGN"],
  ["NO", "NOK"],
  ["NZ", "NZD"],
  ["PH", "PHP"],
  ["PL", "PLN"],
  ["RO", "RON"],
  ["RS", "RSD"],
  ["SA", "SAR"],
  ["SE", "SEK"],
  ["SG", "SGD"],
  ["TH", "THB"],
  ["TR", "TRY"],
  ["TW", "TWD"],
  ["UA", "UAH"],
  ["US", "USD"],
  ["VN", "VND"],
  ["ZA", "ZAR"],
]);

/** Countries whose currency is the euro. */
const euroCountries: ReadonlySet<string> = new Set(
  "AD AT BE BG CY DE EE ES FI FR GR HR IE IT LT LU LV MC ME MT NL PT SI SK SM VA XK".split(" "),
);

/** As the C library chooses a locale for money: the first of these that is set (locale(7)). */
const localeVariables = ["LC_ALL", "LC_MONETARY", "LANG"] as const;

export function findCurrency(environment: Surroundings["environment"]): Fact<string> {
  for (const variable of localeVariables) {
    const locale = environment[variable];
    if (locale === undefined || locale === "") continue;
    const [, country = ""] = /^[a-z]{2,3}_([A-Z]{2})(?:[.@]|$)/.exec(locale) ?? [];
    const currency = euroCountries.has(country) ? "EUR" : currencies.get(country);
    if (currency !== undefined) return fact(currency, `from ${variable}, ${country}`);
    break;
  }
  return fact("EUR", "the usual one: the locale names no country that is known", false);
}
