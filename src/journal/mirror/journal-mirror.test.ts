import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { HostError, localHost, type LogFolder } from "#hosts";
import type { RawPath } from "#image";
import { peerPair } from "../../hosts/peer-pair.fixture.ts";
import type { FolderJournal } from "../segments/folder-journal.ts";
import { codesOf, eventOf, recordsOf } from "../segments/journal-in-memory.fixture.ts";
import { openJournal, openJournalReader } from "../segments/open-journal.ts";
import { encodePosition } from "../segments/position-file.ts";
import { JournalMirror, type MirrorStatus } from "./journal-mirror.ts";

const secret = { password: "journal" };
const cost = { N: 16, r: 1, p: 1 };
let place = "";
before(async () => void (place = await mkdtemp(join(tmpdir(), "restante-mirror-"))));
after(async () => await rm(place, { recursive: true }));

const mostMs = 20_000;

/** A journal, its mirror in a folder beside it, and a clock that goes on when the test says so. */
class Scene implements AsyncDisposable {
  readonly folder: string;
  readonly there: string;
  readonly notes: string[] = [];
  readonly waited: number[] = [];
  nowNs = 0n;
  journal: FolderJournal;
  mirror: JournalMirror | undefined;
  #stop = new AbortController();
  #running: Promise<void> | undefined;
  #sleeping = Promise.withResolvers<void>();
  #count = 0;

  private constructor(folder: string, journal: FolderJournal) {
    this.folder = folder;
    this.there = join(folder, "..", "there");
    this.journal = journal;
  }

  static async begin(name: string): Promise<Scene> {
    const folder = join(place, name, "here");
    await mkdir(join(place, name));
    return new Scene(folder, await Scene.open(folder));
  }

  static async open(folder: string): Promise<FolderJournal> {
    const more = { secret, cost, clock: () => 1n, segmentBytes: 16 * 1024 };
    return await openJournal({ folder, group: "mail", ...more });
  }

  get target(): LogFolder {
    return localHost().openLog(this.there as RawPath);
  }

  follow(target: LogFolder = this.target): void {
    this.mirror = new JournalMirror({
      journal: this.journal,
      source: localHost().openLog(this.folder as RawPath),
      target,
      clock: {
        now: () => this.nowNs,
        sleep: async (milliseconds, signal) => {
          if (milliseconds <= 100) return await turn();
          this.waited.push(milliseconds);
          const { promise } = this.#sleeping;
          await Promise.race([
            promise,
            new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
          ]);
        },
      },
      backOffMs: (failures) => Math.min(9000, failures * 1000),
      onNote: (text) => void this.notes.push(text),
    });
    this.#running = this.mirror.run(this.#stop.signal);
  }

  wakeUp(): void {
    this.#sleeping.resolve();
    this.#sleeping = Promise.withResolvers<void>();
  }

