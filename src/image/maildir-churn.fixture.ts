/*
 * A Maildir store that somebody uses hard, for the test of captures of a store in use. Run as a
 * program it changes the store until its standard input ends or a number of steps is done:
 *   node maildir-churn.ts FOLDER SEED STEPS
 * A message's bytes are its identity. "keep-…" messages are flagged and moved and never removed.
 */
import { linkSync, mkdirSync, readdirSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const churnFolders: readonly string[] = ["", ".Archive", ".Lists", ".Sent", ".Trash"];

/** Writes the store with its permanent messages; returns their identities. */
export function makeChurnStore(folder: string, messages: number): string[] {
  for (const name of churnFolders) {
    for (const part of ["cur", "new", "tmp"])
      mkdirSync(join(folder, name, part), { recursive: true });
  }
  const kept = Array.from({ length: messages }, (_, index) => `keep-${index}`);
  for (const [index, identity] of kept.entries()) {
    const home = churnFolders[index % churnFolders.length] as string;
    writeFileSync(
      join(folder, home, index % 2 === 0 ? "cur" : "new", `${1000 + index}.M1.host:2,`),
      identity,
    );
  }
  return kept;
}

type Message = {
  home: string;
  part: string;
  base: string;
  flags: string;
  readonly isKept: boolean;
};

function pathOf(folder: string, { home, part, base, flags }: Message): string {
  return join(folder, home, part, `${base}:2,${flags}`);
}

/** One change after another. `random` gives numbers from 0 to below 1. */
export function* churn(folder: string, random: () => number): Generator<void, void, undefined> {
  const messages: Message[] = [];
  for (const home of churnFolders) {
    for (const part of ["cur", "new"]) {
      for (const name of readdirSync(join(folder, home, part))) {
        const [base, flags] = name.split(":2,") as [string, string];
        messages.push({ home, part, base, flags, isKept: true });
      }
    }
  }
  const pick = <Value>(values: readonly Value[]): Value =>
    values[Math.floor(random() * values.length)] as Value;
  for (let step = 0; ; step++) {
    const passing = messages.filter((one) => !one.isKept);
    // Expunges and deliveries keep each other's measure.
    const kind = passing.length >= 50 ? random() * 0.85 + 0.15 : random();
    const message =
      kind >= 0.15 && kind < 0.3 && passing.length > 0 ? pick(passing) : pick(messages);
    const before = pathOf(folder, message);
    if (kind < 0.15) messages.push(deliver(folder, pick(churnFolders), step));
    else if (kind < 0.3 && !message.isKept) {
      unlinkSync(before);
      messages.splice(messages.indexOf(message), 1);
    } else if (kind < 0.6) {
      message.flags = message.flags === "S" ? "" : "S";
      message.part = "cur";
      renameSync(before, pathOf(folder, message));
    } else if (kind < 0.9) {
      message.home = pick(churnFolders);
      renameSync(before, pathOf(folder, message));
    } else {
      // Dovecot's way to move: a hard link with a name of its own, then the old name goes.
      message.home = pick(churnFolders);
      message.base = `${2000 + step}.M2.host`;
      linkSync(before, pathOf(folder, message));
      unlinkSync(before);
    }
    yield;
  }
}

function deliver(folder: string, home: string, step: number): Message {
  const message: Message = {
    home,
    part: "new",
    base: `${5000 + step}.M3.host`,
    flags: "",
    isKept: false,
  };
  const temporary = join(folder, home, "tmp", message.base);
  writeFileSync(temporary, `passing-${step}`);
  renameSync(temporary, pathOf(folder, message));
  return message;
}

/** mulberry32: a small generator whose whole state is its seed. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}

if (import.meta.main) {
  const [folder, seed, steps] = process.argv.slice(2);
  const changes = churn(folder as string, seededRandom(Number(seed)));
  process.stdin.on("end", () => process.exit(0)).resume();
  const left = { steps: Number(steps) };
  const slice = (): void => {
    for (let index = 0; index < 10 && left.steps > 0; index++, left.steps--) changes.next();
    if (left.steps > 0) setTimeout(slice, 1);
  };
  process.stdout.write("ready\n");
  slice();
}
