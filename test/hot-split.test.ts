/** Hot splits of a real Dovecot under continuous delivery: each is validated by its own utility, and has all that was acknowledged before. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { type Image, rawPathFromText, readAll, rootPath, walkImage } from "#image";
import { dovecotValidator, storeValidator } from "#servers";
import { hotSplitSource } from "#sources";
import { btrfsSnapshots, plainCopies, reflinkCopies, type SnapshotProvider } from "#snapshots";
import {
  type LoopKind,
  loopFilesystem,
  loopSkip,
} from "../src/snapshots/loop-filesystem.fixture.ts";
import { LmtpDovecot, withoutLmtp } from "./support/lmtp-dovecot.ts";

const splits = 20;
/** A busy server's rate: what is delivered without any pause takes both processors, and proves no more. */
const pauseMs = 100;

/** Delivers until it is told to stop; what the server has acknowledged is known at every moment. */
class Delivery {
  readonly acknowledged = new Set<string>();
  readonly #server: LmtpDovecot;
  #stopped = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(server: LmtpDovecot) {
    this.#server = server;
  }

  start(): void {
    this.#running = Promise.all([this.#deliver(0), this.#deliver(1)]);
  }

  async #deliver(connection: number): Promise<void> {
    using lmtp = await this.#server.connect();
    for (let number = 0; !this.#stopped; number++) {
      const identity = `c${connection}-n${number}`;
      await lmtp.deliver(
        `From: a@example.test\r\nSubject: ${identity}\r\nX-Identity: ${identity}\r\n\r\n${"line of text\r\n".repeat(20)}`,
      );
      this.acknowledged.add(identity);
      await setTimeout(pauseMs);
    }
  }

  /** Resolves when there are more than `count`; rejects when the server refuses. */
  async reach(count: number): Promise<void> {
    while (this.acknowledged.size <= count)
      await Promise.race([this.#running, new Promise((resolve) => setImmediate(resolve))]);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }
}

async function identitiesIn(image: Image): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for await (const { path, entry } of walkImage(image, rootPath)) {
    if (entry.type !== "file" || !/(?:^|\/)(?:cur|new)\//.test(path)) continue;
    const text = Buffer.from(await readAll(image, path)).toString("latin1");
    const identity = /^X-Identity: (\S+)$/m.exec(text.replaceAll("\r", ""))?.[1];
    if (identity !== undefined) found.add(identity);
  }
  return found;
}

async function splitUnderDelivery(
  t: TestContext,
  kind: LoopKind,
  provider: SnapshotProvider,
): Promise<void> {
  using filesystem = loopFilesystem(kind, 400);
  for (const path of [join(filesystem.folder, ".."), filesystem.folder]) chmodSync(path, 0o755);
  const work = join(filesystem.folder, "work");
  mkdirSync(work, { mode: 0o711 });
  await using server = await LmtpDovecot.start(join(filesystem.folder, "dovecot"));
  const delivery = new Delivery(server);
  delivery.start();
  const rejected: string[] = [];
  const source = hotSplitSource({
    provider,
    workFolder: rawPathFromText(work),
    validators: [storeValidator(), dovecotValidator()],
    onRejected: ({ reason }) => void rejected.push(reason),
  });
  try {
    for (let split = 0; split < splits; split++) {
      await delivery.reach(delivery.acknowledged.size + 3);
      const before = new Set(delivery.acknowledged);
      await using image = await source.stableImage({ folder: rawPathFromText(server.store) });
      assert.equal(image.consistency, source.consistency);
      assert.deepEqual(
        image.evidence?.validations.map(({ validator, valid }) => [validator, valid]),
        [
          ["mail reader", true],
          ["doveadm", true],
        ],
      );
      const found = await identitiesIn(image);
      assert.deepEqual(
        [...before].filter((identity) => !found.has(identity)),
        [],
        `split ${split}`,
      );
      const [reader, utility] = image.evidence.validations;
      assert.equal(utility?.messages, reader?.messages);
      assert.ok((reader?.messages ?? 0) >= before.size);
    }
  } finally {
    await delivery.stop();
  }
  assert.deepEqual(readdirSync(work), []);
  t.diagnostic(
    `${kind}: ${splits} splits, ${delivery.acknowledged.size} messages acknowledged, ${rejected.length} images rejected ${rejected.join(" | ")}`,
  );
}

for (const [kind, provider] of [
  ["btrfs", btrfsSnapshots()],
  ["xfs", reflinkCopies()],
] as const) {
  test(
    `${splits} hot splits on ${kind} (${provider.name}) under delivery each hold every acknowledged message, validated by doveadm`,
    { skip: withoutLmtp !== false ? withoutLmtp : loopSkip(kind) },
    (t) => splitUnderDelivery(t, kind, provider),
  );
}

test(
  "doveadm, and not our reader, finds that a mailbox would not be served as it lies there",
  { skip: withoutLmtp },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "restante-split-"));
    try {
      chmodSync(folder, 0o755);
      const [store, work] = [join(folder, "store"), join(folder, "work")];
      mkdirSync(work, { mode: 0o711 });
      for (const part of ["cur", "new", "tmp"]) mkdirSync(join(store, part), { recursive: true });
      const message = "From: a@example.test\n\nhello\n";
      writeFileSync(join(store, "cur", "1700000000.M1P1.mx1:2,S"), message);
      // No name of a mailbox in modified UTF-7: the server leaves it out of what it lists.
      for (const part of ["cur", "new"]) mkdirSync(join(store, ".a&b", part), { recursive: true });
      writeFileSync(join(store, ".a&b", "cur", "1700000001.M1P1.mx1:2,S"), message);
      if (process.geteuid?.() === 0) spawnSync("chown", ["-R", "65534:65534", store]);
      const options = { provider: plainCopies(), workFolder: rawPathFromText(work), repeat: 1 };
      const request = { folder: rawPathFromText(store) };
      const byReader = hotSplitSource({ ...options, validators: [storeValidator()] });
      await using _image = await byReader.stableImage(request);
      const byServer = hotSplitSource({ ...options, validators: [dovecotValidator()] });
      await assert.rejects(byServer.stableImage(request), (error: Error) => {
        assert.equal((error as { code?: string }).code, "source.split-unusable");
        assert.match(error.message, /doveadm: .*Opening mailbox a&b failed/);
        return true;
      });
    } finally {
      spawnSync("chattr", ["-R", "-f", "-i", folder]);
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