  async write(events: number): Promise<void> {
    for (let n = 0; n < events; n++) this.journal.append(eventOf((this.#count += 1)), this.nowNs);
    await this.journal.flush();
  }

  async until(isSo: (status: MirrorStatus) => boolean): Promise<MirrorStatus> {
    const startedMs = performance.now();
    for (;;) {
      const { status } = this.mirror as JournalMirror;
      if (isSo(status)) return status;
      if (performance.now() - startedMs > mostMs) throw new Error(JSON.stringify(status));
      await turn();
    }
  }

  async whenEverything(): Promise<void> {
    await this.until(
      ({ state, lagBytes, lagSequences }) =>
        state === "following" && lagBytes === 0 && lagSequences === 0,
    );
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#stop = new AbortController();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.journal[Symbol.asyncDispose]();
  }
}

async function assertSame(scene: Scene): Promise<void> {
  await using ours = await openJournalReader({ folder: scene.folder, secret });
  await using theirs = await openJournalReader({ folder: scene.there, secret });
  assert.deepEqual(await recordsOf(theirs), await recordsOf(ours));
}

test("what is durable is there, in order, over a line that is lost again and again; it opens as the journal does", async () => {
  await using scene = await Scene.begin("line");
  await scene.write(30);
  await using pair = peerPair({ cutAt: (connection) => 5 + (connection % 7) });
  scene.follow(pair.host.openLog(scene.there as RawPath));
  for (let round = 0; round < 6; round++) {
    await scene.write(60);
    await scene.whenEverything();
    await assertSame(scene);
  }
  assert.ok(pair.connections() > 3, `${pair.connections()} connections`);
  assert.ok((await readdir(scene.there)).length > 8);
  const { status } = scene.mirror as JournalMirror;
  assert.deepEqual(
    [status.sequence, status.lagSequences, status.lagMs],
    [scene.journal.lastSequence, 0, 0],
  );
  await scene.stop();
  await scene.journal.close();
  await scene.mirror?.finish(new AbortController().signal);
  for (const name of await readdir(scene.folder)) {
    if (name === "keys") continue;
    const [one, other] = [scene.folder, scene.there].map((folder) => readFile(join(folder, name)));
    assert.ok((await one)?.equals((await other) as Buffer), name);
  }
  await using reader = await openJournalReader({ folder: scene.there, secret });
  assert.deepEqual(codesOf(reader.problems), []);
});

test("while the other host is away the lag grows and is shown; then it catches up from what is there", async () => {
  await using scene = await Scene.begin("away");
  let isAway = true;
  const away = (): void => {
    if (isAway)
      throw new HostError("host.unreachable", "Cannot reach it", { retryable: true, hint: "Wait" });
  };
  const { target } = scene;
  scene.follow({
    ...target,
    location: "vault",
    list: async (options) => (away(), await target.list(options)),
    read: async (name, range) => (away(), await target.read(name, range)),
    write: async (name, piece) => (away(), await target.write(name, piece)),
    setPosition: async (bytes, options) => (away(), await target.setPosition(bytes, options)),
  });
  await scene.until(({ state }) => state === "waiting");
  await scene.write(20);
  scene.nowNs = 4_000_000_000n;
  scene.wakeUp();
  await scene.until(() => scene.waited.length === 2);
  const behind = (scene.mirror as JournalMirror).status;
  assert.deepEqual([behind.lagSequences, behind.lagMs], [21, 4000]);
  assert.ok(behind.lagBytes > 5000, `${behind.lagBytes}`);
  assert.equal(behind.note, "Cannot reach it. Wait");
  assert.deepEqual(scene.waited, [1000, 2000]);
  isAway = false;
  scene.wakeUp();
  await scene.whenEverything();
  assert.deepEqual(scene.notes, [
    "mirror: Cannot reach it. Wait",
    'mirror: "vault" has everything again',
  ]);
  const before = await target.list();
  // A second run goes on where the first ended.
  await scene.stop();
  await scene.write(40);
  scene.follow();
  await scene.whenEverything();
  await assertSame(scene);
  // What the journal's rules remove here stays there; what went while nobody mirrored is told there.
  await scene.stop();
  await scene.write(250);
  assert.ok((await scene.journal.removeBefore(scene.journal.lastSequence)) > 3);
  scene.follow();
  await scene.whenEverything();
  const kept = new Map((await target.list()).map(({ name, sizeBytes }) => [name, sizeBytes]));
  for (const { name, sizeBytes } of before) assert.ok((kept.get(name) ?? 0) >= sizeBytes, name);
  await using reader = await openJournalReader({ folder: scene.there, secret });
  assert.ok(codesOf(reader.problems).includes("missing"));
  assert.equal((await recordsOf(reader)).at(-1)?.sequence, scene.journal.lastSequence);
});

test("what the other side says of more than it has is not believed, and said anew", async () => {
  await using scene = await Scene.begin("liar");
  await scene.write(10);
  scene.follow();
  await scene.whenEverything();
  await scene.stop();
  const { position } = scene.journal;
  assert.ok(position !== undefined);
  const more = [
    { ...position, sequence: 2 ** 40 },
    { ...position, offset: position.offset + 1 },
  ];
  for (const lie of more) {
    await scene.target.setPosition(encodePosition(lie));
    let [isHeld, lists] = [true, 0];
    const { target } = scene;
    scene.follow({
      ...target,
      location: "vault",
      // What is there was read, and nothing was carried yet.
      list: async (options) => {
        if (isHeld && (lists += 1) === 2)
          throw new HostError("host.failed", "Cannot list", { hint: "Wait" });
        return await target.list(options);
      },
      read: async (name, range) => await target.read(name, range),
      write: async (name, piece) => await target.write(name, piece),
      setPosition: async (bytes, options) => await target.setPosition(bytes, options),
    });
    const { sequence, lagSequences } = await scene.until(({ state }) => state === "waiting");
    assert.deepEqual([sequence, lagSequences], [0, scene.journal.lastSequence]);
    isHeld = false;
    scene.wakeUp();
    await scene.whenEverything();
    assert.equal(scene.mirror?.status.sequence, scene.journal.lastSequence);
    await scene.stop();
    const said = await target.read("position", { offset: 0, lengthBytes: 64 });
    assert.ok(encodePosition(position).equals(said));
  }
});

test("a mirror of another journal, or of what the journal lost, is refused and not touched", async () => {
  await using scene = await Scene.begin("lost");
  await scene.write(10);
  await scene.journal.close();
  await cp(scene.folder, join(place, "backup"), { recursive: true });
  scene.journal = await Scene.open(scene.folder);
  scene.follow();
  await scene.write(20);
  await scene.whenEverything();
  await scene.stop();
  await scene.journal.close();
  // The disk was replaced, and an old backup put back: it goes on with the same numbers.
  await rm(scene.folder, { recursive: true });
  await rename(join(place, "backup"), scene.folder);
  const bytesThere = async (): Promise<readonly string[]> =>
    await Promise.all(
      (await readdir(scene.there))
        .filter((name) => name.endsWith(".journal"))
        .map((name) => readFile(join(scene.there, name), "hex")),
    );
  const before = await bytesThere();
  scene.journal = await Scene.open(scene.folder);
  scene.follow();
  await scene.write(3);
  const { note } = await scene.until(({ state }) => state === "refused");
  assert.match(note ?? "", /^Cannot mirror .* Move that folder aside/);
  assert.deepEqual(await bytesThere(), before);
  // As it says.
  await rename(scene.there, join(place, "aside"));
  scene.wakeUp();
  await scene.whenEverything();
  await assertSame(scene);

  await using other = await Scene.begin("other");
  const target = localHost().openLog(join(place, "aside") as RawPath);
  other.follow(target);
  const refused = await other.until(({ state }) => state === "refused");
  assert.match(refused.note ?? "", /it is the mirror of another journal/);
  await using reader = await openJournalReader({ folder: join(place, "aside"), secret });
  assert.ok((await recordsOf(reader)).length > 30);
});
