/** The stage and the page cache of its journal are lost at seeded moments, hundreds of times, in this process. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Appended,
  type JournalEvent,
  type JournalRecord,
  memoryJournal,
  type MemoryJournal,
} from "#journal";
import { StageSite } from "./stage-site.fixture.ts";

/** mulberry32: the same seed makes the same choices. */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const turn = async (): Promise<void> => await new Promise<void>((resolve) => setImmediate(resolve));

/** A journal whose disk takes its time, and loses at a crash what it had not been told to keep. */
class LossyDisk {
  readonly journal: MemoryJournal = memoryJournal();
  readonly #random: (below: number) => number;
  #durable = 0;
  #isDead = false;
  #waiting: { readonly sequence: number; readonly resolve: () => void }[] = [];
  #isSyncing = false;

  constructor(random: (below: number) => number) {
    this.#random = random;
    const append = this.journal.append.bind(this.journal);
    this.journal.append = (event: JournalEvent, atNs: bigint): Appended => {
      const { sequence, written } = append(event, atNs);
      const durable = new Promise<void>((resolve) => this.#waiting.push({ sequence, resolve }));
      if (!this.#isSyncing) void this.#sync();
      return { sequence, written, durable };
    };
  }

  /** What is there after the power cut: all that was synced, and perhaps some of the rest. */
  crash(): readonly JournalRecord[] {
    this.#isDead = true;
    const kept = this.#durable + this.#random(3);
    return this.journal.records.filter(({ sequence }) => sequence <= kept);
  }

  async #sync(): Promise<void> {
    this.#isSyncing = true;
    while (this.#waiting.length > 0 && !this.#isDead) {
      const batch = this.#waiting;
      this.#waiting = [];
      for (let turns = this.#random(6); turns >= 0; turns--) await turn();
      if (this.#isDead) return;
      this.#durable = batch.at(-1)?.sequence ?? this.#durable;
      for (const { resolve } of batch) resolve();
    }
    this.#isSyncing = false;
  }
}

type Told = { readonly text: string; readonly recipient: string; readonly code: string };

async function crashOnce(seed: number): Promise<number> {
  const random = randomOf(seed);
  const disk = new LossyDisk(random);
  await using site = await StageSite.start(
    {
      // Half of the servers take chunks: what is whole and for one recipient goes to them in one.
      capabilities: ["PIPELINING", "8BITMIME", ...(seed % 2 === 0 ? ["CHUNKING"] : [])],
      // The name of a recipient says what the server says of it.
      script: ({ verb, text }) =>
        verb === "final" && text.startsWith("full") ? "552 5.2.2 Full" : undefined,
    },
    { openJournal: async () => disk.journal, bounds: { pieceBytes: 64 } },
  );
  const told: Told[] = [];
  let isOver = false;
  const clients = await Promise.all(Array.from({ length: 3 }, async () => await site.client()));
  const lanes = clients.map(async (client, lane) => {
    for (let number = 0; !isOver; number++) {
      const recipients = recipientsOf(random);
      const text = `X-Number: ${lane}.${number}\r\n\r\n${"body ".repeat(random(40))}\r\n`;
      await client.ask("MAIL FROM:<a@b>");
      for (const recipient of recipients) await client.ask(`RCPT TO:<${recipient}>`);
      await client.ask("DATA");
      client.write(`${text}.\r\n`);
      for (const recipient of recipients) {
        const code = (await client.reply()).slice(0, 3);
        if (isOver || code === "") return;
        told.push({ text, recipient, code });
      }
    }
  });
  for (let turns = 20 + random(120); turns > 0; turns--) await turn();
  isOver = true;
  const survived = disk.crash();
  for (const client of clients) client.reset();
  site.server.cut();
  await Promise.all(lanes);
  let hasStopped = false;
  void site.stage.stop().then(() => (hasStopped = true));
  // It waits for a disk that is no more.
  for (; !hasStopped; await turn()) site.clock.pass(600_000);
  check(told, survived);
  for (const { text, code } of told)
    if (code === "250") assert.ok(site.server.messages.some((message) => message.text === text));
  return told.length;
}

/** One in a third of the cases, otherwise several that are told different things. */
function recipientsOf(random: (count: number) => number): readonly string[] {
  const names = ["full1", "md", "full2"];
  const from = random(3);
  if (random(3) === 0) return names.slice(from, from + 1);
  return [...names.slice(from, 1 + random(3)), "last"];
}

/** Every message that a client was told of is in what survived, and every refusal, with the same words. */
function check(told: readonly Told[], survived: readonly JournalRecord[]): void {
  const bytes = new Map<number, Uint8Array>();
  const texts = new Map<string, string>();
  const outcomes = new Map<string, number>();
  for (const { sequence, event } of survived) {
    if (event.type === "data") bytes.set(sequence, event.bytes);
    if (event.type === "arrived") {
      const parts = event.content.map(({ data }) => bytes.get(data));
      assert.ok(
        parts.every((part) => part !== undefined),
        "arrived before its content",
      );
      texts.set(event.delivery, Buffer.concat(parts).toString("latin1"));
    }
    if (event.type === "outcome") {
      const text = texts.get(event.delivery);
      assert.ok(text !== undefined, "an outcome before its arrival");
      outcomes.set(`${text}|${event.recipient}`, event.reply.code);
    }
  }
  for (const { text, recipient, code } of told) {
    assert.equal(code, recipient.startsWith("full") ? "552" : "250");
    assert.ok([...texts.values()].includes(text), "told, and not in the journal");
    const outcome = outcomes.get(`${text}|${recipient}`);
    // The power may take a success, for which nobody waits; then nothing is said.
    if (code !== "250" || outcome !== undefined) assert.equal(String(outcome), code);
  }
}

test("crashes at 200 seeded moments: all that was told is in the journal, and true", async (t) => {
  let told = 0;
  for (let seed = 1; seed <= 200; seed++) {
    try {
      told += await crashOnce(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  t.diagnostic(`${told} answers`);
  // Otherwise nothing was tried.
  assert.ok(told > 500, `${told}`);
});
