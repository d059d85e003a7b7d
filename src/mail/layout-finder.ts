import type { Image, Listing, RawPath } from "#image";
import type { MailProblem } from "./mail-problem.ts";
import type { MailAccount } from "./mail-store.ts";
import type { PlacesOf } from "./places/account-places.ts";

/** A folder that the search for mail has come to. */
export type LookedAt = {
  readonly image: Image;
  readonly path: RawPath;
  readonly listing: Listing;
  /** Where an account has its parts; else they are where the server puts them by default. */
  readonly placesOf: PlacesOf;
  /** What could not be looked at goes here. */
  readonly problems: MailProblem[];
  readonly signal: AbortSignal | undefined;
  /** Asks for a folder below it to be looked at all the same, where this one is claimed. */
  readonly lookBelow: (path: RawPath) => void;
};

/**
 * Says whether a folder holds mail of one layout: the accounts in it, and nothing below it is looked
 * at any more but what it asks for; or undefined. Reads as little as will tell: it is asked about every folder of a store.
 */
export type LayoutFinder = (folder: LookedAt) => Promise<readonly MailAccount[] | undefined>;
