/** Which parts of a store are one account's, by what is known of its server. */
import {
  type AccountPlaces,
  isWithin,
  joinRawPath,
  type RawPath,
  rawPathFromText,
  rootPath,
  type ServerFacts,
} from "#image";
import { below, rawPlaces } from "./account-places.ts";
import { expandFrom, matchTemplate, type TemplateValues } from "./path-template.ts";

/** One account: its own folder, and the others that it has, within the Image. None lies in another. */
export type AccountParts = {
  readonly mail: RawPath;
  readonly control?: RawPath;
  /** The own folder is the first, where it lies in no other. */
  readonly all: readonly RawPath[];
};

/** The account whose part a path lies in; undefined where it lies in none that is known of. */
export type PartsOf = (path: RawPath) => AccountParts | undefined;

type Form = { readonly template: string; readonly depth: number; readonly place: AccountPlaces };

const keys = ["mail", "index", "control", "alt"] as const;
/** Accounts that are kept at hand by a part of theirs. */
const mostKept = 65_536;

/** Pure but for what it has seen: where a part does not tell its account, the account's own folder does once it was asked for. */
export function partsByFacts({ root, places }: ServerFacts): PartsOf {
  const top = rawPathFromText(root);
  const forms = places.map(rawPlaces).flatMap(formsOf);
  const known = new Map<RawPath, AccountParts>();
  const keep = (parts: AccountParts): AccountParts => {
    if (known.size >= mostKept) known.clear();
    for (const path of parts.all) known.set(path, parts);
    return parts;
  };
  return (path) => {
    for (const form of forms) {
      const folder = firstSteps(path === rootPath ? top : joinRawPath(top, path), form.depth);
      const within = folder === undefined ? undefined : below(folder, top);
      if (folder === undefined || within === undefined) continue;
      const seen = known.get(within);
      if (seen !== undefined) return seen;
      const values = matchTemplate(form.template, folder);
      const found = values === undefined ? undefined : accountBy(values, { ...form, within, top });
      if (found?.all.some((one) => isWithin(within, one)) === true) return keep(found);
    }
    return undefined;
  };
}

/** A part that is everybody's is no account's. */
function formsOf(place: AccountPlaces): readonly Form[] {
  const isShared = (template: string): boolean =>
    place.mail.includes("%") && !template.includes("%");
  return keys.flatMap((key) => {
    const template = place[key];
    if (template === undefined || isShared(template)) return [];
    return [{ template, depth: stepsOf(template).length, place }];
  });
}

function accountBy(
  values: TemplateValues,
  { place, template: of, within, top }: Form & { readonly within: RawPath; readonly top: RawPath },
): AccountParts | undefined {
  const expandedMail = expandFrom(place.mail, values);
  const named = expandedMail === undefined ? undefined : below(expandedMail, top);
  const mail = of === place.mail ? within : named;
  if (mail === undefined) return undefined;
  const whole = matchTemplate(place.mail, joinRawPath(top, mail)) ?? values;
  const all = new Set([mail]);
  let control: RawPath | undefined;
  for (const { template } of formsOf(place)) {
    const expanded = expandFrom(template, whole);
    const part = expanded === undefined ? undefined : below(expanded, top);
    if (part === undefined) continue;
    if (template === place.control) control = part;
    all.add(part);
  }
  const outermost = [...all].filter(
    (part) => ![...all].some((other) => other !== part && isWithin(part, other)),
  );
  return { mail, all: outermost, ...(control === undefined ? {} : { control }) };
}

function firstSteps(path: RawPath, count: number): string | undefined {
  const steps = stepsOf(path);
  return steps.length < count ? undefined : `/${steps.slice(0, count).join("/")}`;
}

function stepsOf(path: string): readonly string[] {
  return path.split("/").filter((step) => step !== "");
}
