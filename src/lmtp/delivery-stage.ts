import { randomUUID } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import type { SecureContext } from "node:tls";
import type { Journal } from "#journal";
import { BufferMeter } from "./delivery/buffer-meter.ts";
import { JournalKeeper, type JournalPolicy } from "./delivery/journal-keeper.ts";
import { defaultBounds, defaultLimits, type StageBounds, type StageLimits } from "./limits.ts";
import { Connection } from "./network/connection.ts";
import type { Endpoint } from "./network/endpoint.ts";
import { listenOn, requireLocal } from "./network/listen-on.ts";
import type { StageClock } from "./network/stage-clock.ts";
import type { ServerTls } from "./network/start-tls.ts";
import type { Peer } from "./protocol/peer.ts";
import { encodeReply, reply } from "./protocol/reply.ts";
import { ServerPool } from "./server/server-pool.ts";
import { Session } from "./session/session.ts";
import { takeProxyHeader } from "./session/take-proxy-header.ts";
import type { DeliveryReport, StageContext } from "./stage-context.ts";
import { StageCounters, type StageStatus } from "./stage-counters.ts";
import { TrustedPeers } from "./network/trusted-peers.ts";

export type DeliveryStageOptions = {
  readonly listen: readonly Endpoint[];
  /** Take connections from elsewhere. Otherwise an address that is not this machine's own is refused. */
  readonly allowPublic?: boolean;
  /** Permission bits of a Unix socket that is listened on. */
  readonly socketMode?: number;
  readonly server: Endpoint;
  readonly serverTls?: ServerTls;
  /** What we call ourselves to both sides. */
  readonly name: string;
  /** Opens the journal: at the start, and again when the one it gave has failed. The caller closes it. */
  readonly openJournal: (failed?: Journal) => Promise<Journal>;
  readonly whenJournalFails?: JournalPolicy;
  /** Our certificate for STARTTLS. */
  readonly tls?: SecureContext;
  /** Who may say XCLIENT and send a proxy's header: addresses, networks, or `unix`. */
  readonly trusted?: readonly string[];
  /** Whether trusted peers begin with a proxy's header. */
  readonly proxyProtocol?: boolean;
  readonly limits?: Partial<StageLimits>;
  readonly bounds?: Partial<StageBounds>;
  readonly clock: StageClock;
  /** Unique names of deliveries. */
  readonly newId?: () => string;
  readonly onDelivery?: (delivery: DeliveryReport) => void;
  readonly onJournalFailure?: (error: Error) => void;
  readonly onJournalRecovery?: (rememberedEvents: number) => void;
};

/**
 * The delivery stage between MTA and mail server (LMTP, RFC 2033). Starts when the journal is open
 * and all addresses are listened on. Throws LmtpError `lmtp.public-address`, `lmtp.in-use`,
 * `lmtp.listen`, `lmtp.address`, and what opening the journal throws.
 */
export async function startDeliveryStage(options: DeliveryStageOptions): Promise<DeliveryStage> {
  const stage = new DeliveryStage(options);
  try {
    await stage.start();
    return stage;
  } catch (error) {
    await stage.stop();
    throw error;
  }
}

/** A stage that is at work. */
export class DeliveryStage implements AsyncDisposable {
  readonly #options: DeliveryStageOptions;
  readonly #context: StageContext;
  readonly #counters = new StageCounters();
  readonly #trusted: TrustedPeers;
  readonly #servers: Server[] = [];
  readonly #sessions = new Set<Session | undefined>();
  readonly #running = new Set<Promise<void>>();
  readonly #sockets = new Set<Socket>();
  #stopping: Promise<void> | undefined;

