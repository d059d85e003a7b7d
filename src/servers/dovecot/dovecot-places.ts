/*
 * Where single accounts have what is not in their mail folder, as the configuration of Restante writes it:
 * templates from the root on, by which a copy is read without the server.
 */
import type { AccountPlaces } from "#image";
import { expandTemplate, matchTemplate, withHome } from "#mail";
import type { FoundUser } from "./doveadm-user.ts";
import { ownPlace, type PlaceContext } from "./dovecot-volumes.ts";
import type { MailPlace, NamespacePlace } from "./mail-place.ts";

/** As many as a configuration may have. */
const mostPlaces = 1000;

export type FoundPlaces = {
  readonly places: readonly AccountPlaces[];
  readonly remarks: readonly string[];
};

/**
 * Places of the users that have some of their own, then those for all; none where every account has
 * everything in its own folder.
 */
export function accountPlaces(
  forAll: readonly NamespacePlace[],
  { users, home }: PlaceContext,
): FoundPlaces {
  const homes = home ?? commonHome(users);
  const remarks: string[] = [];
  const general: AccountPlaces[] = [];
  const single: AccountPlaces[] = [];
  for (const { place } of forAll) {
    if (!hasParts(place)) continue;
    const template = placesFrom(place, (text) => withHomes(text, homes));
    if (template !== undefined) general.push(template);
    else single.push(...users.flatMap((user) => ofUser(place, user) ?? []));
  }
  for (const user of users) {
    const own = ownPlace(user);
    const found = own === undefined ? undefined : ofUser(own, user);
    if (own === undefined || found === undefined) continue;
    // One that has everything in its own folder must not be taken for one of all.
    const isLikeAll = general.some(({ mail }) => matchTemplate(mail, found.mail) !== undefined);
    if (hasParts(own) || isLikeAll) single.push(found);
  }
  const all = [...single, ...general];
  const distinct = [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
  if (distinct.length > mostPlaces)
    remarks.push(
      `${distinct.length} accounts have places of their own; those beyond ${mostPlaces} are not written down: give all accounts one INDEX=, CONTROL= and ALT=, with variables.`,
    );
  return { places: distinct.slice(0, mostPlaces), remarks };
}

function hasParts({ index, control, alt, attachments, directoryName }: MailPlace): boolean {
  return [index, control, alt, attachments, directoryName].some((part) => part !== undefined);
}

function ofUser(place: MailPlace, user: FoundUser): AccountPlaces | undefined {
  // A percent sign in a path is no variable of it.
  return placesFrom(place, (text) => expandTemplate(text, user)?.replaceAll("%", "%%"));
}

/** Undefined where the account's own folder is not known; a part that is not is left out. */
function placesFrom(
  place: MailPlace,
  resolve: (text: string) => string | undefined,
): AccountPlaces | undefined {
  const at = (text: string | undefined): string | undefined => {
    const path = text === undefined ? undefined : resolve(text);
    return path?.startsWith("/") === true ? path.replace(/(?<=.)\/+$/, "") : undefined;
  };
  const mail = at(place.path);
  if (mail === undefined) return undefined;
  const parts = {
    index: at(place.index),
    control: at(place.control),
    alt: at(place.alt),
    attachments: at(place.attachments),
    directoryName: place.directoryName,
  };
  const known = Object.entries(parts).filter(([, path]) => path !== undefined && path !== mail);
  return { mail, ...Object.fromEntries(known) };
}

/** Undefined where the home is needed and not known. */
function withHomes(text: string, home: string | undefined): string | undefined {
  if (!/^~(?:\/|$)|%h|%\{home\}/.test(text)) return text;
  return home === undefined ? undefined : withHome(text, home);
}

const usualEnds = ["%d/%n", "%u", "%n"] as const;

/** The form that all homes have: "/var/vmail/%d/%n". */
function commonHome(users: readonly FoundUser[]): string | undefined {
  const [first] = users;
  if (first?.home === undefined) return undefined;
  for (const end of usualEnds) {
    const own = expandTemplate(end, first);
    if (own === undefined || !first.home.endsWith(`/${own}`)) continue;
    const template = `${first.home.slice(0, -own.length).replaceAll("%", "%%")}${end}`;
    if (users.every((user) => expandTemplate(template, user) === user.home)) return template;
  }
  return undefined;
}
