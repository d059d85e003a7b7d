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

/** Where one part lies: a template of so many steps. */
type Form = { readonly template: string; readonly depth: number; readonly place: AccountPlaces };

const keys = ["mail", "index", "control", "alt"] as const;
/** Accounts that are kept at hand by a part of theirs. */
const mostKept = 65_536;

/**
 * Servers may have a place for each of thousands of accounts: those are found by their paths. Pure but for what it
 * has seen: where a part does not tell its account, the account's own folder does once it was asked for.
 */
export function partsByFacts({ root, places }: ServerFacts): PartsOf {
  const top = rawPathFromText(root);
  const raw = places.map(rawPlaces);
  const forms = raw.flatMap(formsOf).filter(({ template }) => template.includes("%"));
  const named = new Map<RawPath, AccountParts>();
  for (const place of raw.filter(({ mail }) => !mail.includes("%")).toReversed()) {
    const parts = accountBy(new Map(), { place, top });
    for (const path of parts?.all ?? []) named.set(path, parts as AccountParts);
  }
  const seen = new Map<RawPath, AccountParts>();
  return (path) => {
    const known = firstOf(path, (folder) => named.get(folder) ?? seen.get(folder));
    if (known !== undefined) return known;
    for (const form of forms) {
      const folder = firstSteps(path === rootPath ? top : joinRawPath(top, path), form.depth);
      const within = folder === undefined ? undefined : below(folder, top);
      if (folder === undefined || within === undefined) continue;
      const values = matchTemplate(form.template, folder);
      if (values === undefined) continue;
      const isMail = form.template === form.place.mail;
      const found = accountBy(values, { ...form, top, ...(isMail ? { mail: within } : {}) });
      if (found?.all.some((one) => isWithin(within, one)) !== true) continue;
      if (seen.size >= mostKept) seen.clear();
      for (const part of found.all) seen.set(part, found);
      return found;
    }
    return undefined;
  };
}

/** A part that is everybody's is no account's. */
function formsOf(place: AccountPlaces): readonly Form[] {
  const isOfAll = (template: string): boolean =>
    place.mail.includes("%") && !template.includes("%");
  return keys.flatMap((key) => {
    const template = place[key];
    if (template === undefined || isOfAll(template)) return [];
    return [{ template, depth: stepsOf(template).length, place }];
  });
}

function accountBy(
  values: TemplateValues,
  {
    place,
    top,
    ...known
  }: { readonly place: AccountPlaces; readonly top: RawPath; readonly mail?: RawPath },
): AccountParts | undefined {
  const expandedMail = known.mail === undefined ? expandFrom(place.mail, values) : undefined;
  const mail = known.mail ?? (expandedMail === undefined ? undefined : below(expandedMail, top));
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

/** What is found for the outermost folder on the way to a path. */
function firstOf<Found>(
  path: RawPath,
  find: (folder: RawPath) => Found | undefined,
): Found | undefined {
  for (let end = 0; end >= 0; end = path.indexOf("/", end + 1)) {
    const found = find(path.slice(0, end) as RawPath);
    if (found !== undefined) return found;
  }
  return find(path);
}

function firstSteps(path: RawPath, count: number): string | undefined {
  const steps = stepsOf(path);
  return steps.length < count ? undefined : `/${steps.slice(0, count).join("/")}`;
}

function stepsOf(path: string): readonly string[] {
  return path.split("/").filter((step) => step !== "");
}
