import { readdir, unlink } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { RecoveryPoint } from "#copies";
import { rawPathFromText } from "#image";
import { backUpToDisk } from "#methods";
import { initRepository } from "#repository";
import { liveSource } from "#sources";
import { directoryStorage } from "#storage";
import type { Surroundings } from "../terminal.ts";
import { openDisk } from "./demo-copies.ts";
import type { DemoEvent } from "./demo-event.ts";
import { deliverMore, layOutSampleServer, type SampleMailbox, type SampleServer } from "./index.ts";
import {
  type Comparison,
  compareMessageFiles,
  type MessageFiles,
  readMessageFiles,
} from "./message-files.ts";
import type { DemoPlaces } from "./places.ts";
import { putBack } from "./put-back.ts";

/** How often the store is captured while mail keeps arriving. */
const captures = 4;
/** Messages that arrive between the loss and the restore: a restore must not take them away. */
const arrivalsAfterLoss = 3;

export type DemoResult = {
  readonly server: SampleServer;
  readonly mailbox: SampleMailbox;
  readonly lossAtNs: bigint;
  readonly comparison: Comparison;
  /** From the last capture to the loss. */
  readonly rpoMs: number;
  /** From the start of the restore, with a cold program, to every message compared. */
  readonly rtoMs: number;
};

export type DemoOptions = {
  readonly surroundings: Surroundings;
  readonly seed: number;
  /** Of the sample at most so many messages. Default: all. */
  readonly messages?: number;
  readonly tell: (event: DemoEvent) => Promise<void>;
};

/** Protects a sample server, loses a mailbox, brings it back and compares every message. */
export async function runDemo(places: DemoPlaces, options: DemoOptions): Promise<DemoResult> {
  const { surroundings, seed, tell } = options;
  const { clockMs, signal } = surroundings;
  const laidOutMs = clockMs();
  const server = layOutSampleServer(places.mail, {
    now: dateOf(surroundings),
    seed,
    ...(options.messages === undefined ? {} : { messages: options.messages }),
  });
  signal.throwIfAborted();
  await tell({ kind: "laid-out", server, elapsedMs: clockMs() - laidOutMs });
  await captureHistory(places, server, options);
  const before = await readMessageFiles(places.mail, signal);
  const loss = await lose(server, options);
  const startedMs = clockMs();
  const restored = await restore(places, { loss, options });
  const comparison = await compare({ places, before, arrived: loss.arrived, options });
  const rtoMs = clockMs() - startedMs;
  await tell({ kind: "compared", comparison });
  const rpoMs = Number(loss.atNs - restored.point.atNs) / 1e6;
  return { server, mailbox: loss.mailbox, lossAtNs: loss.atNs, comparison, rpoMs, rtoMs };
}

export function dateOf({ now }: Surroundings): Date {
  return new Date(Number(now() / 1_000_000n));
}

async function captureHistory(
  places: DemoPlaces,
  server: SampleServer,
  { surroundings, seed, tell }: DemoOptions,
): Promise<void> {
  const { clockMs, signal, now } = surroundings;
  await using storage = directoryStorage(places.repository);
  await initRepository(storage, { password: places.password, signal });
  await using opened = await openDisk(places, signal);
  const folder = rawPathFromText(places.mail);
  const source = liveSource({ clock: now });
  for (let number = 1; number <= captures; number++) {
    const life =
      number === 1
        ? undefined
        : deliverMore(server, { now: dateOf(surroundings), seed: seed + number });
    const startedMs = clockMs();
    await using image = await source.stableImage({ folder, group: places.mail, signal });
    const result = await backUpToDisk(image, {
      repository: opened.repository,
      path: folder,
      group: places.mail,
      hostname: hostname(),
      now,
      signal,
    });
    await tell({
      kind: "captured",
      number,
      result,
      elapsedMs: clockMs() - startedMs,
      delivered: life?.delivered ?? 0,
      changed: (life?.flagged ?? 0) + (life?.moved ?? 0),
    });
  }
}

type Loss = { readonly mailbox: SampleMailbox; readonly atNs: bigint; readonly arrived: number };

export function largestMailbox({ mailboxes }: SampleServer): SampleMailbox {
  return mailboxes.reduce((largest, one) => (one.messages > largest.messages ? one : largest));
}

/** A client goes wrong and deletes every message of the largest mailbox. */
async function lose(
  server: SampleServer,
  { surroundings, seed, tell }: DemoOptions,
): Promise<Loss> {
  const mailbox = largestMailbox(server);
  const atNs = surroundings.now();
  const messages = await emptyMailbox(mailbox);
  const life = deliverMore(server, {
    now: dateOf(surroundings),
    seed: seed + captures + 1,
    deliveries: arrivalsAfterLoss,
    flagChanges: 0,
    moves: 0,
  });
  await tell({ kind: "lost", mailbox, messages, atNs, arrivedSince: life.delivered });
  return { mailbox, atNs, arrived: life.delivered };
}

/** Removes every message; returns how many. */
export async function emptyMailbox({ folders }: SampleMailbox): Promise<number> {
  let messages = 0;
  for (const { path } of folders) {
    for (const name of ["cur", "new"]) {
      for (const file of await readdir(join(path, name))) {
        await unlink(join(path, name, file));
        messages++;
      }
    }
  }
  return messages;
}

/** What `restante restore MAILBOX --at MOMENT --yes` does, from a cold start. */
async function restore(
  places: DemoPlaces,
  { loss, options }: { readonly loss: Loss; readonly options: DemoOptions },
): Promise<{ readonly point: RecoveryPoint }> {
  const { surroundings, tell } = options;
  const { signal } = surroundings;
  await using opened = await openDisk(places, signal);
  const point = (await opened.copy.moments(undefined, signal)).findLast(
    ({ atNs }) => atNs <= loss.atNs,
  ) as RecoveryPoint;
  await using image = await opened.copy.open(point, signal);
  const scope = loss.mailbox.path.slice(places.mail.length + 1);
  const result = await putBack(image, { scope, target: loss.mailbox.path, surroundings });
  await tell({
    kind: "restored",
    point,
    counts: result.counts,
    filesVerified: result.filesVerified,
    failed: result.failures.length,
  });
  return { point };
}

type ComparisonInput = {
  readonly places: DemoPlaces;
  readonly before: MessageFiles;
  readonly arrived: number;
  readonly options: DemoOptions;
};

async function compare({ places, before, arrived, options }: ComparisonInput): Promise<Comparison> {
  return compareMessageFiles(
    before,
    await readMessageFiles(places.mail, options.surroundings.signal),
    { arrived },
  );
}
