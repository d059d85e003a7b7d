/** Killed at any moment, capture goes on from what is durable: the journal replays to the store again. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { openJournal } from "#journal";
import { captureContinuously } from "#sources";
import { churn, makeChurnStore, seededRandom } from "../../image/maildir-churn.fixture.ts";
import { journalKey } from "./killed-capture.fixture.ts";
import { replayed, storeNow } from "./replayed.fixture.ts";

const program = join(import.meta.dirname, "killed-capture.fixture.ts");

test("a capture that was killed three times has every change, and no message twice", async () => {
  const top = mkdtempSync(join(tmpdir(), "restante-killed-"));
  const [store, folder, stateFolder] = ["mail", "journal", "state"].map((name) =>
    join(top, name),
  ) as [string, string, string];
  mkdirSync(store);
  makeChurnStore(store, 50);
  const seed = Number(process.env["RESTANTE_TEST_SEED"] ?? 1);
  const random = seededRandom(seed);
  const changes = churn(store, random);
  try {
    for (let kill = 0; kill < 3; kill++) {
      const child = spawn(process.execPath, [program, store, folder, stateFolder], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(child.stdout, "data");
      const steps = 20 + random() * 300;
      for (let step = 0; step < steps; step++) {
        changes.next();
        appendFileSync(join(store, "dovecot-uidlist"), `${kill} ${step}\n`);
        if (step % 10 === 0) await setImmediate();
      }
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    await using journal = await openJournal({
      folder,
      group: "mail",
      secret: { key: journalKey },
      clock: () => BigInt(Date.now()) * 1_000_000n,
    });
    const settings = { group: "mail", folder: store as never, journal, stateFolder };
    await using capture = await captureContinuously(settings);
    await capture.ready;
    await capture.settle();
    const records = await Array.fromAsync(journal.read());
    assert.deepEqual(replayed(records), storeNow(store), `seed ${seed}`);
    const events = records.map(({ event }) => event);
    const gaps = events.filter((event) => event.type === "gap");
    const whys = gaps.map(({ why }) => why);
    assert.ok(
      whys.every((why) => why === "not-running"),
      whys.join(" "),
    );
    // One that was killed before it had compared the store once had followed nothing: there is no gap in that.
    const marks = events.flatMap((event) => (event.type === "mark" ? [event.name] : []));
    const followedFrom = marks.indexOf("reconciled");
    const wasFollowed = followedFrom >= 0 && marks.lastIndexOf("start") > followedFrom;
    assert.ok(!wasFollowed || gaps.length > 0, `seed ${seed}: ${marks.join(" ")}`);
    // Messages that got flags and moved all the time are known by their inodes. Bytes of a round that
    // was killed are stored again; an event that is durable is observed.
    const data = new Map(
      records.flatMap(({ sequence, event }) =>
        event.type === "data" ? [[sequence, Buffer.from(event.bytes).toString()] as const] : [],
      ),
    );
    const stored = events
      .flatMap((event) =>
        event.type === "put" ? [data.get(event.content[0]?.data ?? 0) ?? ""] : [],
      )
      .filter((text) => text.startsWith("keep-"));
    assert.equal(stored.length, new Set(stored).size);
    assert.equal(stored.length, 50);
    assert.equal(journal.problems.filter(({ code }) => code === "damaged").length, 0);
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
});
