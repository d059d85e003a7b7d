/*
 * What `doveadm user` prints: for '*' a name on each line; for names, in their order, after one title
 *
 *   field <TAB> value
 *   uid   <TAB> 1000          the first field of the first name
 *   home  <TAB> /var/vmail/…
 *   uid   <TAB> 1000          the first field of the next one
 *
 * Of a name that is nobody's it prints nothing, and fails.
 */
import type { TemplateUser } from "#mail";

export type FoundUser = TemplateUser & {
  /** Settings that this user has of his own: "mail", "mail_driver", "mail_path". */
  readonly settings: ReadonlyMap<string, string>;
};

export function parseUserNames(text: string): readonly string[] {
  return [
    ...new Set(
      text
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== ""),
    ),
  ];
}

/** Undefined where there is not one answer for each name. */
export function parseUserFields(
  text: string,
  names: readonly string[],
): readonly FoundUser[] | undefined {
  const answers: Map<string, string>[] = [];
  let first: string | undefined;
  for (const line of text.split("\n")) {
    const tab = line.indexOf("\t");
    if (tab < 0) continue;
    const [key, value] = [line.slice(0, tab).trim(), line.slice(tab + 1).trim()];
    if (key === "field" && value === "value") continue;
    first ??= key;
    if (key === first) answers.push(new Map());
    answers.at(-1)?.set(key.replace(/^userdb_/, ""), value);
  }
  if (answers.length !== names.length) return undefined;
  return names.map((name, index) => {
    const settings = answers[index] as Map<string, string>;
    const home = settings.get("home");
    return { name, settings, ...(home === undefined ? {} : { home }) };
  });
}

/** Lines "user:password:uid:gid:gecos:home:shell:key=value key=value"; what is not named here is not kept. */
export function parsePasswdFile(text: string): readonly FoundUser[] {
  const found: FoundUser[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [name = "", , , , , home = "", , ...rest] = line.trim().split(":");
    if (name === "") continue;
    const settings = new Map<string, string>();
    for (const word of rest.join(":").split(/\s+/)) {
      const [, key = "", value = ""] = /^userdb_([a-z_]+)=(.*)$/.exec(word) ?? [];
      if (/^(?:home|mail(?:_(?:driver|path|index_path|control_path|alt_path|home))?)$/.test(key))
        settings.set(key, value);
    }
    const ownHome = settings.get("home") ?? home;
    found.push({ name, settings, ...(ownHome === "" ? {} : { home: ownHome }) });
  }
  return found;
}
