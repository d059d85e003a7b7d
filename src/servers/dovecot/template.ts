/*
 * Paths with variables as Dovecot writes them. 2.3: %u %n %d %h, with modifiers (%Lu, %1n), and %{user},
 * %{username}, %{domain}, %{home}; 2.4: %{user}, %{user | username}, %{user | domain | lower}, %{home}. A leading
 * "~" is the home. Variables of other kinds (hashes, for one) only the server expands.
 */

export type TemplateUser = { readonly name: string; readonly home?: string | undefined };

const variable = /%%|%\{([^{}]*)\}|%([LU]?)([A-Za-z])|%[-\d.]*[A-Za-z]*/g;

/** The path for one user; undefined where only the server knows. */
export function expandTemplate(template: string, user: TemplateUser): string | undefined {
  let isKnown = true;
  const home = (): string => {
    if (user.home === undefined) isKnown = false;
    return user.home ?? "";
  };
  const tilde = template.replace(/^~(?=\/|$)/, () => home().replace(/\/$/, ""));
  const expanded = tilde.replaceAll(
    variable,
    (whole, long: string | undefined, modifier: string | undefined, short: string | undefined) => {
      if (whole === "%%") return "%";
      const found =
        long === undefined
          ? modified(valueOf(shortNames[short ?? ""] ?? "", { user, home }), modifier ?? "")
          : longValue(long, { user, home });
      if (found === undefined) isKnown = false;
      return found ?? "";
    },
  );
  return isKnown ? expanded : undefined;
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

const shortNames: Readonly<Record<string, string>> = {
  u: "user",
  n: "username",
  d: "domain",
  h: "home",
};

type Values = { readonly user: TemplateUser; readonly home: () => string };

function valueOf(name: string, { user, home }: Values): string | undefined {
  const at = user.name.lastIndexOf("@");
  switch (name) {
    case "user":
      return user.name;
    case "username":
      return at < 0 ? user.name : user.name.slice(0, at);
    case "domain":
      return at < 0 ? "" : user.name.slice(at + 1);
    case "home":
      return home();
    default:
      return undefined;
  }
}

function modified(value: string | undefined, modifier: string): string | undefined {
  if (modifier === "L") return value?.toLowerCase();
  if (modifier === "U") return value?.toUpperCase();
  return value;
}

/** "user | username | lower". */
function longValue(expression: string, values: Values): string | undefined {
  const [name = "", ...filters] = expression.split("|").map((word) => word.trim());
  let value = valueOf(name, values);
  for (const filter of filters) {
    if (value === undefined) return undefined;
    if (filter === "lower") value = value.toLowerCase();
    else if (filter === "upper") value = value.toUpperCase();
    else if (filter === "username" || filter === "domain")
      value = valueOf(filter, { ...values, user: { name: value } });
    else return undefined;
  }
  return value;
}
