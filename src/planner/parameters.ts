import { mediaParameters, type MediaParameterName } from "./media-parameters.ts";
import { networkParameters, type NetworkParameterName } from "./network-parameters.ts";
import type { Assumption, ParameterSpec } from "./parameter-spec.ts";
import { priceParameters, type PriceParameterName } from "./price-parameters.ts";
import { exactly, type Quantity } from "./quantity.ts";
import { siteParameters, type SiteParameterName } from "./site-parameters.ts";

export type ParameterName =
  | SiteParameterName
  | MediaParameterName
  | NetworkParameterName
  | PriceParameterName;

export const parameters: Readonly<Record<ParameterName, ParameterSpec>> = {
  ...siteParameters,
  ...mediaParameters,
  ...networkParameters,
  ...priceParameters,
};
export const parameterNames: readonly ParameterName[] = Object.keys(parameters) as ParameterName[];

/** All parameters of one site, each with its origin. */
export type Parameters = Readonly<Record<ParameterName, Quantity>>;

export function isParameterName(name: string): name is ParameterName {
  return Object.hasOwn(parameters, name);
}

/** The site of the paper's figures: everything as Figures 6 and 7 assume. */
export function paperParameters(): Parameters {
  return eachParameter((spec) => quantityOf(spec, spec.paper));
}

/** A site of today that has said nothing of itself yet: its sizes are the paper's example. */
export function todaysParameters(): Parameters {
  return eachParameter((spec) => quantityOf(spec, spec.today ?? spec.paper));
}

function eachParameter(make: (spec: ParameterSpec) => Quantity): Parameters {
  return Object.fromEntries(
    parameterNames.map((name) => [name, make(parameters[name])]),
  ) as unknown as Parameters;
}

function quantityOf({ unit }: ParameterSpec, { value, basis, stated }: Assumption): Quantity {
  const { low, high } = typeof value === "number" ? exactly(value) : value;
  return { low, high, unit, origin: stated ? "paper" : "assumed", basis };
}
