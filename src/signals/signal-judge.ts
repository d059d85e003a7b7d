import { displayPath } from "#image";
import type { Sequence } from "#journal";
import type { AccountState } from "./account-state.ts";
import type { BurstStart, BurstWindow } from "./burst-window.ts";
import type { Signal, SignalKind } from "./signal.ts";
import type { SignalWatchOptions } from "./signal-watch.ts";

/** So many messages of noise are no chance; a file of many messages is one at once. */
const leastScrambled = 10;
/** An account of hardly any mail is emptied by its owner. */
const leastWhenAllGone = 10;

type Open = { readonly episode: number; readonly startSequence: Sequence; lastNs: bigint };

/** Decides whether what happened to one account, or to the whole store, is an alarm. */
export class SignalJudge {
  readonly #options: Required<Omit<SignalWatchOptions, "expectedMessages" | "accountOf">>;
  /** Since when a threshold is passed, by account and kind. */
  readonly #since = new Map<string, bigint>();
  /** The newest sequence that was told of, by account and kind. */
  readonly #told = new Map<string, Sequence>();
  readonly #open = new Map<SignalKind, Open>();
  #episodes = 0;

  constructor(options: SignalWatchOptions) {
    const { percent = 20, withinMs = 600_000, of = "mailbox" } = options;
    const { ignoredCount = 20, settleMs = 2000 } = options;
    this.#options = { percent, withinMs, of, ignoredCount, settleMs };
  }

  /** `store`: all accounts together. */
  judge(
    account: AccountState,
    nowNs: bigint,
    store: AccountState = account,
  ): { readonly signals: readonly Signal[]; readonly isQuiet: boolean } {
    const windows = [account.losses, account.rewrites, account.scrambles, account.containers];
    const sums = windows.map((window) => window.sum(nowNs));
    const isQuiet = sums.every((sum) => sum <= 0);
    if (this.#options.of === "group" && account.path !== "" && account.unit === "messages")
      return { signals: [], isQuiet };
    const signals = [
      this.#massOf("mass-removal", account.losses, { account, nowNs, store }),
      this.#massOf("mass-rewrite", account.rewrites, { account, nowNs, store }),
      this.#noise({ account, nowNs, store }),
    ];
    return { signals: signals.filter((signal) => signal !== undefined), isQuiet };
  }

  #massOf(
    kind: "mass-removal" | "mass-rewrite",
    window: BurstWindow,
    seen: Seen,
  ): Signal | undefined {
    const { account, nowNs } = seen;
    const { percent, ignoredCount } = this.#options;
    const count = window.sum(nowNs);
    const left = Math.max(0, account.count);
    const before = kind === "mass-removal" ? left + Math.max(0, count) : Math.max(left, count);
    const least = Math.max(ignoredCount, Math.floor((before * percent) / 100) + 1);
    const isAllGone = kind === "mass-removal" && left === 0 && count >= leastWhenAllGone;
    if (count < least && !isAllGone) return this.#calm(kind, account);
    return this.#alarm(kind, window, { ...seen, count, before, least: Math.min(least, count) });
  }

