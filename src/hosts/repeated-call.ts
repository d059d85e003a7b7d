import type { LinkCall, Received } from "./link-call.ts";
import type { PeerLink } from "./peer-link.ts";

/** A request with many items that is begun again on every new link. */
export class RepeatedCall implements Disposable {
  readonly #begin: (link: PeerLink) => Promise<LinkCall>;
  #link: PeerLink | undefined;
  #call: LinkCall | undefined;

  constructor(begin: (link: PeerLink) => Promise<LinkCall>) {
    this.#begin = begin;
  }

  async next(link: PeerLink, signal?: AbortSignal): Promise<Received> {
    if (this.#link !== link || this.#call === undefined) {
      this.#call?.[Symbol.dispose]();
      this.#call = undefined;
      this.#link = link;
      this.#call = await this.#begin(link);
    }
    return await this.#call.next(signal);
  }

  [Symbol.dispose](): void {
    this.#call?.[Symbol.dispose]();
  }
}
