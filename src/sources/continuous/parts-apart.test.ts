/** Stores whose parts lie in several folders: one journal, paths as a capture of them has. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Image, RawPath } from "#image";
import { memoryJournal, type MemoryJournal } from "#journal";
import {
  type CaptureEvent,
  captureContinuously,
  type ContinuousCapture,
  liveSource,
} from "#sources";
import type { ContinuousCaptureOptions } from "./capture-port.ts";
import { replayed, type ReplayedFile, storeNow } from "./replayed.fixture.ts";

const names = ["mail", "index", "alt"] as const;

class ApartSite implements AsyncDisposable {
  readonly top: string;
  readonly events: CaptureEvent[] = [];
  journal: MemoryJournal = memoryJournal();
  capture: ContinuousCapture | undefined;

  constructor() {
    this.top = realpathSync(mkdtempSync(join(tmpdir(), "restante-apart-")));
    for (const folder of ["mail/ann/storage", "index/ann/storage", "alt/ann/storage"])
      mkdirSync(join(this.top, folder), { recursive: true });
    this.write("mail/ann/storage/m.1", "one");
    this.write("index/ann/storage/dovecot.map.index.log", "map");
    this.write("alt/ann/storage/m.0", "old");
    this.write("not-mine/x", "somebody else's");
  }

  at(path: string): string {
    return join(this.top, path);
  }

  /** Within the Image. */
  path(path: string): RawPath {
    return this.at(path).slice(1) as RawPath;
  }

  write(path: string, text: string): void {
    mkdirSync(join(this.at(path), ".."), { recursive: true });
    writeFileSync(this.at(path), text);
  }

  async follow(options: Partial<ContinuousCaptureOptions> = {}): Promise<ContinuousCapture> {
    await this.capture?.close();
    this.journal = memoryJournal({ records: this.journal.records });
    const [folder = "", ...beside] = names.map((name) => this.at(name));
    this.capture = await captureContinuously({
      group: "mail",
      folder: folder as RawPath,
      beside: beside as RawPath[],
      facts: {
        server: "dovecot",
        root: "/",
        places: [{ mail: this.at("mail/%n"), index: this.at("index/%n"), alt: this.at("alt/%n") }],
      },
      journal: this.journal,
      stateFolder: this.at("state"),
      windowMs: 5,
      graceMs: 20,
      checkEveryMs: 20,
      onEvent: (event) => void this.events.push(event),
      ...options,
    });
    await this.capture.ready;
    return this.capture;
  }

  async image(): Promise<Image> {
    const [folder = "", ...beside] = names.map((name) => this.at(name)) as RawPath[];
    return await liveSource().stableImage({ folder: folder as RawPath, beside, group: "mail" });
  }

  /** Of the parts alone: what stands above them is the machine's. */
  get journalled(): ReadonlyMap<string, ReplayedFile> {
    const prefix = `${this.path("")}`.replace(/\/*$/, "/");
    return new Map(
      [...replayed(this.journal.records)].flatMap(([path, file]) =>
        path.startsWith(prefix) ? [[path.slice(prefix.length), file] as const] : [],
      ),
    );
  }

  get there(): ReadonlyMap<string, ReplayedFile> {
    const all = [...storeNow(this.top)];
    return new Map(all.filter(([path]) => names.some((one) => `${path}/`.startsWith(`${one}/`))));
  }

  assertSame(): void {
    assert.deepEqual(this.journalled, this.there);
  }

  removed(): readonly string[] {
    return this.journal.records.flatMap(({ event }) =>
      event.type === "remove" || event.type === "rmdir" ? [event.path] : [],
    );
  }

  async until(isSo: () => boolean): Promise<void> {
    for (const signal = AbortSignal.timeout(20_000); !isSo();) {
      signal.throwIfAborted();
      await this.capture?.settle();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.capture?.close().catch(() => undefined);
    rmSync(this.top, { recursive: true, force: true });
  }
}

for (const way of ["fanotify", "fsnotifywait", "folder-watch", "none"] as const)
  test(`changes in every part are recorded at the paths of a capture (${way})`, async () => {
    await using site = new ApartSite();
    const capture = await site.follow({ hints: way });
    site.assertSame();
    const before = site.journal.records.length;
    site.write("mail/ann/storage/m.2", "two");
    appendFileSync(site.at("index/ann/storage/dovecot.map.index.log"), " more");
    rmSync(site.at("alt/ann/storage/m.0"));
    site.write("index/ben/mailboxes/INBOX/dovecot.index.log", "log");
    site.write("not-mine/y", "nobody looks at this");
    if (capture.status.hints.way === "none") await capture.reconcile();
    await capture.settle();
    site.assertSame();
    const since = site.journal.records.slice(before).map(({ event }) => event);
    for (const path of ["mail/ann/storage/m.2", "index/ben"])
      assert.ok(
        since.some((event) => "path" in event && event.path === site.path(path)),
        path,
      );
    assert.ok(!since.some((event) => "path" in event && event.path?.includes("not-mine")));
  });

test("a file that moves to another part of the same filesystem is renamed, and not stored again", async () => {
  await using site = new ApartSite();
  const capture = await site.follow();
  const before = capture.status.storedBytes;
  renameSync(site.at("mail/ann/storage"), site.at("alt/ben"));
  renameSync(site.at("alt/ann/storage/m.0"), site.at("mail/ann/m.0"));
  await capture.settle();
  site.assertSame();
  assert.equal(capture.status.storedBytes, before);
});

test("what a copy of the same folders has is not stored again", async () => {
  await using site = new ApartSite();
  const image = await site.image();
  const { fromNs } = image.at;
  await site.follow({ openBase: async () => ({ image, fromNs }) });
  const changes = site.journal.records.filter(
    ({ event }) => event.type !== "mark" && event.type !== "gap",
  );
  assert.deepEqual(changes, []);
});

test("a part that is renamed away is held while the others go on, and followed again when it is back", async () => {
  await using site = new ApartSite();
  const capture = await site.follow();
  renameSync(site.at("alt"), site.at("alt.away"));
  await site.until(() => capture.status.held.length > 0);
  assert.deepEqual(
    capture.status.held.map(({ path }) => path),
    [site.path("alt")],
  );
  assert.equal(capture.status.state, "held");
  site.write("mail/ann/storage/m.3", "three");
  await capture.settle();
  await capture.reconcile();
  assert.ok(site.journalled.has("mail/ann/storage/m.3"));
  // Another folder, as a disk that is mounted anew: what was watched is no more.
  mkdirSync(site.at("alt/ann/storage"), { recursive: true });
  site.write("alt/ann/storage/m.0", "old");
  await site.until(() => capture.status.held.length === 0);
  await capture.reconcile();
  site.write("alt/ann/storage/m.9", "nine");
  await capture.settle();
  site.assertSame();
  assert.deepEqual(site.removed(), []);
});

test("a folder above the parts that is renamed away removes nothing", async () => {
  await using site = new ApartSite();
  const capture = await site.follow();
  const away = `${site.top}.away`;
  renameSync(site.top, away);
  await site.until(() => capture.status.held.length === names.length);
  await capture.reconcile();
  renameSync(away, site.top);
  await site.until(() => capture.status.held.length === 0);
  await capture.reconcile();
  site.assertSame();
  assert.deepEqual(site.removed(), []);
});

test("a part that was emptied is held until a person says that it is right", async () => {
  await using site = new ApartSite();
  const capture = await site.follow();
  for (const name of readdirSync(site.at("index")))
    rmSync(join(site.at("index"), name), { recursive: true });
  await capture.reconcile();
  await site.until(() => capture.status.held.length > 0);
  assert.deepEqual(
    site.removed().filter((path) => path === site.path("index")),
    [],
  );
  await capture.accept(site.path("index"));
  site.assertSame();
});

test("a part that is away at the start is held, the others are followed", async () => {
  await using site = new ApartSite();
  await site.follow();
  await site.capture?.close();
  renameSync(site.at("index"), site.at("index.away"));
  site.write("mail/ann/storage/m.4", "four");
  const capture = await site.follow();
  assert.deepEqual(
    capture.status.held.map(({ path }) => path),
    [site.path("index")],
  );
  assert.ok(site.journalled.has("mail/ann/storage/m.4"));
  renameSync(site.at("index.away"), site.at("index"));
  await site.until(() => capture.status.held.length === 0);
  await capture.reconcile();
  site.assertSame();
  assert.deepEqual(site.removed(), []);
  await capture.close();
  renameSync(site.at("mail"), site.at("mail.away"));
  await assert.rejects(site.follow(), /Cannot open folder/);
});

test("a part that was moved into another is held, and its new place is something new", async () => {
  await using site = new ApartSite();
  const capture = await site.follow();
  renameSync(site.at("index"), site.at("mail/index"));
  await site.until(() => capture.status.held.length > 0);
  await capture.reconcile();
  assert.ok(site.journalled.has("mail/index/ann/storage/dovecot.map.index.log"));
  assert.ok(site.journalled.has("index/ann/storage/dovecot.map.index.log"));
});

test("a part that a symbolic link leads to is followed where it lies", async () => {
  await using site = new ApartSite();
  renameSync(site.at("alt"), site.at("disk"));
  symlinkSync("disk", site.at("alt"));
  const capture = await site.follow();
  site.write("alt/ann/storage/m.5", "five");
  await capture.settle();
  const { journalled } = site;
  assert.equal(journalled.get("alt")?.type, "directory");
  assert.equal(journalled.get("alt/ann/storage/m.5")?.bytes, "five");
});

test("a store that is laid out otherwise than it was known begins with a copy of it as it is now", async () => {
  await using site = new ApartSite();
  await site.follow({ beside: [] });
  await site.capture?.close();
  const before = site.journal.records.length;
  const image = await site.image();
  await site.follow({ openBase: async () => ({ image, fromNs: image.at.fromNs }) });
  site.write("alt/ann/storage/m.6", "six");
  await site.capture?.settle();
  const since = site.journal.records.slice(before).flatMap(({ event }) => {
    if (event.type === "mark" || event.type === "gap" || !("path" in event)) return [];
    return [`${event.type} ${event.path}`];
  });
  assert.deepEqual(since, [`put ${site.path("alt/ann/storage/m.6")}`]);
});
