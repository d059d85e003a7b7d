import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { lstatSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { RecoveryPoint } from "#copies";
import { type BaseMoment, type DaemonGroup, mailIn, runDaemon, serviceManager } from "#daemon";
import { type Image, type RawPath, rawPathFromText, rawPathToBytes } from "#image";
import { type Journal, type JournalRecord, openJournal, openJournalReader } from "#journal";
import { backUpToDisk, continuousCopy, type ContinuousMoment } from "#methods";
import { type Alarm, alarmsIn } from "#records";
import { captureContinuously, type ContinuousCapture, liveSource } from "#sources";
import type { Surroundings } from "../terminal.ts";
import type { OpenedRepository } from "./demo-copies.ts";
import { DemoError } from "./demo-error.ts";
import type { DemoPlaces } from "./places.ts";

/** The sample server, followed by the daemon as `restante daemon` runs it. */
export interface FollowedServer extends AsyncDisposable {
  /** How changes are noticed. */
  readonly way: string;
  /** How late the slowest of these new messages was durable in the journal, after it was on the server's disk. */
  arrivals(count: number, deliver: () => void): Promise<{ readonly slowestMs: number }>;
  /** Resolves when all that has happened so far is durable in the journal. */
  settled(): Promise<void>;
  /** The next alarm that is raised. */
  nextAlarm(): Promise<Alarm & { readonly id: string }>;
  /** What the mail was at an instant: the moment, and its Image, which is closed with the server. */
  open(atNs: bigint): Promise<{ readonly moment: ContinuousMoment; readonly image: Image }>;
}

type FollowOptions = {
  readonly places: DemoPlaces;
  readonly opened: OpenedRepository;
  readonly surroundings: Surroundings;
};

/** Resolves when every change is followed. */
export async function followServer(options: FollowOptions): Promise<FollowedServer> {
  const follower = new Follower(options);
  try {
    await follower.start();
    return follower;
  } catch (error) {
    await follower[Symbol.asyncDispose]();
    throw error;
  }
}

/** An alarm is told of as soon as it lasts so long: nothing else moves here. */
const settleMs = 300;
/** A small sample has small mailboxes. */
const ignoredCount = 5;
const alarmWithinMs = 60_000;

class Follower implements FollowedServer {
  readonly #options: FollowOptions;
  readonly #stop = new AbortController();
  readonly #disposables = new AsyncDisposableStack();
  readonly #secret = { key: randomBytes(64) };
  readonly #alarms: string[] = [];
  readonly #raised = new EventTarget();
  #seenAlarms = 0;
  #journal: Journal | undefined;
  #capture: ContinuousCapture | undefined;
  #way = "";
  #running: Promise<unknown> | undefined;

  constructor(options: FollowOptions) {
    this.#options = options;
  }

  get way(): string {
    return this.#way;
  }

  async start(): Promise<void> {
    const { places, surroundings } = this.#options;
    const { now, signal } = surroundings;
    const ready = Promise.withResolvers<void>();
    this.#running = runDaemon({
      groups: [this.#group()],
      stateFolder: places.state,
      clock: {
        now,
        random: () => 0.5,
        sleep: async (milliseconds, until) => {
          await pause(milliseconds, undefined, { signal: until }).catch(() => undefined);
        },
      },
      manager: serviceManager({ socket: undefined, watchdogMicroseconds: undefined }),
      audit: async (_verb, { alarm = "" }) => {
        this.#alarms.push(String(alarm));
        this.#raised.dispatchEvent(new Event("alarm"));
      },
      onNote: () => undefined,
      onReady: ({ groups: [group] }) => {
        this.#way = group?.hints?.way ?? "";
        if (group?.phase === "following") ready.resolve();
        else ready.reject(new DemoError("demo.not-followed", notFollowed(group?.note)));
      },
      signal: AbortSignal.any([signal, this.#stop.signal]),
    });
    this.#running.catch((error: unknown) => ready.reject(error));
    await Promise.race([ready.promise, aborted(signal)]);
  }

  async arrivals(count: number, deliver: () => void): Promise<{ readonly slowestMs: number }> {
    const { surroundings, places } = this.#options;
    const seen = Promise.withResolvers<void>();
    let slowestMs = 0;
    let found = 0;
    const listen = ({ event }: JournalRecord): void => {
      const path =
        event.type === "rename" ? event.to : event.type === "put" ? event.path : undefined;
      if (path === undefined || !path.includes("/new/")) return;
      const bytes = rawPathToBytes(`${rawPathFromText(places.mail)}/${path}` as RawPath);
      const { ctimeNs } = lstatSync(bytes, { bigint: true });
      slowestMs = Math.max(slowestMs, Number(surroundings.now() - ctimeNs) / 1e6);
      if (++found === count) seen.resolve();
    };
    using _subscription = this.#openJournal().subscribe(listen);
    deliver();
    await Promise.race([seen.promise, aborted(surroundings.signal)]);
    return { slowestMs };
  }

  async settled(): Promise<void> {
    await this.#capture?.settle();
  }

  async nextAlarm(): Promise<Alarm & { readonly id: string }> {
    const { places, surroundings } = this.#options;
    const late = AbortSignal.timeout(alarmWithinMs);
    const signal = AbortSignal.any([surroundings.signal, late]);
    try {
      while (this.#alarms.length <= this.#seenAlarms) await once(this.#raised, "alarm", { signal });
    } catch (error) {
      if (!late.aborted || surroundings.signal.aborted) throw error;
      throw new DemoError("demo.no-alarm", "Cannot go on with the demo: no alarm was raised");
    }
    const id = this.#alarms[this.#seenAlarms] ?? "";
    this.#seenAlarms = this.#alarms.length;
    return await alarmsIn(places.state).get(id);
  }

  async open(atNs: bigint): Promise<{ readonly moment: ContinuousMoment; readonly image: Image }> {
    const { places, opened, surroundings } = this.#options;
    const { signal } = surroundings;
    const reader = this.#disposables.use(
      await openJournalReader({ folder: places.journal, secret: this.#secret, signal }),
    );
    const { copy } = opened;
    const copyOf = continuousCopy({
      name: "journal",
      journal: reader,
      bases: [{ copy, moments: await copy.moments(places.mail, signal) }],
    });
    const moment = await copyOf.momentAt(atNs, signal);
    if (!("point" in moment)) throw new DemoError("demo.not-followed", moment.reason);
    return { moment, image: this.#disposables.use(await copyOf.open(moment.point, signal)) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#disposables.disposeAsync();
    this.#stop.abort();
    await this.#running?.catch(() => undefined);
  }

  #openJournal(): Journal {
    if (this.#journal === undefined) throw new Error("nothing is followed yet");
    return this.#journal;
  }

  #group(): DaemonGroup {
    const { places, surroundings, opened } = this.#options;
    const { now } = surroundings;
    const folder = rawPathFromText(places.mail);
    const points = new Map<string, RecoveryPoint>();
    return {
      name: places.mail,
      shown: places.mail,
      folder,
      journalPlace: places.journal,
      openJournal: async () => {
        const [group, secret] = [places.mail, this.#secret];
        this.#journal = await openJournal({ folder: places.journal, secret, group, clock: now });
        return this.#journal;
      },
      newestBase: async () => undefined,
      takeBase: async (signal) => await this.#takeBase(points, signal),
      openBase: async ({ id, fromNs }, signal) => {
        const point = points.get(id);
        if (point === undefined) throw new Error("a base that was taken is known");
        return { image: await opened.copy.open(point, signal), fromNs };
      },
      capture: async (given) => {
        this.#capture = await captureContinuously({
          ...given,
          group: places.mail,
          folder,
          stateFolder: join(places.state, "observed"),
          clock: now,
        });
        return this.#capture;
      },
      mailThere: (signal) => mailIn(folder, signal),
      baseEveryMs: 86_400_000,
      keepChangesSince: () => undefined,
      signals: { settleMs, ignoredCount, expectedMessages: 20_000 },
    };
  }

  async #takeBase(points: Map<string, RecoveryPoint>, signal: AbortSignal): Promise<BaseMoment> {
    const { places, opened, surroundings } = this.#options;
    const { now } = surroundings;
    const folder = rawPathFromText(places.mail);
    const source = liveSource({ clock: now });
    await using image = await source.stableImage({ folder, group: places.mail, signal });
    const { fromNs } = image.at;
    const { point } = await backUpToDisk(image, {
      repository: opened.repository,
      path: folder,
      group: places.mail,
      hostname: hostname(),
      now,
      signal,
    });
    points.set(point.id, point);
    return { id: point.id, fromNs, atNs: point.atNs };
  }
}

function notFollowed(note: string | undefined): string {
  return `Cannot follow the sample server: ${note ?? "it is not followed"}`;
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, "abort");
  throw signal.reason;
}
