/*
 * Settings as the files of mail servers write them, one on a line: NAME=value of a shell (Courier, Exim on
 * Debian), "name = value" with lines that go on (Postfix), "name: value" (Cyrus).
 */

const mostSettings = 10_000;

/** NAME=value, with or without quotes; nothing is expanded and nothing run. */
export function parseShellSettings(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split("\n", mostSettings)) {
    const [, name = "", written = ""] =
      /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line) ?? [];
    if (name === "") continue;
    const quotes = /^"([^"]*)"|^'([^']*)'/.exec(written);
    found.set(
      name,
      quotes === null ? (written.split(/\s/)[0] ?? "") : (quotes[1] ?? quotes[2] ?? ""),
    );
  }
  return found;
}

/** main.cf of Postfix (postconf(5)): a line that begins with a blank goes on; $name and ${name} are expanded. */
export function parsePostfixSettings(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let last = "";
  for (const line of text.split("\n", mostSettings)) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    if (/^\s/.test(line)) {
      found.set(last, `${found.get(last) ?? ""} ${line.trim()}`);
      continue;
    }
    const [, name = "", value = ""] = /^([A-Za-z0-9_]+)\s*=\s*(.*)$/.exec(line) ?? [];
    last = name;
    if (name !== "") found.set(name, value.trim());
  }
  return new Map([...found].map(([name, value]) => [name, expanded(value, found, 0)]));
}

const deepest = 10;

function expanded(value: string, settings: ReadonlyMap<string, string>, depth: number): string {
  if (depth > deepest || !value.includes("$")) return value;
  return value.replaceAll(/\$(?:\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))/g, (whole, long, short) => {
    const known = settings.get(String(long ?? short));
    return known === undefined ? whole : expanded(known, settings, depth + 1);
  });
}

/** imapd.conf(5) of Cyrus: "name: value"; names in lower case, for case means nothing there. */
export function parseColonSettings(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split("\n", mostSettings)) {
    const [, name = "", value = ""] = /^\s*([^\s#:][^\s:]*)\s*:?\s+(\S.*?)\s*$/.exec(line) ?? [];
    if (name !== "") found.set(name.replace(/:$/, "").toLowerCase(), value);
  }
  return found;
}
