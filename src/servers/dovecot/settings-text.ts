/*
 * Dovecot's configuration language, as its files have it and as `doveconf` prints it; 2.3 and 2.4 alike:
 *
 *   key = value          a value may stand in quotes, continue on the next line after "\", end before " #"
 *   type name {          a section, or in 2.4 also a list; its end is a line "}"
 *   !include PATTERN     of other files; !include_try where they may be missing
 *   key = <FILE          the value is what the file holds. It may be a secret: it is never read here
 *   $key                 in a value: what the key was before
 *   # …                  to the end of the line
 */

export type DovecotSection = {
  /** "" of the whole configuration, "namespace", "userdb", "plugin", … */
  readonly type: string;
  readonly name: string;
  readonly settings: Map<string, string>;
  readonly sections: DovecotSection[];
};

export type DovecotStatement =
  | { readonly kind: "set"; readonly key: string; readonly value: string }
  | { readonly kind: "open"; readonly type: string; readonly name: string }
  | { readonly kind: "close" }
  | { readonly kind: "include"; readonly pattern: string; readonly mayMiss: boolean };

const mostStatements = 100_000;
const deepest = 32;
const longestValue = 64 * 1024;

/** The statements of one file in order; lines that are none of them are left out. */
export function parseDovecotText(text: string): readonly DovecotStatement[] {
  const statements: DovecotStatement[] = [];
  for (const line of logicalLines(text)) {
    const statement = statementOf(line);
    if (statement !== undefined) statements.push(statement);
    if (statements.length >= mostStatements) break;
  }
  return statements;
}

function* logicalLines(text: string): Generator<string> {
  let begun = "";
  for (const line of text.split("\n")) {
    const whole = begun + line.trim();
    if (whole.endsWith("\\") && !whole.startsWith("#") && whole.length < longestValue) {
      begun = `${whole.slice(0, -1)} `;
      continue;
    }
    begun = "";
    yield whole.trim();
  }
  if (begun !== "") yield begun.trim();
}

