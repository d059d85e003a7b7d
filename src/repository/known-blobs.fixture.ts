/** A thread that claims blobs for known-blobs.test.ts and answers which of them it was given. */
import { parentPort, workerData } from "node:worker_threads";
import { openKnownBlobs } from "./known-blobs.ts";
import { idOf } from "./repository.fixture.ts";

const { memory, blobs, gate, threads } = workerData as {
  readonly memory: SharedArrayBuffer;
  readonly blobs: number;
  readonly gate: SharedArrayBuffer;
  readonly threads: number;
};
const ids = Array.from({ length: blobs }, (_, n) => idOf(n));
const known = openKnownBlobs(memory);
const arrived = new Int32Array(gate);
Atomics.add(arrived, 0, 1);
// All begin at the same instant, at the same blob: that is where claims meet.
while (Atomics.load(arrived, 0) < threads);
const given = ids.flatMap((id, n) => (known.claim(id, "data") ? [n] : []));
parentPort?.postMessage(given);
