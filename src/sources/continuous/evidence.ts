/** What a scan found, as far as it tells when and where changes went unseen. */
import { rawParent, type RawPath } from "#image";

export type Difference = {
  readonly path: RawPath;
  /** Since when the name can have been other than it is known; undefined where nothing tells. */
  readonly notBeforeNs?: bigint;
  /** When it last changed, as far as that shows. */
  readonly changedNs?: bigint;
};

export class ScanEvidence {
  #count = 0;
  #common: RawPath | undefined;
  #notBeforeNs: bigint | undefined;
  #isDated = true;

  add({ path, notBeforeNs }: Difference): void {
    this.#count++;
    const folder = rawParent(path);
    this.#common = this.#common === undefined ? folder : commonFolder(this.#common, folder);
    if (notBeforeNs === undefined) this.#isDated = false;
    else if (this.#notBeforeNs === undefined || notBeforeNs < this.#notBeforeNs)
      this.#notBeforeNs = notBeforeNs;
  }

  get count(): number {
    return this.#count;
  }

  /** The deepest folder that has all differences below it; "" where there are none. */
  get folder(): RawPath {
    return this.#common ?? ("" as RawPath);
  }

  /** Nothing was missed before; undefined where that cannot be told. */
  get notBeforeNs(): bigint | undefined {
    return this.#isDated ? this.#notBeforeNs : undefined;
  }
}

/** The deepest folder above both. */
export function commonFolder(a: RawPath, b: RawPath): RawPath {
  const [one, other] = [a.split("/"), b.split("/")];
  let length = 0;
  while (length < one.length && length < other.length && one[length] === other[length]) length++;
  return one.slice(0, length).join("/") as RawPath;
}