function statementOf(line: string): DovecotStatement | undefined {
  if (line === "" || line.startsWith("#")) return undefined;
  if (line.startsWith("}")) return { kind: "close" };
  const include = /^!include(_try)?\s+(\S.*)$/.exec(line);
  if (include !== null)
    return {
      kind: "include",
      pattern: plainValue(include[2] ?? ""),
      mayMiss: include[1] !== undefined,
    };
  const opening = /^([^\s={]+)(?:\s+([^{=]*?))?\s*\{\s*(?:#.*)?$/.exec(line);
  if (opening !== null)
    return { kind: "open", type: opening[1] ?? "", name: plainValue(opening[2] ?? "") };
  const setting = /^([^\s={]+)\s*=\s*(.*)$/.exec(line);
  if (setting === null) return undefined;
  return { kind: "set", key: setting[1] ?? "", value: plainValue(setting[2] ?? "") };
}

/** Without its quotes, or without the comment after it. */
function plainValue(written: string): string {
  const text = written.trim().slice(0, longestValue);
  const quotes = /^"((?:[^"\\]|\\.)*)"|^'([^']*)'/.exec(text);
  if (quotes !== null)
    return quotes[1] === undefined ? (quotes[2] ?? "") : quotes[1].replaceAll(/\\(.)/g, "$1");
  return text.replace(/(?:^|\s)#.*$/, "").trim();
}

export function emptySection(type = "", name = ""): DovecotSection {
  return { type, name, settings: new Map(), sections: [] };
}

/** Puts statements into a tree, one after another; what is named twice is one section. */
export class DovecotTree {
  readonly root: DovecotSection = emptySection();
  readonly #open: DovecotSection[] = [this.root];
  /** Sections that are too deep, and only counted. */
  #beyond = 0;

  add(statement: Exclude<DovecotStatement, { readonly kind: "include" }>): void {
    switch (statement.kind) {
      case "open":
        return this.#begin(statement.type, statement.name);
      case "close":
        if (this.#beyond > 0) this.#beyond--;
        else if (this.#open.length > 1) this.#open.pop();
        return;
      case "set":
        if (this.#beyond > 0) return;
        this.#current().settings.set(statement.key, this.#expanded(statement.value));
    }
  }

  #begin(type: string, name: string): void {
    if (this.#beyond > 0 || this.#open.length > deepest) {
      this.#beyond++;
      return;
    }
    const within = this.#current().sections;
    // Sections without a name are each one of their own, but there is only one list of plugin settings.
    const known =
      name === "" && type !== "plugin" && !isList(type)
        ? undefined
        : within.find((one) => one.type === type && one.name === name);
    const section = known ?? emptySection(type, name);
    if (known === undefined) within.push(section);
    this.#open.push(section);
  }

  #current(): DovecotSection {
    return this.#open.at(-1) as DovecotSection;
  }

  #expanded(value: string): string {
    if (!value.includes("$")) return value;
    return value
      .replaceAll(/\$(?:SET:)?([a-z_0-9]+)/g, (whole, key: string) => {
        const known = this.#open.findLast(({ settings }) => settings.has(key));
        return known?.settings.get(key) ?? (whole.startsWith("$SET:") ? whole : "");
      })
      .slice(0, longestValue)
      .trim();
  }
}

/** Lists of 2.4, which are written as sections: mail_plugins { quota = yes }. */
function isList(type: string): boolean {
  return type === "mail_plugins" || type === "protocols" || type === "mail_attribute";
}

/** What `doveconf` prints, as a tree. */
export function parseDoveconf(text: string): DovecotSection {
  const tree = new DovecotTree();
  for (const statement of parseDovecotText(text))
    if (statement.kind !== "include") tree.add(statement);
  return tree.root;
}

export function sectionsOf({ sections }: DovecotSection, type: string): readonly DovecotSection[] {
  return sections.filter((section) => section.type === type);
}

/** A setting of the whole configuration, or of its list of plugin settings (2.3). "" is as good as none. */
export function settingOf(root: DovecotSection, key: string): string | undefined {
  const value =
    root.settings.get(key) ??
    root.sections.find(({ type }) => type === "plugin")?.settings.get(key);
  return value === "" ? undefined : value;
}

/** Words of a list: "a b" of 2.3, or { a = yes, b = no } of 2.4; with those of all protocols. */
export function listOf(root: DovecotSection, key: string): readonly string[] {
  const places = [root, ...sectionsOf(root, "protocol")];
  const words = places.flatMap((place) => [
    ...(place.settings.get(key) ?? "").split(/[\s,]+/),
    ...sectionsOf(place, key).flatMap(({ settings }) =>
      [...settings].filter(([, value]) => value !== "no").map(([word]) => word),
    ),
  ]);
  return [...new Set(words)].filter((word) => word !== "");
}

/** Paths in a value that may name a place in more ways than one: "file:~/sieve;active=~/.dovecot.sieve", "/etc/dovecot/sieve". */
export function pathsInValue(value: string): readonly string[] {
  return value
    .split(";")
    .map((part) => part.replace(/^(?:file:|active=)/, "").trim())
    .filter((part) => /^(?:[/~]|%h|%\{home\})/.test(part));
}

/** Files of a dictionary: `key = file:PATH` of 2.3, `key { dict file { path = PATH } }` of 2.4. */
export function pathsInDict(root: DovecotSection, key: string): readonly string[] {
  const written = /^file:(\S+)/.exec(settingOf(root, key) ?? "")?.[1];
  const sections = sectionsOf(root, key).flatMap((section) =>
    sectionsOf(section, "dict").flatMap(
      ({ settings }) => settings.get("path") ?? settings.get("dict_file_path") ?? [],
    ),
  );
  return written === undefined ? sections : [written, ...sections];
}
