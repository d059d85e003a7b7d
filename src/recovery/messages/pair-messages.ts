import type { LivingMessages } from "../living/living-account.ts";
import type { RestoreMode } from "../restore-plan.ts";
import { haveSameFlags, livingFlags, pastFlags } from "./flag-policy.ts";
import type { NowMessage } from "./living-side.ts";
import type { PastMessage } from "./past-messages.ts";

/** Who of now is whom of the past. Every message is in one pair at most. */
export class Pairs {
  readonly #now = new Map<PastMessage, NowMessage>();
  readonly #claimed = new Set<NowMessage>();

  add(past: PastMessage, now: NowMessage): void {
    this.#now.set(past, now);
    this.#claimed.add(now);
  }

  nowOf(past: PastMessage): NowMessage | undefined {
    return this.#now.get(past);
  }

  isFree(now: NowMessage): boolean {
    return !this.#claimed.has(now) && now.isGone !== true;
  }
}

/**
 * What the protocol itself says: under one UIDVALIDITY a UID is one message for ever (RFC 9051
 * §2.3.1.1). A server that was rebuilt may give both anew, so that the date and the size must agree as well.
 */
export function isSameByUid(
  { mailbox, stored, facts }: PastMessage,
  box: LivingMessages,
  { message }: NowMessage,
): boolean {
  const read = facts !== undefined && "sizeBytes" in facts ? facts.sizeBytes : undefined;
  const sizeBytes = read ?? stored.virtualSizeBytes;
  return (
    mailbox.uidValidity === box.uidValidity &&
    stored.uid === message.uid &&
    sizeBytes === message.sizeBytes &&
    secondsOf(stored.internalDateNs) === message.internalDateSeconds
  );
}

export function secondsOf(ns: bigint): number {
  const seconds = ns / 1_000_000_000n;
  return Number(ns < 0n && seconds * 1_000_000_000n !== ns ? seconds - 1n : seconds);
}

export type PairOptions = {
  readonly pairs: Pairs;
  readonly mayPair: May;
  readonly mode: RestoreMode;
};

type May = (past: PastMessage, now: NowMessage) => boolean;

/**
 * Pairs by identity, as multisets; returns who of the past is left. The most alike first: nobody is
 * given flags, or called moved, who can stay as he is.
 */
export function pairByIdentity(
  past: readonly PastMessage[],
  now: readonly NowMessage[],
  { pairs, mayPair, mode }: PairOptions,
): readonly PastMessage[] {
  const byIdentity = Map.groupBy(
    now.filter((one) => one.identity !== undefined && pairs.isFree(one)),
    (one) => one.identity,
  );
  let left = past;
  // As they would be put back, so that running it again pairs the same.
  const haveFlags: May = ({ stored }, { message }) =>
    haveSameFlags(pastFlags(stored, mode), livingFlags(message));
  const likeness: readonly May[] = [
    (one, other) => haveFlags(one, other) && haveDate(one, other),
    haveFlags,
    (one, other) => haveDate(one, other) || haveUid(one, other),
    () => true,
  ];
  for (const isLike of likeness) {
    left = left.filter((message) => {
      const { facts } = message;
      if (facts === undefined || !("identity" in facts)) return true;
      const found = byIdentity
        .get(facts.identity)
        ?.find((one) => pairs.isFree(one) && mayPair(message, one) && isLike(message, one));
      if (found !== undefined) pairs.add(message, found);
      return found === undefined;
    });
  }
  return left;
}

function haveDate({ stored }: PastMessage, { message }: NowMessage): boolean {
  return secondsOf(stored.internalDateNs) === message.internalDateSeconds;
}

function haveUid({ stored, mailbox }: PastMessage, now: NowMessage): boolean {
  return stored.uid === now.message.uid && mailbox.uidValidity === now.mailbox.uidValidity;
}
