import type { StoreOptions } from "./maildir-folder.ts";
import type { Random } from "./random.ts";

const DAY_MS = 86_400_000;
const TRIES = 12;

/** A moment in the last `days` days before `now`: mostly working hours, fewer at night and weekends. */
export function arrivalBefore(
  now: Date,
  { days, random }: { readonly days: number; readonly random: Random },
): number {
  let timeMs = 0;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    // At least a second ago: recipients of one message follow each other by a millisecond.
    timeMs = now.getTime() - 1000 - Math.floor(random.fraction() * (days * DAY_MS - 1000));
    if (random.fraction() < likelihood(new Date(timeMs))) return timeMs;
  }
  return timeMs;
}

function likelihood(time: Date): number {
  const hour = time.getUTCHours();
  const weekend = time.getUTCDay() === 0 || time.getUTCDay() === 6;
  const byHour = hour >= 8 && hour < 18 ? 1 : hour >= 6 && hour < 22 ? 0.4 : 0.1;
  return weekend ? byHour * 0.25 : byHour;
}

/** One mailbox for nine messages in ten, two to four for the rest; the first ones get more mail. */
export function chooseRecipients(random: Random, mailboxes: number): readonly number[] {
  const wanted = random.fraction() < 0.9 ? 1 : 2 + random.integer(3);
  const chosen = new Set<number>();
  while (chosen.size < wanted) {
    chosen.add(Math.floor(random.fraction() * random.fraction() ** 0.4 * mailboxes));
  }
  return [...chosen];
}

export type FolderChoice = {
  readonly spam: boolean;
  /** Only one recipient. */
  readonly alone: boolean;
  readonly ageDays: number;
  /** The folders this mailbox has beyond the common ones. */
  readonly extra: readonly string[];
};

export function chooseFolder(random: Random, choice: FolderChoice): string {
  const chance = random.fraction();
  if (choice.spam) return chance < 0.6 ? ".Junk" : "";
  if (choice.alone && chance < 0.12) return ".Sent";
  if (choice.extra.length > 0 && chance < 0.2) return random.pick(choice.extra);
  if (choice.ageDays > 12 && chance > 0.6) return ".Archive.2026";
  return "";
}

export type FlagChoice = {
  readonly ageDays: number;
  readonly folder: string;
  /** The mailbox has a dovecot-keywords in its INBOX, with letters a and b. */
  readonly keywords: boolean;
};

export function chooseFlags(random: Random, choice: FlagChoice): StoreOptions["flags"] {
  if (choice.folder === ".Sent") return { letters: "S" };
  if (choice.ageDays < 1 && choice.folder === "" && random.fraction() < 0.6) return "new";
  let letters = random.fraction() < 0.85 ? "S" : "";
  if (letters === "S" && random.fraction() < 0.15) letters += "R";
  if (random.fraction() < 0.05) letters += "F";
  if (random.fraction() < 0.01) letters += "T";
  if (choice.keywords && choice.folder === "" && random.fraction() < 0.06) {
    letters += random.pick(["a", "b"]);
  }
  return { letters };
}
