/** How many findings of one look are kept: hostile mail could make as many as there are messages. */
const kept = 20;

/** Why a frozen image is not usable, one sentence each. */
export class Findings {
  readonly #sentences: string[] = [];
  #count = 0;

  add(sentence: string): void {
    this.#count++;
    if (this.#count < kept) this.#sentences.push(sentence);
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  all(): readonly string[] {
    const more = this.#count - this.#sentences.length;
    return more === 0 ? [...this.#sentences] : [...this.#sentences, `${more} more like these.`];
  }
}
