import type { CyrusPlaces } from "./cyrus/cyrus-search.ts";
import type { DboxPlaces } from "./dovecot/dbox-places.ts";

/** Where parts of a store lie that are spread over the Image, where that is known; what is absent is looked for. */
export type MailPlaces = {
  /** What an account of Dovecot keeps outside its mail folder; for a `root` that is one account. */
  readonly dovecot?: DboxPlaces;
  readonly cyrus?: CyrusPlaces;
};
