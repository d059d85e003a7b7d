import type { FoundMessage, FoundPlacement, KnownMoment, MomentInterval } from "#catalog";
import { displayPath, joinRawPath, type RawPath } from "#image";
import { formatInstant, toRfc3339Nano } from "#time";
import type { PlacedAccount } from "./find-scope.ts";
import { messageId } from "./message-id.ts";
import { clipped, safeText } from "./text.ts";

export type ShowFound = {
  readonly zone: string;
  readonly placed: ReadonlyMap<number, PlacedAccount>;
};

const fromColumns = 28;
const subjectColumns = 44;
/** Folders that are named one by one. */
const namedFolders = 2;

/** ID, date, sender, subject, folders, and when it was there last. */
export function foundRow(message: FoundMessage, show: ShowFound): readonly string[] {
  const { dateS, from, subject, placements } = message;
  const last = lastPlacement(placements);
  return [
    messageId(message.identity),
    dateS === undefined ? "no date" : shortDate(BigInt(dateS) * 1_000_000_000n, show.zone),
    clipped(safeText(from), fromColumns),
    clipped(safeText(subject), subjectColumns),
    foldersText(placements, show),
    last === undefined ? "" : presenceText(last, show),
  ];
}

function shortDate(atNs: bigint, zone: string): string {
  return formatInstant(atNs, zone).replace(/:\d\d [^ ]+$/, "");
}

/** Where it is, or else where it was. */
function foldersText(placements: readonly FoundPlacement[], show: ShowFound): string {
  const present = placements.filter(({ now }) => now === "present");
  const shown = present.length > 0 ? present : placements;
  const names = shown.slice(0, namedFolders).map((one) => safeText(placeText(one, show)));
  const more = shown.length - names.length;
  return more > 0 ? `${names.join(", ")} and ${more} more` : names.join(", ");
}

function placeText({ account, mailbox }: FoundPlacement, { placed }: ShowFound): string {
  return `${placed.get(account.id)?.address ?? displayPath(account.root)}/${mailbox}`;
}

/** Of several places the one that tells most of what became of the message. */
function lastPlacement(placements: readonly FoundPlacement[]): FoundPlacement | undefined {
  const rank = { present: 2, unknown: 1, gone: 0 } as const;
  return placements.toSorted(
    (a, b) => rank[b.now] - rank[a.now] || Number(untilNs(b) - untilNs(a)),
  )[0];
}

function untilNs({ presence }: FoundPlacement): bigint {
  return presence[0]?.at(-1)?.until.atNs ?? 0n;
}

/** "there now", "gone between 14:02 and 14:03", "unknown since 14:03: the folder is not there". */
export function presenceText(placement: FoundPlacement, { zone }: ShowFound): string {
  const last = placement.presence[0]?.at(-1);
  if (last === undefined) return "";
  const { until, goneBy } = last;
  switch (placement.now) {
    case "present":
      return "there now";
    case "gone":
      return goneBy === undefined
        ? ""
        : `gone between ${formatInstant(until.atNs, zone)} and ${formatInstant(goneBy.atNs, zone)}`;
    case "unknown":
      return `there until ${formatInstant(until.atNs, zone)}, then unknown: ${reasonText(placement)}`;
  }
}

function reasonText({ mailboxNow }: FoundPlacement): string {
  switch (mailboxNow) {
    case "absent":
      return "the folder is not there";
    case "failed":
      return "the folder cannot be read";
    case "empty":
      return "the folder is empty all of a sudden";
    case "partial":
    case "complete":
      return "the folder was not captured whole";
  }
}

/** Everything, for programs. */
export function foundJson(message: FoundMessage, show: ShowFound): object {
  const { dateS, placements, ...facts } = message;
  return {
    id: messageId(message.identity),
    ...facts,
    ...(dateS === undefined ? {} : { date: toRfc3339Nano(BigInt(dateS) * 1_000_000_000n) }),
    placements: placements.map((placement) => placementJson(placement, show)),
  };
}

function placementJson(placement: FoundPlacement, show: ShowFound): object {
  const { account, mailbox, mailboxPath, now, mailboxNow, presence, states } = placement;
  const place = show.placed.get(account.id);
  return {
    address: place?.address ?? "",
    layout: account.layout,
    account: displayPath(place?.path ?? account.root),
    mailbox,
    now,
    mailboxNow,
    presence: presence.map((level) => level.map(intervalJson)),
    states: states.map(({ internalDateNs, key, intervals, ...state }) => ({
      ...state,
      internalDate: toRfc3339Nano(internalDateNs),
      key: displayPath(
        (key.startsWith("/") ? joinRawPath(mailboxPath, key.slice(1) as RawPath) : key) as RawPath,
      ),
      intervals: intervals.map(intervalJson),
    })),
  };
}

function intervalJson(interval: MomentInterval): object {
  return Object.fromEntries(
    Object.entries(interval).map(([end, moment]) => [end, momentJson(moment)]),
  );
}

function momentJson({ id, atNs }: KnownMoment): object {
  return { id, at: toRfc3339Nano(atNs) };
}