  #noise(seen: Seen): Signal | undefined {
    const { account, nowNs } = seen;
    const kind = "scrambled-content";
    const [messages, files] = [account.scrambles.sum(nowNs), account.containers.sum(nowNs)];
    const before = Math.max(0, account.count);
    if (files > 0) {
      const facts = { ...seen, count: files, before: files, least: 1, isFiles: true };
      return this.#alarm(kind, account.containers, facts);
    }
    if (messages < leastScrambled) return this.#calm(kind, account);
    const facts = { ...seen, count: messages, before: Math.max(before, messages) };
    return this.#alarm(kind, account.scrambles, { ...facts, least: leastScrambled });
  }

  #calm(kind: SignalKind, account: AccountState): undefined {
    const key = `${kind}\0${account.path}`;
    this.#since.delete(key);
    this.#told.delete(key);
  }

  #alarm(kind: SignalKind, window: BurstWindow, facts: Facts): Signal | undefined {
    const { account, nowNs, count, before, least } = facts;
    const { settleMs, withinMs } = this.#options;
    const key = `${kind}\0${account.path}`;
    const since = this.#since.get(key) ?? nowNs;
    this.#since.set(key, since);
    if (nowNs - since < BigInt(settleMs) * 1_000_000n) return undefined;
    const start = earliest(window.start(least), facts);
    const last = window.newest;
    if (start === undefined || last === undefined) return undefined;
    const told = this.#told.get(key);
    if (told !== undefined && start.sequence <= told) return undefined;
    this.#told.set(key, last);
    const episode = this.#episodeOf(kind, { startSequence: start.sequence, told, nowNs, withinMs });
    const unit = facts.isFiles === true ? "files" : account.unit;
    return {
      kind,
      path: account.path,
      before: { sequence: start.sequence - 1, atNs: start.atNs - 1n },
      last: { sequence: last, atNs: nowNs },
      count,
      of: before,
      unit,
      episode,
      message: messageOf({ kind, account, count, before, unit }),
    };
  }

  /** One account after another is one event; the same account again, after it was told of, is another. */
  #episodeOf(
    kind: SignalKind,
    now: {
      readonly startSequence: Sequence;
      readonly told: Sequence | undefined;
      readonly nowNs: bigint;
      readonly withinMs: number;
    },
  ): number {
    const { startSequence, told, nowNs, withinMs } = now;
    const open = this.#open.get(kind);
    const isOver = open === undefined || nowNs - open.lastNs > BigInt(withinMs) * 1_000_000n;
    const isAgain = told !== undefined && (open?.startSequence ?? 0) <= told;
    if (!isOver && !isAgain) {
      open.lastNs = nowNs;
      return open.episode;
    }
    this.#open.set(kind, { episode: ++this.#episodes, startSequence, lastNs: nowNs });
    return this.#episodes;
  }
}

/**
 * One attack shows in more than one way, and what shows first need not be what is told of: all was well
 * before any of it began. What servers never do, rewriting and scrambling, is one attack in all accounts:
 * the first to be told of need not be the first that was struck.
 */
function earliest(
  start: BurstStart | undefined,
  { account, nowNs, store }: Seen,
): BurstStart | undefined {
  const { losses, rewrites, scrambles, containers } = account;
  const isAttack = [rewrites, scrambles, containers].some((window) => window.sum(nowNs) > 0);
  const elsewhere = isAttack ? [store.rewrites, store.scrambles, store.containers] : [];
  let first = start;
  for (const window of [losses, rewrites, scrambles, containers, ...elsewhere]) {
    const other = window.start(1);
    if (first !== undefined && other !== undefined && other.sequence < first.sequence)
      first = other;
  }
  return first;
}

type Seen = {
  readonly account: AccountState;
  readonly nowNs: bigint;
  readonly store: AccountState;
};
type Facts = Seen & {
  readonly count: number;
  readonly before: number;
  readonly least: number;
  readonly isFiles?: boolean;
};

type Told = {
  readonly kind: SignalKind;
  readonly account: AccountState;
  readonly count: number;
  readonly before: number;
  readonly unit: Signal["unit"];
};

function messageOf({ kind, account, count, before, unit }: Told): string {
  const where = account.path === "" ? "the mail store" : `"${displayPath(account.path)}"`;
  const shown = count.toLocaleString("en");
  const share = before > 0 ? ` (${Math.min(100, Math.round((count * 100) / before))}%)` : "";
  switch (kind) {
    case "mass-removal":
      return `${shown} of ${before.toLocaleString("en")} ${unit} of ${where} disappeared${share}`;
    case "mass-rewrite":
      return `${shown} of ${before.toLocaleString("en")} ${unit} of ${where} were rewritten or renamed${share}, which mail servers do not do`;
    case "scrambled-content":
      return unit === "files"
        ? `${shown} files of many messages of ${where} became noise, as if encrypted`
        : `${shown} ${unit} of ${where} became noise, as if encrypted`;
  }
}
