import { expandTemplate, type MailLayout, staticFolder } from "#mail";
import { commonFolder, parentFolder } from "../folders.ts";
import type { ServerAccount, ServerVolume, VolumePlace } from "../mail-server.ts";
import type { FoundUser } from "./doveadm-user.ts";
import { type MailPlace, type NamespacePlace, parseMailLocation } from "./mail-place.ts";

/** What is known when places are turned into folders. */
export type PlaceContext = {
  readonly users: readonly FoundUser[];
  /** Where homes are for all, as written. */
  readonly home: string | undefined;
};

const layoutOfDriver: Readonly<Record<string, MailLayout>> = {
  maildir: "maildir",
  sdbox: "sdbox",
  mdbox: "mdbox",
  mbox: "mbox",
};

export function layoutOf(driver: string): MailLayout | undefined {
  return layoutOfDriver[driver];
}

/** The deepest folder that has a path of all users. Undefined where neither the text nor the users tell. */
export function folderForAll(written: string, { users, home }: PlaceContext): string | undefined {
  const homeFolder = home === undefined ? undefined : staticFolder(home);
  const folder =
    written.startsWith("~") || /^%(?:h|\{home\})/.test(written)
      ? homeFolder
      : staticFolder(written);
  if (folder !== undefined && folder !== "/" && folder.startsWith("/")) return folder;
  const homes = users.flatMap((user) => (user.home === undefined ? [] : [parentFolder(user.home)]));
  if (/^(?:~|%h|%\{home\})/.test(written)) return commonFolder(homes);
  const paths = users.flatMap((user) => expandTemplate(written, user) ?? []);
  return commonFolder(paths.map(parentFolder));
}

/** Volumes with their roles: database, log, or both in one folder that must be frozen as one (paper §2.1). */
export function volumesOf(
  places: readonly NamespacePlace[],
  context: PlaceContext,
): { readonly volumes: readonly ServerVolume[]; readonly remarks: readonly string[] } {
  const volumes: ServerVolume[] = [];
  const remarks: string[] = [];
  const add = (place: VolumePlace, role: ServerVolume["role"], written: string): void => {
    const path = folderForAll(written, context);
    if (path === undefined)
      remarks.push(`Where "${written}" lies for all users is not known: name the folder.`);
    else if (!volumes.some((one) => one.place === place && one.path === path))
      volumes.push({ place, role, path, written });
  };
  for (const { place } of places) {
    for (const [written, part] of partsOf(place)) add(part, roleOf(part, place), written);
  }
  if (volumes.length === 0 && remarks.length === 0)
    remarks.push(
      "The configuration does not say where mail lies: the server looks in each home for itself.",
    );
  return { volumes, remarks };
}

function partsOf(place: MailPlace): readonly (readonly [written: string, part: VolumePlace])[] {
  const parts: (readonly [string | undefined, VolumePlace])[] = [
    [place.driver === "mbox" ? place.inbox : undefined, "mail"],
    [place.path === "" ? undefined : place.path, "mail"],
    [place.index, "index"],
    [place.control, "control"],
    [place.attachments, "attachments"],
    [place.alt, "alt"],
  ];
  return parts.flatMap(([written, part]) => (written === undefined ? [] : [[written, part]]));
}

function roleOf(part: VolumePlace, { index }: MailPlace): ServerVolume["role"] {
  if (part === "index") return "log";
  if (part === "mail") return index === undefined ? "mixed" : "database";
  return "database";
}

/** Each user's own place: what the user database says of this one, else what is said for all. */
export function accountsOf(
  users: readonly FoundUser[],
  places: readonly NamespacePlace[],
): readonly ServerAccount[] {
  return users.map((user) => {
    const place = ownPlace(user) ?? places.find(({ kind }) => kind === "private")?.place;
    const mail =
      place === undefined
        ? undefined
        : expandTemplate(place.driver === "mbox" ? (place.inbox ?? place.path) : place.path, user);
    const layout = place === undefined ? undefined : layoutOf(place.driver);
    return {
      name: user.name,
      ...(user.home === undefined ? {} : { home: user.home }),
      ...(mail === undefined || !mail.startsWith("/") ? {} : { mail }),
      ...(layout === undefined ? {} : { layout }),
    };
  });
}

/** The places that single users have of their own, each way of writing once. */
export function ownPlaces(users: readonly FoundUser[]): readonly NamespacePlace[] {
  const found = new Map<string, MailPlace>();
  for (const user of users) {
    const place = ownPlace(user);
    if (place !== undefined) found.set(JSON.stringify(place), place);
  }
  return [...found.values()].map((place) => ({ namespace: "", kind: "private", place }));
}

/** What the user database says of one user's mail; undefined where that is as for all. */
export function ownPlace({ settings }: FoundUser): MailPlace | undefined {
  const driver = settings.get("mail_driver");
  const path = settings.get("mail_path");
  if (path !== undefined) {
    const index = settings.get("mail_index_path");
    const control = settings.get("mail_control_path");
    const alt = settings.get("mail_alt_path");
    return {
      driver: driver ?? "auto",
      path,
      ...(index === undefined ? {} : { index }),
      ...(control === undefined ? {} : { control }),
      ...(alt === undefined ? {} : { alt }),
    };
  }
  return parseMailLocation(settings.get("mail") ?? "");
}
