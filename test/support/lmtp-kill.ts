/**
 * Mail in through a delivery stage that is killed over and over, as many MTAs would deliver it: what was
 * not acknowledged comes again. Then what everybody was told is held against what is there.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openJournalReader } from "#journal";
import { type DeliveryEnd, fromWire, LmtpClient, toWire } from "./lmtp-client.ts";
import { childJournalKey, type StageChildRequest } from "./lmtp-stage-child.ts";

export type KillOptions = {
  readonly request: StageChildRequest;
  /** Where the mail server stores what it took: a Maildir. */
  readonly store: string;
  readonly rounds: number;
  /** From 0 to below 1, seeded. */
  readonly random: () => number;
  readonly mail: readonly Buffer[];
  readonly clients: number;
};

export type KillReport = {
  readonly kills: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly duplicates: number;
};

type Message = {
  readonly number: number;
  readonly wire: Buffer;
  readonly recipients: readonly string[];
  unknownAttempts: number;
  acknowledged: number;
};

/** Throws AssertionError where a message was lost, doubled without need, or acknowledged without reason. */
export async function killStageOverAndOver(options: KillOptions): Promise<KillReport> {
  const load = new Load(options);
  for (let round = 0; round < options.rounds; round++) await load.killOnce();
  await load.finish();
  await load.checkJournal();
  return load.checkStore();
}

