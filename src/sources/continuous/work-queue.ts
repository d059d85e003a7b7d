/** Where to look, and when: names and folders that were noticed, and what has to be looked at again. */
import { type RawPath, rawParent } from "#image";

/** `scan`: a comparison of the whole found it, so nobody had told of it yet. */
export type Origin = "hint" | "scan";

export type Compare = "none" | "end" | "whole";

export type Wanted = {
  readonly path: RawPath;
  readonly origin: Origin;
  /** All below it is in question, if it is a folder. */
  readonly below: boolean;
  /** Compare its bytes although nothing else differs: all, or where it may have gone on. */
  readonly compare: Compare;
  /** It was gone before and had its time to come back under another name. */
  readonly isFinal: boolean;
};

type Later = { readonly dueMs: number; readonly origin: Origin };

export type TakeOptions = {
  /** What would be due later as well. */
  readonly isClosing?: boolean;
  /** All that happened before was told: what a hint found gone has no other name that is still to come. */
  readonly isTold?: boolean;
  /** A scan is under way: what it found gone may turn up in a folder that it has not come to yet. */
  readonly isScanning?: boolean;
  /** Only of what it holds for; the rest waits on. Default: of all. */
  readonly within?: (path: RawPath) => boolean;
};

export type Taken = {
  readonly names: readonly Wanted[];
  readonly folders: readonly {
    readonly path: RawPath;
    readonly below: boolean;
    readonly origin: Origin;
  }[];
};

/** What a scan found gone and keeps in mind; more is gone at once, and stored again where it turns up. */
const departedLimit = 200_000;

export type WorkQueueOptions = {
  /** Does not go back. */
  readonly steadyMs: () => number;
  readonly graceMs: number;
  /** Names that wait; where there are more, their folders are looked at as a whole. Default 100,000. */
  readonly nameLimit?: number;
};

export class WorkQueue {
  readonly #steadyMs: () => number;
  readonly #graceMs: number;
  readonly #nameLimit: number;
  readonly #names = new Map<RawPath, Wanted>();
  readonly #folders = new Map<RawPath, { below: boolean; origin: Origin }>();
  readonly #departed = new Map<RawPath, Later>();
  readonly #again = { end: new Map<RawPath, Later>(), whole: new Map<RawPath, Later>() };
  #sinceMs: number | undefined;

  constructor({ steadyMs, graceMs, nameLimit = 100_000 }: WorkQueueOptions) {
    this.#steadyMs = steadyMs;
    this.#graceMs = graceMs;
    this.#nameLimit = nameLimit;
  }

  get size(): number {
    return this.#names.size + this.#folders.size;
  }

  /** Names that are gone, or are looked at once more in a moment. */
  get laterSize(): number {
    return this.#departed.size + this.#again.end.size + this.#again.whole.size;
  }

  /** Names that a hint found gone. */
  get departedSize(): number {
    let size = 0;
    for (const { origin } of this.#departed.values()) if (origin === "hint") size++;
    return size;
  }

  /** When the first of what waits now was noticed, by the steady clock. */
  get sinceMs(): number | undefined {
    return this.#sinceMs;
  }

  /** By the steady clock; undefined where nothing is due later. */
  get nextDueMs(): number | undefined {
    let next: number | undefined;
    // Both are in the order in which they were put there, but not all wait equally long.
    for (const later of [this.#departed, this.#again.end, this.#again.whole])
      for (const { dueMs } of later.values()) if (next === undefined || dueMs < next) next = dueMs;
    return next;
  }

  addName(path: RawPath, options: Partial<Omit<Wanted, "path">> = {}): void {
    const { origin = "hint", below = false, compare = "none", isFinal = false } = options;
    this.#sinceMs ??= this.#steadyMs();
    const known = this.#names.get(path);
    if (known === undefined && this.#names.size >= this.#nameLimit)
      return this.addFolder(rawParent(path), { origin, below });
    this.#names.set(path, {
      path,
      origin: known?.origin === "hint" ? "hint" : origin,
      below: below || known?.below === true,
      compare:
        [compare, known?.compare].find((one) => one === "whole") ??
        (compare === "none" ? (known?.compare ?? "none") : compare),
      isFinal: isFinal || known?.isFinal === true,
    });
  }

  /** Every name of a folder; with `below`, of the folders in it as well. */
  addFolder(
    path: RawPath,
    options: { readonly origin?: Origin; readonly below?: boolean } = {},
  ): void {
    this.#sinceMs ??= this.#steadyMs();
    const known = this.#folders.get(path);
    const { origin = "hint", below = false } = options;
    this.#folders.set(path, {
      below: below || known?.below === true,
      origin: known?.origin === "hint" ? "hint" : origin,
    });
  }

  /** It is gone: it gets a little time to turn up under another name. */
  depart(path: RawPath, origin: Origin): void {
    if (!this.#departed.has(path))
      this.#departed.set(path, { dueMs: this.#steadyMs() + this.#graceMs, origin });
  }

  /** It turned up. */
  arrive(path: RawPath): void {
    this.#departed.delete(path);
  }

  /** Compares its bytes after a while, whether or not anything else differs then. */
  lookAgain(path: RawPath, afterMs: number, compare: "end" | "whole"): void {
    const again = this.#again[compare];
    if (!again.has(path)) again.set(path, { dueMs: this.#steadyMs() + afterMs, origin: "hint" });
  }

  /** Something that a scan found waits to be looked at. */
  get hasScanned(): boolean {
    for (const items of [this.#names, this.#folders, this.#departed])
      for (const { origin } of items.values()) if (origin === "scan") return true;
    return false;
  }

  /** Everything that is to be looked at now. */
  take(options: TakeOptions = {}): Taken {
    const { isClosing = false, isTold = false, isScanning = false, within = () => true } = options;
    const now = isClosing ? Infinity : this.#steadyMs();
    for (const [path, { dueMs, origin }] of this.#departed) {
      if ((dueMs > now && !(isTold && origin === "hint")) || !within(path)) continue;
      if (isScanning && origin === "scan" && this.#departed.size < departedLimit) continue;
      this.#departed.delete(path);
      this.addName(path, { origin, isFinal: true });
    }
    for (const compare of ["end", "whole"] as const) {
      for (const [path, { dueMs, origin }] of this.#again[compare]) {
        if (dueMs > now || !within(path)) continue;
        this.#again[compare].delete(path);
        this.addName(path, { origin, compare });
      }
    }
    const names = taken(this.#names, within);
    const folders = taken(this.#folders, within).map(([path, rest]) => ({ path, ...rest }));
    if (this.size === 0) this.#sinceMs = undefined;
    return { names: names.map(([, wanted]) => wanted), folders };
  }
}

/** Takes them out. */
function taken<Value>(
  items: Map<RawPath, Value>,
  within: (path: RawPath) => boolean,
): readonly (readonly [RawPath, Value])[] {
  const found = [...items].filter(([path]) => within(path));
  for (const [path] of found) items.delete(path);
  return found;
}
