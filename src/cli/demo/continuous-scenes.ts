import { createCipheriv, randomBytes } from "node:crypto";
import { readdir, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { planExpiry, parseRetentionRule } from "#policy";
import { holdsIn } from "#records";
import type { Surroundings } from "../terminal.ts";
import type { ContinuousEvent } from "./continuous-event.ts";
import { openDisk } from "./demo-copies.ts";
import { deliverMore } from "./deliver-more.ts";
import { type FollowedServer, followServer } from "./follow-server.ts";
import { compareMessageFiles, isWhole, readMessageFiles } from "./message-files.ts";
import type { DemoPlaces } from "./places.ts";
import { putBack } from "./put-back.ts";
import { removeTree } from "./remove-tree.ts";
import { dateOf, emptyMailbox, largestMailbox } from "./run-demo.ts";
import type { SampleMailbox, SampleServer } from "./sample-server.ts";

export type ContinuousOptions = {
  readonly server: SampleServer;
  readonly seed: number;
  readonly surroundings: Surroundings;
  readonly tell: (event: ContinuousEvent) => Promise<void>;
};

export type ContinuousResult = {
  readonly isWhole: boolean;
  readonly anyMoment: { readonly rpoMs: number; readonly rtoMs: number };
  readonly ransomware: { readonly rpoMs: number; readonly rtoMs: number };
};

/** Messages that arrive while the server is followed, and between the loss and the restore. */
const arrivals = 3;
/** Enough to see it, and soon over. */
const struckMailboxes = 3;

type Scene = ContinuousOptions & {
  readonly places: DemoPlaces;
  readonly followed: FollowedServer;
};

/** The server is followed, change by change: one mailbox is emptied, then the store is scrambled. */
export async function continuousScenes(
  places: DemoPlaces,
  options: ContinuousOptions,
): Promise<ContinuousResult> {
  const { surroundings, tell } = options;
  const { clockMs, signal } = surroundings;
  const startedMs = clockMs();
  await using opened = await openDisk(places, signal);
  await using followed = await followServer({ places, opened, surroundings });
  const elapsedMs = clockMs() - startedMs;
  const scene = { ...options, places, followed };
  const { slowestMs } = await followed.arrivals(arrivals, () => deliver(scene, 2000, arrivals));
  await tell({ kind: "followed", way: followed.way, arrived: arrivals, slowestMs, elapsedMs });
  const stepped = await stepBack(scene, slowestMs);
  const rewound = await rewind(scene, slowestMs, async () => await opened.copy.moments());
  return {
    isWhole: [stepped, rewound].every(
      ({ comparison, failed }) => isWhole(comparison) && failed === 0,
    ),
    anyMoment: { rpoMs: stepped.rpoMs, rtoMs: stepped.rtoMs },
    ransomware: { rpoMs: rewound.rpoMs, rtoMs: rewound.rtoMs },
  };
}

function deliver({ server, seed, surroundings }: Scene, step: number, deliveries: number): number {
  const now = dateOf(surroundings);
  const quiet = { flagChanges: 0, moves: 0 };
  return deliverMore(server, { now, seed: seed + step, deliveries, ...quiet }).delivered;
}

type Restored = Extract<ContinuousEvent, { readonly rtoMs: number }>;

/** 14:03:07: the moment before a client empties a mailbox, whenever the last capture was. */
async function stepBack(scene: Scene, rpoMs: number): Promise<Restored> {
  const { server, places, surroundings, followed, tell } = scene;
  const { clockMs, now, signal } = surroundings;
  const before = await readMessageFiles(places.mail, signal);
  const mailbox = largestMailbox(server);
  const [atNs, emptiedMs] = [now(), clockMs()];
  const messages = await emptyMailbox(mailbox);
  const arrivedSince = deliver(scene, 2001, arrivals);
  const { id: alarm } = await followed.nextAlarm();
  const alarmedAfterMs = clockMs() - emptiedMs;
  await tell({ kind: "emptied", mailbox, messages, atNs, arrivedSince, alarm, alarmedAfterMs });
  const startedMs = clockMs();
  const { moment, image } = await followed.open(atNs);
  const openedMs = clockMs() - startedMs;
  const scope = mailbox.path.slice(places.mail.length + 1);
  const result = await putBack(image, { scope, target: mailbox.path, surroundings });
  const comparison = compareMessageFiles(before, await readMessageFiles(places.mail, signal), {
    arrived: arrivedSince,
  });
  const event: Restored = {
    kind: "stepped-back",
    atNs,
    sequence: moment.sequence,
    openedMs,
    counts: result.counts,
    failed: result.failures.length,
    comparison,
    rpoMs,
    rtoMs: clockMs() - startedMs,
  };
  await tell(event);
  return event;
}

/** Somebody encrypts every message. What is seen, what is held, and the store as it was just before. */
async function rewind(
  scene: Scene,
  rpoMs: number,
  moments: () => Promise<Parameters<typeof planExpiry>[0]>,
): Promise<Restored> {
  const { server, places, surroundings, followed, tell } = scene;
  const { clockMs, now, signal } = surroundings;
  // What was put back a moment ago and is struck before it was seen would be lost: this is RPO.
  await followed.settled();
  const before = await readMessageFiles(places.mail, signal);
  const [atNs, beganMs] = [now(), clockMs()];
  const struck = server.mailboxes
    .toSorted((a, b) => b.messages - a.messages)
    .slice(0, struckMailboxes);
  const scrambling = scramble(struck, signal);
  const alarm = await followed.nextAlarm();
  const alarmedAfterMs = clockMs() - beganMs;
  // Nobody stops it here: it goes through.
  const messages = await scrambling;
  const elapsedMs = clockMs() - beganMs;
  const held = await heldMoments(scene, await moments());
  const { id, message } = alarm;
  await tell({
    kind: "scrambled",
    messages,
    atNs,
    elapsedMs,
    alarm: id,
    message,
    alarmedAfterMs,
    held,
  });
  const startedMs = clockMs();
  const { moment, image } = await followed.open(alarm.before.atNs);
  const target = places.mail;
  const result = await putBack(image, { scope: "", target, surroundings, isExact: true });
  const comparison = compareMessageFiles(before, await readMessageFiles(target, signal), {
    arrived: 0,
  });
  const rtoMs = clockMs() - startedMs;
  if (result.undoFolder !== undefined)
    await removeTree(Buffer.from(result.undoFolder, "latin1").toString());
  const event: Restored = {
    kind: "rewound",
    beforeNs: alarm.before.atNs,
    sequence: moment.sequence,
    counts: result.counts,
    failed: result.failures.length,
    comparison,
    rpoMs,
    rtoMs,
  };
  await tell(event);
  return event;
}

/** Every message becomes noise under another name, as such programs do. */
async function scramble(mailboxes: readonly SampleMailbox[], signal: AbortSignal): Promise<number> {
  const key = randomBytes(32);
  let messages = 0;
  for (const path of await messagesOf(mailboxes)) {
    signal.throwIfAborted();
    const cipher = createCipheriv("aes-256-ctr", key, randomBytes(16));
    await writeFile(`${path}.locked`, cipher.update(await readFile(path)));
    await unlink(path);
    messages++;
  }
  return messages;
}

async function messagesOf(mailboxes: readonly SampleMailbox[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { path } of mailboxes.flatMap(({ folders }) => folders))
    for (const name of ["cur", "new"])
      for (const file of await readdir(join(path, name))) found.push(join(path, name, file));
  return found;
}

/** How many moments "last 1" would drop, if they were not held. */
async function heldMoments(
  { places, surroundings }: Scene,
  points: Parameters<typeof planExpiry>[0],
): Promise<number> {
  const all = await holdsIn(places.state).list();
  const holds = all.filter(({ released }) => released === undefined);
  const rules = [parseRetentionRule("last 1")];
  const dropped = (held: typeof holds): number =>
    planExpiry(points, rules, { now: surroundings.now(), zone: "UTC", holds: held }).filter(
      ({ keep }) => !keep,
    ).length;
  return dropped([]) - dropped(holds);
}