  /** @internal Use `startDeliveryStage`. */
  constructor(options: DeliveryStageOptions) {
    this.#options = options;
    this.#trusted = new TrustedPeers(options.trusted ?? []);
    const limits = { ...defaultLimits, ...options.limits };
    const bounds = { ...defaultBounds, ...options.bounds };
    const { clock, name, server, serverTls } = options;
    this.#context = {
      clock,
      limits,
      bounds,
      policy: options.whenJournalFails ?? "tempfail",
      newId: options.newId ?? randomUUID,
      meter: new BufferMeter(),
      pool: new ServerPool({
        endpoint: server,
        name,
        limits,
        clock,
        maxConnections: bounds.maxConnections,
        ...(serverTls === undefined ? {} : { tls: serverTls }),
      }),
      keeper: new JournalKeeper({
        open: options.openJournal,
        clock,
        limitMs: limits.journalMs,
        retryMs: limits.journalRetryMs,
        maxRemembered: bounds.maxRemembered,
        onFailure: (error) => options.onJournalFailure?.(error),
        onRecovery: (events) => options.onJournalRecovery?.(events),
      }),
      onDelivery: (delivery) => {
        this.#counters.count(delivery);
        options.onDelivery?.(delivery);
      },
    };
  }

  get status(): StageStatus {
    const { pool, keeper, meter } = this.#context;
    return this.#counters.status({
      sessions: this.#running.size,
      serverConnections: pool.status,
      waitingForConnection: pool.waiting,
      isJournalWorking: keeper.isWorking,
      heldBytes: meter.heldBytes,
      peakHeldBytes: meter.peakBytes,
    });
  }

  /** Where it listens: a port that was given as 0 is the one it got. */
  get addresses(): readonly (string | undefined)[] {
    return this.#servers.map((server) => {
      const address = server.address();
      if (typeof address === "string") return `unix:${address}`;
      return address === null ? undefined : `${address.address}:${address.port}`;
    });
  }

  /** @internal */
  async start(): Promise<void> {
    const { listen, allowPublic = false, socketMode = 0o660 } = this.#options;
    if (!allowPublic) for (const endpoint of listen) requireLocal(endpoint);
    await this.#context.keeper.openFirst();
    for (const endpoint of listen) {
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
        this.#accept(socket),
      );
      await listenOn(server, { endpoint, socketMode });
      this.#servers.push(server);
    }
  }

  /**
   * Takes no more connections, finishes the transactions under way, cuts off what takes longer than
   * the limit. The journal stays open: it is the caller's.
   */
  async stop(): Promise<void> {
    await (this.#stopping ??= this.#stop());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<void> {
    const { clock, limits, pool, keeper } = this.#context;
    const closed = this.#servers.map(
      async (server) => await new Promise<void>((resolve) => server.close(() => resolve())),
    );
    for (const session of this.#sessions) session?.stop();
    using _timer = clock.after(limits.stopMs, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    await Promise.all(this.#running);
    await Promise.all(closed);
    await pool[Symbol.asyncDispose]();
    await keeper.settle();
  }

  #accept(socket: Socket): void {
    // Errors are the session's; one that comes before or after must not end the process.
    socket.on("error", () => undefined);
    const { bounds } = this.#context;
    if (this.#running.size >= bounds.maxSessions || this.#stopping !== undefined) {
      this.#counters.refusedSessions += 1;
      socket.end(encodeReply(reply(421, "4.3.2 Too many connections; try again later")), "latin1");
      socket.resume();
      socket.setTimeout(refusalMs, () => socket.destroy());
      return;
    }
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    const run = this.#serve(socket).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async #serve(socket: Socket): Promise<void> {
    const { name, tls, proxyProtocol = false, clock } = this.#options;
    const context = this.#context;
    const connection = new Connection(socket, { clock, who: "the MTA" });
    let peer: Peer = peerOf(socket);
    const isTrusted = this.#trusted.has(peer.address);
    let firstBytes: Buffer | undefined;
    if (proxyProtocol && isTrusted) {
      const taken = await takeProxyHeader(connection, context.limits.greetingMs);
      if (taken === undefined) return void socket.destroy();
      peer = taken.peer ?? peer;
      firstBytes = taken.rest;
    }
    const session = new Session({
      context,
      connection,
      peer,
      name,
      isTrusted,
      ...(tls === undefined ? {} : { tls }),
      ...(firstBytes === undefined ? {} : { firstBytes }),
    });
    this.#sessions.add(session);
    if (this.#stopping !== undefined) session.stop();
    this.#counters.sessions += 1;
    await session.run();
    this.#sessions.delete(session);
  }
}

/** How long whoever was refused may take to read why. */
const refusalMs = 2000;

function peerOf({ remoteAddress, remotePort }: Socket): Peer {
  if (remoteAddress === undefined) return {};
  const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/, "");
  return remotePort === undefined ? { address } : { address, port: remotePort };
}
