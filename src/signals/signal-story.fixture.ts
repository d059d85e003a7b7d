/** A journal that a test tells, second by second, to whoever watches for signals. */
import { createHash } from "node:crypto";
import type { RawPath } from "#image";
import type { FileState, JournalEvent } from "#journal";
import { SignalWatch, type SignalWatchOptions } from "./signal-watch.ts";
import type { Signal } from "./signal.ts";

export const second: bigint = 1_000_000_000n;
export const beginning: bigint = 1_764_160_000n * second;
export const old: bigint = beginning - 86_400n * second;
export const mail: Buffer = Buffer.from(
  `Subject: hello\r\n\r\n${"A line of mail.\r\n".repeat(80)}`,
);

/** The same every time, and as even as random bytes are. */
export function noise(seed: number): Buffer {
  const parts = Array.from({ length: 32 }, (_, part) =>
    createHash("sha512").update(`${seed} ${part}`).digest(),
  );
  return Buffer.concat(parts);
}

export function stateOf(mtimeNs: bigint): FileState {
  const facts = { type: "file", mode: 0o600, uid: 0, gid: 0, inode: 1n, links: 1 } as const;
  return { ...facts, mtimeNs, ctimeNs: mtimeNs };
}

export class Story {
  readonly watch: SignalWatch;
  now: bigint = beginning;
  sequence: number = 0;
  readonly signals: Signal[] = [];

  constructor(options: SignalWatchOptions = {}) {
    this.watch = new SignalWatch({ expectedMessages: 10_000, ...options });
  }

  happens(event: JournalEvent): number {
    this.watch.observe({ sequence: ++this.sequence, atNs: this.now, event });
    return this.sequence;
  }

  put(path: string, bytes: Buffer = mail, mtimeNs: bigint = this.now): void {
    const data = this.happens({ type: "data", bytes });
    const content = [{ data, offset: 0, lengthBytes: bytes.length }];
    const state = stateOf(mtimeNs);
    this.happens({ type: "put", path: path as RawPath, state, sizeBytes: bytes.length, content });
  }

  remove(path: string): void {
    this.happens({ type: "remove", path: path as RawPath });
  }

  rename(path: string, to: string): void {
    const file = { inode: 1n, sizeBytes: 1, mtimeNs: old };
    this.happens({ type: "rename", path: path as RawPath, to: to as RawPath, file });
  }

  link(path: string, to: string): void {
    const file = { inode: 1n, sizeBytes: 1, mtimeNs: old };
    this.happens({ type: "link", path: path as RawPath, to: to as RawPath, file });
  }

  passes(seconds: number): void {
    for (let passed = 0; passed < seconds; passed++) {
      this.now += second;
      this.signals.push(...this.watch.check(this.now));
    }
  }

  learn(paths: readonly string[]): void {
    for (const path of paths) this.watch.learn({ path: path as RawPath });
  }

  kinds(): readonly string[] {
    this.passes(10);
    return this.signals.map(({ kind, path }) => `${kind} ${path}`);
  }
}
