/*
 * Paths with variables as Dovecot writes them. 2.3: %u %n %d %h, with modifiers (%Lu, %1n, %1.2n), and
 * %{user}, %{username}, %{domain}, %{home}; 2.4: %{user}, %{user | username}, %{user | domain | lower},
 * %{home}. A leading "~" is the home. Variables of other kinds (hashes, for one) only the server expands.
 */

export type TemplateUser = { readonly name: string; readonly home?: string | undefined };

const variable =
  /%%|%\{([^{}]*)\}|%(?:(?:(\d{1,2})\.)?(\d{1,2}))?([LU]?)([a-z])|%[-\d.]*[A-Z]*[a-z]?/g;

/** The path for one user; undefined where only the server knows. */
export function expandTemplate(template: string, user: TemplateUser): string | undefined {
  return expand(template, (name) => {
    const at = user.name.lastIndexOf("@");
    if (name === "user") return user.name;
    if (name === "username") return at < 0 ? user.name : user.name.slice(0, at);
    if (name === "domain") return at < 0 ? "" : user.name.slice(at + 1);
    return name === "home" ? user.home : undefined;
  });
}

/** Values of variables, as far as a path tells them: "user", "username", "domain". */
export type TemplateValues = ReadonlyMap<string, string>;

/** A path from what another path told; undefined where that is not enough. */
export function expandFrom(template: string, values: TemplateValues): string | undefined {
  return expand(template, (name) => values.get(name));
}

/**
 * What a path of this form says of its user: "/v/example.org/ann" of "/v/%d/%n". Undefined where it
 * is of another form. A name never has a slash in it.
 */
export function matchTemplate(template: string, path: string): TemplateValues | undefined {
  const names: (string | undefined)[] = [];
  let pattern = "";
  let end = 0;
  for (const match of template.matchAll(variable)) {
    pattern += literal(template.slice(end, match.index));
    end = match.index + match[0].length;
    if (match[0] === "%%") pattern += "%";
    else {
      names.push(plainNameOf(match));
      pattern += names.length > mostVariables ? "" : "([^/]{1,255}?)";
    }
  }
  if (names.length > mostVariables) return undefined;
  const found = new RegExp(`^${pattern}${literal(template.slice(end))}/*$`, "s").exec(path);
  if (found === null) return undefined;
  const values = new Map<string, string>();
  for (const [index, name] of names.entries()) {
    const value = found[index + 1] as string;
    if (name === undefined) continue;
    if ((values.get(name) ?? value) !== value) return undefined;
    values.set(name, value);
  }
  return withDerived(values);
}

/** More than a path needs, fewer than would make matching it slow. */
const mostVariables = 8;

function withDerived(values: Map<string, string>): TemplateValues {
  const [user, username, domain] = ["user", "username", "domain"].map((name) => values.get(name));
  if (user !== undefined) {
    const at = user.lastIndexOf("@");
    values.set("username", username ?? (at < 0 ? user : user.slice(0, at)));
    values.set("domain", domain ?? (at < 0 ? "" : user.slice(at + 1)));
  } else if (username !== undefined)
    values.set("user", domain === undefined || domain === "" ? username : `${username}@${domain}`);
  return values;
}

/** The deepest folder that a template names for every user; "/" where it begins with a variable. */
export function staticFolder(template: string, home?: string): string | undefined {
  const text = template.replace(/^~(?=\/|$)|^%h|^%\{home\}/, () => home ?? "%h");
  if (!text.startsWith("/")) return undefined;
  const first = text.replaceAll("%%", "..").indexOf("%");
  if (first < 0) return text.replaceAll("%%", "%").replace(/(?<=.)\/$/, "");
  const folder = text.slice(0, text.lastIndexOf("/", first)).replaceAll("%%", "%");
  return folder === "" ? "/" : folder;
}

/** With a home's own template in place of "~", %h and %{home}. */
export function withHome(template: string, home: string): string {
  const folder = home.replace(/(?<=.)\/+$/, "");
  return template.replace(/^~(?=\/|$)/, () => folder).replaceAll(/%h|%\{home\}/g, () => folder);
}

const shortNames: Readonly<Record<string, string>> = {
  u: "user",
  n: "username",
  d: "domain",
  h: "home",
};

type ValueOf = (name: string) => string | undefined;

function expand(template: string, valueOf: ValueOf): string | undefined {
  let isKnown = true;
  const known = (value: string | undefined): string => {
    if (value === undefined) isKnown = false;
    return value ?? "";
  };
  const tilde = template.replace(/^~(?=\/|$)/, () => known(valueOf("home")).replace(/\/$/, ""));
  const expanded = tilde.replaceAll(variable, (...match: (string | undefined)[]) => {
    const [whole, long, offset, width, modifier = "", short = ""] = match;
    if (whole === "%%") return "%";
    if (long !== undefined) return known(longValue(long, valueOf));
    const value = modified(valueOf(shortNames[short] ?? ""), modifier);
    if (width === undefined) return known(value);
    const from = Number(offset ?? 0);
    return known(value?.slice(from, from + Number(width)));
  });
  return isKnown ? expanded : undefined;
}

function modified(value: string | undefined, modifier: string): string | undefined {
  if (modifier === "L") return value?.toLowerCase();
  if (modifier === "U") return value?.toUpperCase();
  return value;
}

/** "user | username | lower". */
function longValue(expression: string, valueOf: ValueOf): string | undefined {
  const [name = "", ...filters] = expression.split("|").map((word) => word.trim());
  let value = valueOf(name);
  for (const filter of filters) {
    if (value === undefined) return undefined;
    const at = value.lastIndexOf("@");
    if (filter === "lower") value = value.toLowerCase();
    else if (filter === "upper") value = value.toUpperCase();
    else if (filter === "username") value = at < 0 ? value : value.slice(0, at);
    else if (filter === "domain") value = at < 0 ? "" : value.slice(at + 1);
    else return undefined;
  }
  return value;
}

/** The variable that a part of a path is equal to; undefined where it is only made of one. */
function plainNameOf([, long, , width, , short]: RegExpMatchArray): string | undefined {
  if (long === undefined) return width === undefined ? shortNames[short ?? ""] : undefined;
  const [name = "", ...filters] = long.split("|").map((word) => word.trim());
  const parts = filters.filter((filter) => filter !== "lower" && filter !== "upper");
  if (parts.length === 0) return name;
  if (parts.length > 1 || name !== "user") return undefined;
  return parts[0] === "username" || parts[0] === "domain" ? parts[0] : undefined;
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}
