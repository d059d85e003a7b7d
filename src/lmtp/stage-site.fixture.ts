/** A delivery stage for tests: a scripted mail server behind it, a journal, a client, and a clock that stands. */
import { connect, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { type Journal, type JournalEvent, memoryJournal, type MemoryJournal } from "#journal";
import {
  type DeliveryStage,
  type DeliveryStageOptions,
  startDeliveryStage,
} from "./delivery-stage.ts";
import { FakeServer, type FakeServerOptions } from "./fake-server.fixture.ts";
import type { StageClock } from "./network/stage-clock.ts";
import type { DeliveryReport } from "./stage-context.ts";
import type { StageStatus } from "./stage-counters.ts";

/** Time passes when the test says so. */
export class FakeStageClock implements StageClock {
  #ms = 0;
  readonly #timers = new Set<{ readonly atMs: number; readonly call: () => void }>();

  nowNs(): bigint {
    return BigInt(this.#ms) * 1_000_000n;
  }

  nowMs(): number {
    return this.#ms;
  }

  after(durationMs: number, call: () => void): Disposable {
    const timer = { atMs: this.#ms + durationMs, call };
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }

  pass(durationMs: number): void {
    this.#ms += durationMs;
    for (const timer of [...this.#timers].toSorted((a, b) => a.atMs - b.atMs)) {
      if (timer.atMs > this.#ms || !this.#timers.delete(timer)) continue;
      timer.call();
    }
  }
}

export class StageSite implements AsyncDisposable {
  readonly clock: FakeStageClock = new FakeStageClock();
  readonly deliveries: DeliveryReport[] = [];
  readonly failures: Error[] = [];
  recoveries = 0;
  readonly server: FakeServer;
  readonly #journal: MemoryJournal;
  #stage: DeliveryStage | undefined;

  private constructor(server: FakeServer, journal: MemoryJournal) {
    this.server = server;
    this.#journal = journal;
  }

  static async start(
    server: FakeServerOptions = {},
    options: Partial<DeliveryStageOptions> = {},
  ): Promise<StageSite> {
    const site = new StageSite(await FakeServer.start(server), memoryJournal());
    try {
      await site.#begin(options);
      return site;
    } catch (error) {
      await site[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #begin(options: Partial<DeliveryStageOptions>): Promise<void> {
    let ids = 0;
    this.#stage = await startDeliveryStage({
      listen: [{ kind: "tcp", host: "127.0.0.1", port: 0 }],
      server: this.server.endpoint,
      name: "stage.example.org",
      openJournal: async () => this.#journal,
      clock: this.clock,
      newId: () => `d${++ids}`,
      onDelivery: (delivery) => this.deliveries.push(delivery),
      onJournalFailure: (error) => this.failures.push(error),
      onJournalRecovery: () => (this.recoveries += 1),
      ...options,
    });
  }

  get stage(): DeliveryStage {
    if (this.#stage === undefined) throw new Error("not started");
    return this.#stage;
  }

  get journal(): MemoryJournal {
    return this.#journal;
  }

  /** What the journal says, one line each: `arrived d1 a→b,c 12`, `outcome d1 b 250`, … */
  said(journal: MemoryJournal = this.#journal): readonly string[] {
    return journal.records.flatMap(({ event }) => lineOf(event) ?? []);
  }

  /** Resolves when the stage has seen what the test did to it. */
  async noticed(test: (status: StageStatus) => boolean): Promise<void> {
    while (!test(this.stage.status)) await setImmediate();
  }

  async connect(): Promise<StageClient> {
    return await StageClient.connect(this.stage);
  }

  /** A client that has greeted. */
  async client(): Promise<StageClient> {
    const client = await this.connect();
    await client.expect("220");
    await client.say("LHLO mta.example.org");
    await client.expect("250");
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stage?.stop();
    await this.server[Symbol.asyncDispose]();
  }
}

function lineOf(event: JournalEvent): string | undefined {
  switch (event.type) {
    case "arrived":
      return `arrived ${event.delivery} ${event.sender}→${event.recipients.join(",")} ${event.sizeBytes}`;
    case "outcome":
      return `outcome ${event.delivery} ${event.recipient} ${event.reply.code}`;
    case "gap":
      return `gap ${event.why}`;
    default:
      return undefined;
  }
}

/** The bytes of a delivery as the journal holds them. */
export async function messageOf(journal: Journal, delivery: string): Promise<string> {
  for await (const { event } of journal.read()) {
    if (event.type !== "arrived" || event.delivery !== delivery) continue;
    const parts: Uint8Array[] = [];
    for await (const part of journal.content(event.content)) parts.push(part);
    return Buffer.concat(parts).toString("latin1");
  }
  throw new Error(`the journal has no delivery ${delivery}`);
}

export class StageClient implements Disposable {
  #socket: Socket;
  #pending = "";
  #hasEnded = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  static async connect(stage: DeliveryStage): Promise<StageClient> {
    const [address = ""] = stage.addresses;
    const path = /^unix:(.*)$/.exec(address ?? "")?.[1];
    const port = Number(/:(\d+)$/.exec(address ?? "")?.[1]);
    const socket = path === undefined ? connect({ host: "127.0.0.1", port }) : connect({ path });
    const client = new StageClient(socket);
    await new Promise<void>((resolve, reject) =>
      socket.once("connect", resolve).once("error", reject),
    );
    socket.on("error", () => undefined);
    return client;
  }

  /** Writes without waiting for anything. */
  write(text: string | Buffer): void {
    this.#socket.write(text, "latin1");
  }

  /** Writes, and waits until the other side has taken it. */
  async writeAll(bytes: Buffer): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.write(bytes, () => resolve()));
  }

  async say(line: string): Promise<void> {
    this.write(`${line}\r\n`);
  }

  /** The next reply, whole; "" at the end of the connection. */
  async reply(): Promise<string> {
    for (;;) {
      const [whole] = /^(?:\d{3}-[^\n]*\n)*\d{3} [^\n]*\r\n/.exec(this.#pending) ?? [];
      if (whole !== undefined) {
        this.#pending = this.#pending.slice(whole.length);
        return whole.trimEnd();
      }
      if (this.#hasEnded) return "";
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The next reply, which must begin so. */
  async expect(start: string): Promise<string> {
    const said = await this.reply();
    if (!said.startsWith(start)) throw new Error(`expected ${start}, got ${JSON.stringify(said)}`);
    return said;
  }

  /** A command and its reply. */
  async ask(line: string): Promise<string> {
    await this.say(line);
    return await this.reply();
  }

  /** Up to the answer to DATA. */
  async begin(...recipients: readonly string[]): Promise<void> {
    await this.ask("MAIL FROM:<a@example.org>");
    for (const recipient of recipients) await this.ask(`RCPT TO:<${recipient}>`);
    await this.say("DATA");
    await this.expect("354");
  }

  /** A message whole, one reply per recipient. */
  async deliver(text: string, ...recipients: readonly string[]): Promise<readonly string[]> {
    await this.begin(...recipients);
    this.write(`${text}\r\n.\r\n`);
    const replies: string[] = [];
    for (const _ of recipients) replies.push(await this.reply());
    return replies;
  }

  /** Breaks off, as a process that is killed does. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** The socket as it is, of another protocol from now on. */
  async startTls(): Promise<void> {
    this.#socket.removeAllListeners("data").removeAllListeners("end");
    const socket = connectTls({ socket: this.#socket, rejectUnauthorized: false });
    await new Promise<void>((resolve, reject) =>
      socket.once("secureConnect", resolve).once("error", reject),
    );
    this.#socket = socket;
    this.#listen();
  }

  #listen(): void {
    this.#socket.on("data", (bytes: Buffer) => {
      this.#pending += bytes.toString("latin1");
      this.#wake?.();
    });
    for (const name of ["end", "close"])
      this.#socket.on(name, () => {
        this.#hasEnded = true;
        this.#wake?.();
      });
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
