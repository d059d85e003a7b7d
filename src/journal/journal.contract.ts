/** What every journal does, whatever holds it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RawPath } from "#image";
import { type JournalEvent, maxDataBytes } from "./journal-event.ts";
import type { Journal, JournalReadOptions } from "./journal.ts";

export interface JournalSite extends AsyncDisposable {
  /** Opens what is there for writing; a new journal the first time. */
  open(): Promise<Journal>;
}

const path = "cur/1.M1.mx1:2," as RawPath;
const remove: JournalEvent = { type: "remove", path };

async function sequencesOf(journal: Journal, options?: JournalReadOptions): Promise<number[]> {
  const sequences: number[] = [];
  for await (const { sequence } of journal.read(options)) sequences.push(sequence);
  return sequences;
}

async function textOf(
  journal: Journal,
  pieces: Parameters<Journal["content"]>[0],
): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of journal.content(pieces)) parts.push(part);
  return Buffer.concat(parts).toString("latin1");
}

export function journalContract(name: string, makeSite: () => Promise<JournalSite>): void {
  test(`${name}: events come back in the order in which they were appended`, async () => {
    await using site = await makeSite();
    await using journal = await site.open();
    const first = journal.lastSequence;
    const appended = [1n, 5n, 3n].map((atNs) => journal.append(remove, atNs));
    await Promise.all(appended.map(({ durable }) => durable));
    const all: [number, bigint, JournalEvent][] = [];
    for await (const { sequence, atNs, event } of journal.read({ from: first + 1 }))
      all.push([sequence - first, atNs, event]);
    assert.deepEqual(all, [
      [1, 1n, remove],
      [2, 5n, remove],
      [3, 3n, remove],
    ]);
  });

  test(`${name}: from and to bound what is read, both included`, async () => {
    await using site = await makeSite();
    await using journal = await site.open();
    const numbers = [1, 2, 3, 4].map(() => journal.append(remove, 1n).sequence);
    await journal.flush();
    const [, second = 0, third = 0] = numbers;
    assert.deepEqual(await sequencesOf(journal, { from: second, to: third }), [second, third]);
  });

  test(`${name}: stored bytes are read through their pieces, in part too, large ones as well`, async () => {
    await using site = await makeSite();
    await using journal = await site.open();
    const large = Buffer.alloc(maxDataBytes * 2 + 3, "abc");
    const pieces = journal.store(large, 1n);
    const buffer = Buffer.from("Subject: hello");
    const [small] = journal.store(buffer, 1n);
    buffer.fill(0);
    await journal.flush();
    assert.equal(pieces.length, 3);
    assert.equal(await textOf(journal, pieces), large.toString("latin1"));
    assert.ok(small !== undefined);
    assert.equal(await textOf(journal, [{ ...small, offset: 9, lengthBytes: 5 }]), "hello");
    await assert.rejects(textOf(journal, [{ ...small, offset: 9, lengthBytes: 6 }]), {
      code: "journal.data-missing",
    });
    await assert.rejects(textOf(journal, [{ data: 1_000_000, offset: 0, lengthBytes: 1 }]), {
      code: "journal.data-missing",
    });
  });

  test(`${name}: a reader that leaves data out sees every sequence`, async () => {
    await using site = await makeSite();
    await using journal = await site.open();
    const [piece] = journal.store(Buffer.from("bytes"), 1n);
    await journal.flush();
    const lengths: number[] = [];
    for await (const { event } of journal.read({ from: piece?.data ?? 0, withoutData: true }))
      if (event.type === "data") lengths.push(event.bytes.length);
    assert.deepEqual(lengths, [0]);
  });

  test(`${name}: an event that nobody waits for is written, and durable soon, also at the end`, async () => {
    await using site = await makeSite();
    const journal = await site.open();
    const patient = { isPatient: true } as const;
    const first = journal.append(remove, 1n, patient);
    await first.written;
    await first.durable;
    const others = [
      journal.append(remove, 2n, patient),
      journal.append(remove, 3n),
      journal.append(remove, 4n, patient),
    ];
    await others[1]?.durable;
    await others[0]?.durable;
    await journal.close();
    await others[2]?.durable;
    await using again = await site.open();
    const found = (await Array.fromAsync(again.read())).map(({ sequence }) => sequence);
    assert.ok([first, ...others].every(({ sequence }) => found.includes(sequence)));
  });

  test(`${name}: whoever subscribes is told of each event once, in order, when it is durable`, async () => {
    await using site = await makeSite();
    await using journal = await site.open();
    const told: number[] = [];
    const subscription = journal.subscribe(({ sequence }) => told.push(sequence));
    const numbers = [journal.append(remove, 1n), journal.append(remove, 2n)];
    await Promise.all(numbers.map(({ durable }) => durable));
    assert.deepEqual(
      told,
      numbers.map(({ sequence }) => sequence),
    );
    subscription[Symbol.dispose]();
    await journal.append(remove, 3n).durable;
    assert.equal(told.length, 2);
  });

  test(`${name}: what was appended is there when it is opened again, and the sequence goes on`, async () => {
    await using site = await makeSite();
    let last: number;
    {
      await using journal = await site.open();
      last = journal.append(remove, 7n).sequence;
      await journal.close();
      assert.throws(() => journal.append(remove, 8n), { code: "journal.closed" });
    }
    await using journal = await site.open();
    assert.ok((await sequencesOf(journal)).includes(last));
    const next = journal.append(remove, 9n);
    assert.ok(next.sequence > last);
    await next.durable;
    const [span, ...more] = await journal.spans();
    assert.deepEqual([span?.last.sequence, span?.last.atNs, more], [next.sequence, 9n, []]);
  });
}
