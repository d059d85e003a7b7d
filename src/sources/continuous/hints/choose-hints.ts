/** Chooses the best way to be told of changes that works here, and says why it is no better one. */
import {
  type ChangeHints,
  type HintWay,
  isWatching,
  type OpenedHints,
  type OpenHints,
  type OpenHintsRequest,
  placesOf,
} from "./change-hints.ts";
import { openFanotify } from "./fanotify.ts";
import { openFolderWatch } from "./folder-watch.ts";
import { openFsnotifywait } from "./fsnotifywait.ts";
import { sharedFilesystem } from "./filesystems-of-places.ts";
import { openServerLog } from "./server-log.ts";
import { limitsOf, watchBeside } from "./watch-beside.ts";

export type ChosenHints = {
  readonly hints: ChangeHints;
  /** One sentence: why this way and no better one, as of now. */
  readonly why: () => string;
};

const openNone: OpenHints = async () => ({
  way: "none",
  settle: async () => undefined,
  watchFolder: () => undefined,
  forgetFolder: () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
});

const ways: readonly OpenedHints[] = [
  { way: "fanotify", open: (request) => openFanotify(request) },
  { way: "fsnotifywait", open: (request) => openFsnotifywait(request) },
  { way: "folder-watch", open: openFolderWatch },
  { way: "server-log", open: (request) => openServerLog(request) },
  { way: "none", open: openNone },
];

/**
 * With what makes up for changes that it misses: it loses some in silence (folder-watch), or other hosts change the
 * filesystem too. A server's log tells of mail then, where there is one.
 */
async function withWhatItMisses(
  watch: ChangeHints,
  request: OpenHintsRequest,
): Promise<ChangeHints> {
  if (!isWatching(watch.way)) return watch;
  const type = sharedFilesystem(placesOf(request).map(({ folder }) => folder));
  const unheard =
    type === undefined ? undefined : `what other hosts change on ${type} is not told to this one`;
  if (unheard === undefined && watch.way !== "folder-watch") return watch;
  const log = await openServerLog(request, {
    beside: {
      get limits() {
        return limitsOf(watch, unheard);
      },
    },
  });
  return watchBeside(watch, { unheard, ...("unavailable" in log ? {} : { log }) });
}

/** `wanted`: this way or, where it does not work here, one that is less; or an opened way of its own. */
export async function chooseHints(
  request: OpenHintsRequest,
  wanted: HintWay | OpenedHints | undefined,
): Promise<ChosenHints> {
  const reasons: string[] = [];
  const first = typeof wanted === "object" ? [wanted] : [];
  const rest = ways.slice(
    typeof wanted === "string" ? ways.findIndex(({ way }) => way === wanted) : 0,
  );
  for (const { way, open } of [...first, ...rest]) {
    const opened = await open(request);
    if (!("unavailable" in opened)) {
      const hints = await withWhatItMisses(opened, request);
      return { hints, why: () => whyOf(hints, reasons) };
    }
    reasons.push(`${way} is not possible: ${opened.unavailable}`);
  }
  throw new RangeError("polling is always possible");
}

function whyOf(hints: ChangeHints, reasons: readonly string[]): string {
  const best = {
    fanotify: "the kernel tells of every change of the filesystem",
    fsnotifywait: "the kernel tells another program of every change of the filesystem",
    "folder-watch": "every folder is watched",
    "server-log": "the mail server's own log is followed",
    none: "the store is scanned from time to time",
  }[hints.way];
  return [best, ...reasons, ...[hints.limits, hints.beside].flatMap((one) => one ?? [])].join("; ");
}
