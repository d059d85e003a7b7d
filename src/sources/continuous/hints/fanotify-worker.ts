/**
 * Reads fanotify's queue in a thread of its own, so that a program that is busy for seconds loses
 * nothing: most of what a filesystem tells is about other folders and goes no further than here.
 */
import { isMainThread, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { type FanotifyCalls, fanotifyCalls } from "./fanotify-calls.ts";
import { type FanotifyEvent, fanotifyMask, parseFanotifyEvents } from "./fanotify-events.ts";
import type {
  FanotifyHint,
  FanotifyReport,
  FanotifyRequest,
  FanotifyThreadData,
} from "./fanotify-messages.ts";
import { FolderPlaces } from "./folder-places.ts";

const bufferBytes = 256 * 1024;
/** Batches that the owner was sent and has not taken; then names are gathered here, each once. */
const batchesAhead = 4;
const idleMs = 1000;
const bitsOfFolders =
  fanotifyMask.create | fanotifyMask.delete | fanotifyMask.movedFrom | fanotifyMask.movedTo;
const bitsOfMoves = fanotifyMask.delete | fanotifyMask.movedFrom | fanotifyMask.movedTo;

class Reader {
  readonly #calls: FanotifyCalls;
  readonly #data: FanotifyThreadData;
  readonly #buffer = Buffer.allocUnsafeSlow(bufferBytes);
  readonly #waiting = new Map<string, FanotifyHint>();
  readonly #mounts = new Map<string, number>();
  readonly #places: FolderPlaces;
  #sent = 0;
  #isOverfull = false;

  constructor(calls: FanotifyCalls, data: FanotifyThreadData) {
    this.#calls = calls;
    this.#data = data;
    this.#places = new FolderPlaces(data.places, {
      resolve: (filesystem, handle) => {
        const mount = this.#mounts.get(filesystem);
        return mount === undefined ? undefined : calls.resolve(mount, handle);
      },
    });
  }

  /** Reads until it is told to end. */
  run(): void {
    const group = this.#calls.init();
    if (group < 0) return report({ type: "unavailable", why: "the right to watch is missing" });
    const wake = this.#calls.pipe();
    if (wake === undefined) return report({ type: "unavailable", why: "no pipe can be had" });
    const failed = this.#markAll(group);
    if (failed !== undefined) return report({ type: "unavailable", why: failed });
    report({ type: "ready", wakeDescriptor: wake[1] });
    while (this.#answer(group)) {
      this.#drain(group);
      this.#send();
      // What waits for the owner is offered again soon; nothing waits: sleep until something comes.
      this.#calls.wait([group, wake[0]], this.#waiting.size > 0 ? 5 : idleMs);
      this.#calls.read(wake[0], this.#buffer);
    }
    this.#drain(group);
    this.#send();
    for (const one of [group, wake[0], ...this.#mounts.values()]) this.#calls.close(one);
  }

  #markAll(group: number): string | undefined {
    for (const mount of this.#data.mounts) {
      const folder = this.#calls.openFolder(mount);
      if (folder < 0) return "a folder cannot be opened";
      const filesystem = this.#calls.filesystemOf(folder);
      if (filesystem === undefined) return "the filesystem has no identity";
      if (!this.#calls.mark(group, mount)) return "the filesystem cannot be watched as a whole";
      if (!this.#calls.canResolve(folder, mount))
        return "the right to open folders by their handles is missing";
      if (this.#mounts.has(filesystem)) this.#calls.close(folder);
      else this.#mounts.set(filesystem, folder);
    }
    return undefined;
  }

  /** False when it is over. */
  #answer(group: number): boolean {
    if (parentPort === null) return false;
    for (;;) {
      const message: { message: FanotifyRequest } | undefined = receiveMessageOnPort(parentPort);
      if (message === undefined) return true;
      if (message.message.type === "end") return false;
      this.#drain(group);
      while (this.#waiting.size > 0) this.#sendNow();
      report({ type: "settled", request: message.message.request });
    }
  }

  /** What waits now; more may come as fast as it is read. */
  #drain(group: number): void {
    for (let rest = Math.max(this.#calls.waiting(group), 1); rest > 0;) {
      const got = this.#calls.read(group, this.#buffer);
      if (got <= 0) return;
      rest -= got;
      for (const event of parseFanotifyEvents(this.#buffer.subarray(0, got))) this.#take(event);
    }
  }

  #take({ mask, folder, name = "" }: FanotifyEvent): void {
    if ((mask & fanotifyMask.overflow) !== 0n)
      return report({ type: "overflow", message: "The system's queue of changes was full." });
    if (folder === undefined) return;
    const isFolder = (mask & fanotifyMask.onFolder) !== 0n;
    const place = this.#places.placeOf(folder);
    if (isFolder && (mask & bitsOfMoves) !== 0n) this.#places.forget();
    if (place === undefined) return;
    const below = isFolder && (mask & bitsOfFolders) !== 0n;
    if (name !== "" || place === "") return this.#note(place, name, below);
    // Something about the folder itself: to whoever looks, a name within the folder above.
    const slash = place.lastIndexOf("/");
    this.#note(place.slice(0, Math.max(slash, 0)), place.slice(slash + 1), below);
  }

  #note(place: string, name: string, below: boolean): void {
    const key = `${place}/${name}`;
    const known = this.#waiting.get(key);
    if (known !== undefined && (known[2] || !below)) return;
    if (known === undefined && this.#waiting.size >= this.#data.waitingLimit) {
      this.#isOverfull = true;
      return;
    }
    this.#waiting.set(key, [place, name, below]);
  }

  #send(): void {
    const taken = Atomics.load(this.#data.taken, 0);
    if (this.#waiting.size > 0 && this.#sent - taken < batchesAhead) this.#sendNow();
  }

  #sendNow(): void {
    report({ type: "hints", hints: [...this.#waiting.values()] });
    this.#waiting.clear();
    this.#sent++;
    if (!this.#isOverfull) return;
    this.#isOverfull = false;
    report({ type: "overflow", message: "More changes came than could be kept in memory." });
  }
}

function report(message: FanotifyReport): void {
  parentPort?.postMessage(message);
}

if (!isMainThread && parentPort !== null) {
  const calls = fanotifyCalls();
  if (calls === undefined)
    report({ type: "unavailable", why: "this version of Node cannot call the system" });
  else new Reader(calls, workerData as FanotifyThreadData).run();
}
