import type { Image, Listing, RawPath } from "#image";
import { CyrusSearch } from "./cyrus/cyrus-search.ts";
import { findDbox } from "./dovecot/dbox-find.ts";
import { findMboxes } from "./mbox/find-mboxes.ts";
import type { LayoutFinder } from "./layout-finder.ts";
import type { MailPlaces } from "./mail-places.ts";
import type { MailProblem } from "./mail-problem.ts";
import type { PlacesOf } from "./places/account-places.ts";
import type { MailAccount } from "./mail-store.ts";

export type AccountSearchOptions = {
  readonly image: Image;
  readonly places?: Pick<MailPlaces, "cyrus"> | undefined;
  readonly placesOf: PlacesOf;
  readonly problems: MailProblem[];
  readonly signal: AbortSignal | undefined;
};

/** The search for mail that is not in Maildirs: shown folder after folder of a store, then asked for what it found. */
export class AccountSearch {
  readonly #options: AccountSearchOptions;
  readonly #cyrus: CyrusSearch;
  /** Asked in this order; the first that claims a folder has it. */
  readonly #finders: readonly LayoutFinder[];
  readonly #found: MailAccount[] = [];

  constructor(options: AccountSearchOptions) {
    this.#options = options;
    this.#cyrus = new CyrusSearch(options.places?.cyrus);
    this.#finders = [findDbox, this.#cyrus.look, findMboxes];
  }

  /**
   * Whether the folder holds mail of one of these layouts: then nothing below it is to be shown but
   * the folders that are returned; undefined where it does not.
   */
  async look(folder: {
    readonly path: RawPath;
    readonly listing: Listing;
  }): Promise<readonly RawPath[] | undefined> {
    const { image, placesOf, problems, signal } = this.#options;
    const below: RawPath[] = [];
    const lookBelow = (path: RawPath): void => void below.push(path);
    for (const finder of this.#finders) {
      const looked = { ...folder, image, placesOf, problems, signal, lookBelow };
      const accounts = await finder(looked);
      if (accounts === undefined) continue;
      this.#found.push(...accounts);
      return below;
    }
    return undefined;
  }

  /** Whether a part of a Cyrus is among what was shown. */
  get hasCyrus(): boolean {
    return this.#cyrus.hasFound;
  }

  async accounts(): Promise<readonly MailAccount[]> {
    return [...this.#found, ...(await this.#cyrus.accounts(this.#options))];
  }
}
