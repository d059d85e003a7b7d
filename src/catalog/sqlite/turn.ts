/**
 * Whose turn it is to write: a lock of the system on a file beside the catalog, held by an open
 * transaction, which ends with the process that holds it however that ends.
 */
import { setTimeout } from "node:timers/promises";
import { DatabaseSync } from "node:sqlite";
import type { BeginFillOptions } from "../catalog.ts";
import { CatalogError } from "../catalog-error.ts";

const retryMs = 100;
/** SQLITE_BUSY. */
const busy = 5;

/** `path` undefined: nobody else can have the turn but this object's own users. */
export class Turn {
  readonly #path: string | undefined;
  #isTaken = false;

  constructor(path: string | undefined) {
    this.#path = path;
  }

  async take({ onWait, signal }: BeginFillOptions): Promise<() => void> {
    for (let isFirst = true; ; isFirst = false) {
      signal?.throwIfAborted();
      const giveBack = this.#try();
      if (giveBack !== undefined) return giveBack;
      if (isFirst) onWait?.();
      await setTimeout(retryMs, undefined, signal === undefined ? {} : { signal });
    }
  }

  #try(): (() => void) | undefined {
    if (this.#isTaken) return undefined;
    const held = this.#path === undefined ? undefined : hold(this.#path);
    if (held === "busy") return undefined;
    this.#isTaken = true;
    return () => {
      held?.close();
      this.#isTaken = false;
    };
  }
}

function hold(path: string): DatabaseSync | "busy" {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec("BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database?.close();
    if (((error as { readonly errcode?: number }).errcode ?? 0) % 256 === busy) return "busy";
    throw new CatalogError(
      "catalog.failed",
      `Cannot use the catalog "${path}": ${error instanceof Error ? error.message : String(error)}`,
      { hint: "Look at the disk and the permissions of its folder.", cause: error },
    );
  }
}