/** A stage as a process of its own, when it listens. */
export async function startStageChild(request: StageChildRequest): Promise<ChildProcess> {
  const script = join(import.meta.dirname, "lmtp-stage-child.ts");
  const child = spawn(process.execPath, [script, JSON.stringify(request)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = (await Promise.race([once(child.stdout, "data"), once(child, "exit")])) as [
    unknown,
  ];
  assert.equal(String(said), "ready\n");
  return child;
}

class Load {
  readonly #options: KillOptions;
  readonly #messages: Message[] = [];
  readonly #again: Message[] = [];
  #kills = 0;

  constructor(options: KillOptions) {
    this.#options = options;
  }

  async killOnce(): Promise<void> {
    const { random } = this.#options;
    const child = await this.#start();
    const ended = once(child, "exit");
    let left = 1 + Math.floor(random() * 25);
    const turns = Math.floor(random() * 40);
    const kill = async (): Promise<void> => {
      for (let turn = 0; turn < turns; turn++)
        await new Promise<void>((resolve) => setImmediate(resolve));
      child.kill("SIGKILL");
    };
    let killed: Promise<void> | undefined;
    await this.#deliver({
      isOver: () => child.exitCode !== null || child.signalCode !== null,
      onAcknowledged: () => {
        left -= 1;
        if (left <= 0) killed ??= kill();
      },
    });
    await killed;
    await ended;
    assert.equal(child.signalCode, "SIGKILL", "the stage ended by itself");
    this.#kills += 1;
  }

  /** Nobody kills it any more: what was not acknowledged is delivered, and it ends in order. */
  async finish(): Promise<void> {
    const child = await this.#start();
    const ended = once(child, "exit");
    await this.#deliver({
      isOver: () => this.#again.length === 0,
      onAcknowledged: () => undefined,
    });
    child.kill("SIGTERM");
    await ended;
    assert.equal(child.exitCode, 0);
    for (const { number, acknowledged } of this.#messages)
      assert.equal(acknowledged, 1, `message ${number} was acknowledged ${acknowledged} times`);
  }

  /** Every acknowledged message is in the journal with its bytes and its outcome. */
  async checkJournal(): Promise<void> {
    const { journal: folder } = this.#options.request;
    await using journal = await openJournalReader({ folder, secret: { key: childJournalKey } });
    const arrived = new Map<string, number>();
    const taken = new Map<number, number>();
    for await (const { event } of journal.read({ withoutData: true })) {
      if (event.type === "arrived") {
        const parts: Uint8Array[] = [];
        for await (const part of journal.content(event.content)) parts.push(part);
        const text = Buffer.concat(parts).toString("latin1");
        const number = numberOf(text);
        const message = this.#messages[number];
        assert.equal(text.replaceAll("\r\n", "\n"), fromWire(message?.wire ?? Buffer.alloc(0)));
        assert.deepEqual(event.recipients, ["md"]);
        arrived.set(event.delivery, number);
      }
      if (event.type === "outcome") {
        const number = arrived.get(event.delivery);
        assert.ok(number !== undefined, "an outcome without its arrival");
        if (event.reply.code === 250) taken.set(number, (taken.get(number) ?? 0) + 1);
      }
    }
    assert.deepEqual(
      journal.problems.filter(({ code }) => code === "damaged" || code === "missing"),
      [],
    );
    for (const { number } of this.#messages)
      assert.ok((taken.get(number) ?? 0) >= 1, `message ${number} has no outcome in the journal`);
    this.#taken = taken;
  }

  #taken: ReadonlyMap<number, number> = new Map();

  /** Every message is with the mail server, whole, and twice only where nobody could know. */
  checkStore(): KillReport {
    const { store } = this.#options;
    const stored = new Map<number, number>();
    for (const folder of ["new", "cur"])
      for (const name of readdirSync(join(store, folder))) {
        const text = readFileSync(join(store, folder, name), "latin1");
        const number = numberOf(text);
        const message = this.#messages[number];
        // The server's own lines stand in front.
        assert.ok(message !== undefined && text.endsWith(`\n${fromWire(message.wire)}`));
        stored.set(number, (stored.get(number) ?? 0) + 1);
      }
    let duplicates = 0;
    for (const { number, unknownAttempts } of this.#messages) {
      const copies = stored.get(number) ?? 0;
      assert.ok(copies >= 1, `message ${number} was acknowledged and is lost`);
      assert.ok(copies <= 1 + unknownAttempts, `message ${number} is there ${copies} times`);
      assert.ok(copies >= (this.#taken.get(number) ?? 0), `a success that never was: ${number}`);
      duplicates += copies - 1;
    }
    return {
      kills: this.#kills,
      acknowledged: this.#messages.length,
      unknown: this.#messages.reduce((sum, { unknownAttempts }) => sum + unknownAttempts, 0),
      duplicates,
    };
  }

  async #start(): Promise<ChildProcess> {
    return await startStageChild(this.#options.request);
  }

  async #deliver(until: {
    readonly isOver: () => boolean;
    readonly onAcknowledged: () => void;
  }): Promise<void> {
    const { clients, request } = this.#options;
    const lane = async (_: unknown, index: number): Promise<void> => {
      let kept: LmtpClient | undefined;
      while (!until.isOver()) {
        const message = this.#next();
        try {
          const client = kept ?? (await LmtpClient.connect(request.listen));
          const end = await client.deliver(message.wire, message.recipients);
          this.#note(message, end);
          // Half of them keep their connection, half open one for each message.
          if (index % 2 === 0 && end.kind === "answered") kept = client;
          else client[Symbol.dispose]();
          if (end.kind === "answered") until.onAcknowledged();
          else kept = undefined;
        } catch {
          // Nobody listens any more, or not yet.
          this.#again.push(message);
          kept = undefined;
          await new Promise<void>((resolve) => setImmediate(resolve));
        }
      }
      kept?.[Symbol.dispose]();
    };
    await Promise.all(Array.from({ length: clients }, lane));
  }

  #note(message: Message, end: DeliveryEnd): void {
    if (end.kind === "unknown") message.unknownAttempts += 1;
    if (end.kind !== "answered") return void this.#again.push(message);
    assert.equal(end.refused, message.recipients.length - 1, "who is unknown was accepted");
    if (end.codes[0] === 250) message.acknowledged += 1;
    else this.#again.push(message);
  }

  #next(): Message {
    const waiting = this.#again.shift();
    if (waiting !== undefined) return waiting;
    const { mail, random } = this.#options;
    const number = this.#messages.length;
    const original = mail[number % mail.length] ?? Buffer.alloc(0);
    const wire = toWire(Buffer.concat([Buffer.from(`X-Restante-Number: ${number}\n`), original]));
    const recipients = random() < 0.2 ? ["md", "nobody-of-that-name"] : ["md"];
    const message: Message = { number, wire, recipients, unknownAttempts: 0, acknowledged: 0 };
    this.#messages.push(message);
    return message;
  }
}

function numberOf(text: string): number {
  return Number(/^X-Restante-Number: (\d+)/m.exec(text)?.[1] ?? Number.NaN);
}
