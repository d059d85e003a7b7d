/** The delivery stage before a real Dovecot, with real mail. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { memoryJournal } from "#journal";
import { startDeliveryStage, systemStageClock } from "#lmtp";
import { createRandom } from "../src/cli/demo/index.ts";
import { fromWire, LmtpClient, toWire } from "./support/lmtp-client.ts";
import { LmtpDovecot, withoutLmtp } from "./support/lmtp-dovecot.ts";
import { killStageOverAndOver } from "./support/lmtp-kill.ts";
import { realMail, withoutCorpora } from "./support/real-mail.ts";
import { temporaryFolder } from "./support/restic.ts";

const temporary = temporaryFolder();
after(() => temporary[Symbol.dispose]());
/** Unpacked once: every MIME fixture, and mail of lists. */
let unpacked: readonly Buffer[] | undefined;
const someMail = (): readonly Buffer[] => (unpacked ??= realMail(100));
const skip = withoutLmtp === false ? withoutCorpora : withoutLmtp;

function folderOf(name: string): string {
  const folder = join(temporary.path, name);
  mkdirSync(folder, { recursive: true });
  // The server gives root up, and must be able to pass.
  for (const path of [temporary.path, folder]) chmodSync(path, 0o755);
  return folder;
}

/** The lines that a server puts in front: they differ from delivery to delivery. */
function withoutTrace(stored: string): string {
  const trace =
    /^Return-Path: [^\n]*\nDelivered-To: [^\n]*\nReceived: [^\n]*\n(?:\t[^\n]*\n)*/.exec(stored);
  assert.ok(trace !== null, stored.slice(0, 200));
  return stored.slice(trace[0].length);
}

test(
  "what is stored through the stage is what direct delivery stores, but for the trace",
  { skip },
  async () => {
    const mail = someMail().map(toWire);
    const folder = folderOf("direct");
    await using dovecot = await LmtpDovecot.start(folder);
    const socket = join(folder, "run", "lmtp");
    const journal = memoryJournal();
    await using stage = await startDeliveryStage({
      listen: [{ kind: "unix", path: join(folder, "stage") }],
      server: { kind: "unix", path: socket },
      name: "stage.example.org",
      openJournal: async () => journal,
      clock: systemStageClock(() => 0n),
    });
    const stored: (readonly string[])[] = [];
    const seen = new Set<string>();
    for (const place of [socket, join(folder, "stage")]) {
      using client = await LmtpClient.connect(place);
      for (const wire of mail)
        assert.deepEqual(await client.deliver(wire, ["md"]), {
          kind: "answered",
          codes: [250],
          refused: 0,
        });
      const names = readdirSync(join(dovecot.store, "new")).filter((name) => !seen.has(name));
      for (const name of names) seen.add(name);
      stored.push(names.map((name) => readFileSync(join(dovecot.store, "new", name), "latin1")));
    }
    const [direct = [], through = []] = stored.map((texts) => texts.map(withoutTrace).toSorted());
    assert.equal(through.length, mail.length);
    assert.deepEqual(through, direct);
    // The server's copy ends with what the journal has.
    const arrived = journal.records.flatMap(({ event }) =>
      event.type === "arrived" ? [event] : [],
    );
    assert.equal(arrived.length, mail.length);
    for (const [index, { content }] of arrived.entries()) {
      const parts: Uint8Array[] = [];
      for await (const part of journal.content(content)) parts.push(part);
      const text = Buffer.concat(parts).toString("latin1").replaceAll("\r\n", "\n");
      assert.equal(text, fromWire(mail[index] ?? Buffer.alloc(0)));
      assert.ok(stored[1]?.some((copy) => copy.endsWith(text)));
    }
    assert.deepEqual(stage.status.recipients, {
      delivered: mail.length,
      refused: 0,
      unanswered: 0,
    });
  },
);

test(
  "killed over and over under load, the stage loses nothing that it acknowledged, and doubles nothing without need",
  { skip },
  async (t) => {
    const seed = 20_041;
    const random = createRandom(seed);
    const folder = folderOf("killed");
    await using dovecot = await LmtpDovecot.start(folder);
    const report = await killStageOverAndOver({
      request: {
        listen: join(folder, "stage"),
        server: join(folder, "run", "lmtp"),
        journal: join(folder, "journal"),
      },
      store: dovecot.store,
      rounds: 6,
      random: () => random.fraction(),
      mail: someMail().filter(({ length }) => length < 100_000),
      clients: 6,
    });
    t.diagnostic(`seed ${seed}: ${JSON.stringify(report)}`);
    assert.equal(report.kills, 6);
    assert.ok(report.acknowledged > 20);
  },
);
