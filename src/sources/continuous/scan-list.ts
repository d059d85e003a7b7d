/** Scans that are wanted, the one at work, and when the next is due. */
import { isWithin, type RawPath, rootPath } from "#image";
import { StoreScan } from "./store-scan.ts";

type Wanted = { readonly path: RawPath; readonly done: PromiseWithResolvers<void> };

export type ScanListOptions = {
  readonly steadyMs: () => number;
  readonly nowNs: () => bigint;
};

export class ScanList {
  readonly #options: ScanListOptions;
  #wanted: Wanted[] = [];
  #served: Wanted[] = [];
  #current: StoreScan | undefined;
  #dueMs = Infinity;
  #completedNs: bigint | undefined;
  #lastStartedNs: bigint | undefined;
  readonly #first = Promise.withResolvers<void>();

  constructor(options: ScanListOptions) {
    this.#options = options;
  }

  /** Resolves when the first scan of everything is complete. */
  get first(): Promise<void> {
    return this.#first.promise;
  }

  get isFirst(): boolean {
    return this.#completedNs === undefined;
  }

  get current(): StoreScan | undefined {
    return this.#current;
  }

  /** When a scan of everything was last complete. */
  get completedNs(): bigint | undefined {
    return this.#completedNs;
  }

  /** When the last complete scan of everything began: what came before it was seen. */
  get lastStartedNs(): bigint | undefined {
    return this.#lastStartedNs;
  }

  /** By the steady clock. */
  get dueMs(): number {
    return this.#wanted.length > 0 ? 0 : this.#dueMs;
  }

  get isDue(): boolean {
    return this.dueMs <= this.#options.steadyMs();
  }

  /** Resolves when a scan that begins after this call is complete. */
  want(path: RawPath): Promise<void> {
    const done = Promise.withResolvers<void>();
    done.promise.catch(() => undefined);
    this.#wanted.push({ path, done });
    return done.promise;
  }

  /** The scan at work; begins the next where there is none and one is due. */
  next(): StoreScan | undefined {
    if (this.#current !== undefined || !this.isDue) return this.#current;
    const isTimed = this.#wanted.length === 0;
    const path = isTimed ? rootPath : this.#widest();
    this.#served = this.#wanted.filter((one) => isWithin(one.path, path));
    this.#wanted = this.#wanted.filter((one) => !this.#served.includes(one));
    this.#current = new StoreScan(path, this.#options.nowNs());
    return this.#current;
  }

  done(scan: StoreScan, nextMs: number): void {
    this.#current = undefined;
    if (scan.path === rootPath) {
      this.#completedNs = this.#options.nowNs();
      this.#lastStartedNs = scan.startedNs;
      this.#dueMs = this.#options.steadyMs() + nextMs;
      this.#first.resolve();
    }
    for (const { done } of this.#served.splice(0)) done.resolve();
  }

  fail(error: Error): void {
    this.#first.reject(error);
    for (const { done } of [...this.#served, ...this.#wanted]) done.reject(error);
  }

  /** One scan serves all that are wanted below its folder. */
  #widest(): RawPath {
    const [first] = this.#wanted;
    let widest = first?.path ?? rootPath;
    for (const { path } of this.#wanted) if (isWithin(widest, path)) widest = path;
    return widest;
  }
}
