import { type DovecotSection, sectionsOf, settingOf } from "./settings-text.ts";

/** Where mail lies, as written: paths are templates. Absent: beside the mail. */
export type MailPlace = {
  /** "maildir", "sdbox", "mdbox", "mbox", "auto", or another of Dovecot's. */
  readonly driver: string;
  readonly path: string;
  /** Of an mbox: the INBOX's own file. */
  readonly inbox?: string;
  readonly index?: string;
  readonly control?: string;
  readonly alt?: string;
  readonly attachments?: string;
  /** "maildir++", "fs", "index". */
  readonly layout?: string;
  readonly directoryName?: string;
};

const namesOfParts: Readonly<Record<string, keyof MailPlace>> = {
  INBOX: "inbox",
  INDEX: "index",
  CONTROL: "control",
  ALT: "alt",
  LAYOUT: "layout",
  DIRNAME: "directoryName",
};

/**
 * Of 2.3: `driver:path:KEY=VALUE:…`. A path alone means that the server looks which driver fits.
 * Undefined where nothing is said.
 */
export function parseMailLocation(written: string): MailPlace | undefined {
  if (written === "") return undefined;
  const driver = /^([a-z]+):/.exec(written)?.[1];
  // "::" stands for a colon.
  const [path = "", ...parts] = written
    .slice(driver === undefined ? 0 : driver.length + 1)
    .replaceAll("::", "\0")
    .split(":")
    .map((part) => part.replaceAll("\0", ":"));
  const place: Record<string, string> = {};
  for (const part of parts) {
    const at = part.indexOf("=");
    const name = namesOfParts[at < 0 ? part : part.slice(0, at)];
    // MEMORY: there is no index on disk.
    if (name !== undefined && at > 0 && part.slice(at + 1) !== "MEMORY")
      place[name] = part.slice(at + 1);
  }
  const { layout, ...rest } = place;
  return {
    driver:
      driver === undefined || driver === "auto" ? "auto" : driver === "dbox" ? "sdbox" : driver,
    path,
    ...rest,
    ...(layout === undefined ? {} : { layout: layout.toLowerCase() }),
  };
}

const keysOf24: Readonly<Record<string, keyof MailPlace>> = {
  mail_inbox_path: "inbox",
  mail_index_path: "index",
  mail_control_path: "control",
  mail_alt_path: "alt",
  mail_ext_attachment_path: "attachments",
  mailbox_list_layout: "layout",
  mailbox_directory_name: "directoryName",
};

/** Of 2.4: mail_driver, mail_path, …, of the whole configuration or of a section that overrides it. */
function placeOf24(levels: readonly DovecotSection[]): MailPlace | undefined {
  const value = (key: string): string | undefined => {
    const found = levels.findLast(({ settings }) => settings.has(key))?.settings.get(key);
    return found === "" || found === "MEMORY" ? undefined : found;
  };
  const driver = value("mail_driver");
  const path = value("mail_path");
  if (driver === undefined && path === undefined) return undefined;
  const place: Record<string, string> = {};
  for (const [key, name] of Object.entries(keysOf24)) {
    const found = value(key);
    if (found !== undefined) place[name] = found;
  }
  // A Maildir's inbox is its top folder, ".": no place of its own.
  const { inbox, ...rest } = place;
  return {
    driver: driver ?? "auto",
    path: path ?? "",
    ...rest,
    ...(inbox === undefined || inbox === "." ? {} : { inbox }),
  };
}

/** Whether a configuration is written in the language of 2.4. */
export function isOf24(root: DovecotSection): boolean {
  return root.settings.has("dovecot_config_version") || root.settings.has("mail_driver");
}

export type NamespacePlace = {
  /** "" where it is said for all. */
  readonly namespace: string;
  readonly kind: "private" | "shared" | "public";
  readonly place: MailPlace;
};

/** Every place that the configuration names: the one for all, first, and those of namespaces that have their own. */
export function mailPlaces(root: DovecotSection): readonly NamespacePlace[] {
  const is24 = isOf24(root);
  const attachments = is24 ? undefined : settingOf(root, "mail_attachment_dir");
  const found: NamespacePlace[] = [];
  const add = (
    place: MailPlace | undefined,
    namespace = "",
    kind: NamespacePlace["kind"] = "private",
  ): void => {
    if (place === undefined || (place.driver === "auto" && place.path === "")) return;
    const whole = attachments === undefined ? place : { attachments, ...place };
    if (found.some((one) => JSON.stringify(one.place) === JSON.stringify(whole))) return;
    found.push({ namespace, kind, place: whole });
  };
  add(is24 ? placeOf24([root]) : parseMailLocation(root.settings.get("mail_location") ?? ""));
  for (const section of sectionsOf(root, "namespace")) {
    if (section.settings.get("disabled") === "yes") continue;
    const written = section.settings.get("type") ?? "private";
    const kind = written === "shared" || written === "public" ? written : "private";
    const place = is24
      ? placeOf24([root, section])
      : parseMailLocation(section.settings.get("location") ?? "");
    add(place, section.name === "" ? (section.settings.get("prefix") ?? "") : section.name, kind);
  }
  return found;
}
