import type { Capabilities } from "../protocol/capabilities.ts";
import { LmtpError } from "../lmtp-error.ts";
import { ServerConnection, type ServerOptions } from "./server-connection.ts";

export type PoolOptions = ServerOptions & { readonly maxConnections: number };

type Idle = { readonly connection: ServerConnection; readonly timer: Disposable };

/** Connections to the mail server, used for one transaction after another. */
export class ServerPool implements AsyncDisposable {
  readonly #options: PoolOptions;
  /** The last one released is the first one used: the others may grow old and go. */
  readonly #idle: Idle[] = [];
  readonly #queue: ((connection: ServerConnection | undefined) => void)[] = [];
  #open = 0;
  #isClosed = false;
  #capabilities: Capabilities | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  get status(): { readonly open: number; readonly idle: number } {
    return { open: this.#open, idle: this.#idle.length };
  }

  /** What the mail server offers: as it said when last a connection was opened. */
  async capabilities(): Promise<Capabilities> {
    if (this.#capabilities !== undefined && this.#open > 0) return this.#capabilities;
    const connection = await this.acquire();
    this.release(connection);
    return connection.capabilities;
  }

  /**
   * One for one transaction; its `uses` say whether it was used before. `fresh` takes none that was.
   * Throws what opening one throws, and LmtpError `lmtp.busy` when none becomes free.
   */
  async acquire(options: { readonly fresh?: boolean } = {}): Promise<ServerConnection> {
    if (options.fresh === true) this.#dropIdle();
    for (;;) {
      if (this.#isClosed) throw busy("the stage is stopping");
      const found = this.#takeIdle();
      if (found !== undefined) return found;
      if (this.#open < this.#options.maxConnections) return await this.#openOne();
      const handed = await this.#waitForOne();
      if (handed !== undefined && !handed.isBroken) return handed;
    }
  }

  /** Back from a transaction that is over. One that broke is forgotten. */
  release(connection: ServerConnection): void {
    if (connection.isBroken) return;
    const next = this.#queue.shift();
    if (next !== undefined) return next(connection);
    if (this.#isClosed) return void this.#quit(connection);
    const timer = this.#options.clock.after(this.#options.limits.idleMs, () => {
      if (this.#remove(connection)) void this.#quit(connection);
    });
    this.#idle.push({ connection, timer });
  }

  /** Idle ones are told goodbye; those at work are cut off. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const wake of this.#queue.splice(0)) wake(undefined);
    await Promise.all(this.#takeAll().map(async (connection) => await this.#quit(connection)));
  }

  #takeAll(): readonly ServerConnection[] {
    return this.#idle.splice(0).map(({ connection, timer }) => {
      timer[Symbol.dispose]();
      return connection;
    });
  }

  #takeIdle(): ServerConnection | undefined {
    const found = this.#idle.pop();
    found?.timer[Symbol.dispose]();
    return found?.connection;
  }

  /** When one was found closed, the others of its age will be as well. */
  #dropIdle(): void {
    for (const connection of this.#takeAll()) void this.#quit(connection);
  }

  async #openOne(): Promise<ServerConnection> {
    this.#open += 1;
    try {
      const connection = await ServerConnection.open(this.#options);
      if (connection.isBroken) throw busy("the mail server closed a new connection");
      this.#capabilities = connection.capabilities;
      connection.onBroken = () => {
        this.#remove(connection);
        this.#left();
      };
      return connection;
    } catch (error) {
      this.#left();
      throw error;
    }
  }

  async #waitForOne(): Promise<ServerConnection | undefined> {
    const { clock, limits } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<ServerConnection | undefined>();
    this.#queue.push(resolve);
    const expire = (): void => {
      const place = this.#queue.indexOf(resolve);
      if (place === -1) return;
      this.#queue.splice(place, 1);
      reject(busy("all connections are in use"));
    };
    using _timer = clock.after(limits.freeConnectionMs, expire);
    return await promise;
  }

  #remove(connection: ServerConnection): boolean {
    const place = this.#idle.findIndex((one) => one.connection === connection);
    if (place === -1) return false;
    this.#idle.splice(place, 1)[0]?.timer[Symbol.dispose]();
    return true;
  }

  async #quit(connection: ServerConnection): Promise<void> {
    connection.onBroken = undefined;
    this.#left();
    await connection.quit(quitMs);
  }

  /** A place is free: whoever waits may open one. */
  #left(): void {
    this.#open -= 1;
    this.#queue.shift()?.(undefined);
  }
}

/** How long a goodbye may take. */
const quitMs = 2000;

function busy(why: string): LmtpError {
  return new LmtpError("lmtp.busy", `Cannot use the mail server now: ${why}`, {
    retryable: true,
  });
}
