import type { StoredMessage } from "#mail";
import type { LivingMessage } from "../living/living-account.ts";
import type { RestoreMode } from "../restore-plan.ts";
import type { FlagPolicy, FlagSet } from "./message-plan.ts";

const deleted = "\\Deleted";

/**
 * Flags and keywords that a message of the past is given. A mark for deletion is put back by `exact`
 * alone: mail that is brought back must not go with the next expunge. A keyword that the store's
 * reader could not name, and what IMAP cannot carry (RFC 9051 §9, atom), are left out.
 */
export function pastFlags({ flags, keywords }: StoredMessage, mode: RestoreMode): FlagSet {
  const kept = mode === "exact" ? flags : flags.filter((flag) => flag !== deleted);
  const named = keywords.filter((keyword) => keywordForm.test(keyword) && !isUnnamed(keyword));
  return [...kept, ...named].sort();
}

/** Keywords that were there and cannot be put back. */
export function lostKeywords({ keywords }: StoredMessage): readonly string[] {
  return keywords.filter((keyword) => !keywordForm.test(keyword) || isUnnamed(keyword));
}

// ATOM-CHAR: printable ASCII without ( ) { % * " \ ] and space.
const keywordForm = /^[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]{1,255}$/;

function isUnnamed(keyword: string): boolean {
  return /^unknown-[0-9]+$/.test(keyword);
}

export function livingFlags({ flags, keywords }: LivingMessage): FlagSet {
  return [...flags, ...keywords].sort();
}

/** What a message that is there is to have. */
export function flagsAfter(before: FlagSet, past: FlagSet, policy: FlagPolicy): FlagSet {
  switch (policy) {
    case "now":
      return before;
    case "past":
      return past;
    case "union":
      return [...before, ...flagChange(before, past).add].sort();
  }
}

/** What has to be set and taken away. Keywords are the same in upper and lower case, as servers have them. */
export function flagChange(
  before: FlagSet,
  after: FlagSet,
): { readonly add: FlagSet; readonly remove: FlagSet } {
  return { add: without(after, before), remove: without(before, after) };
}

export function haveSameFlags(one: FlagSet, other: FlagSet): boolean {
  const { add, remove } = flagChange(one, other);
  return add.length + remove.length === 0;
}

function without(flags: FlagSet, others: FlagSet): FlagSet {
  const known = new Set(others.map((flag) => flag.toLowerCase()));
  return flags.filter((flag) => !known.has(flag.toLowerCase()));
}
