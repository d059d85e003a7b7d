/** The delivery stage is killed while a real MTA delivers to it: the MTA keeps the mail and comes again. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { openJournalReader } from "#journal";
import { LmtpDovecot, withoutLmtp } from "./support/lmtp-dovecot.ts";
import { LmtpGate } from "./support/lmtp-gate.ts";
import { startStageChild } from "./support/lmtp-kill.ts";
import { childJournalKey } from "./support/lmtp-stage-child.ts";
import type { Attempt } from "./support/mta.ts";
import { eximOverTcp, postfixOverTcp } from "./support/mta-site.ts";
import { temporaryFolder } from "./support/restic.ts";

const temporary = temporaryFolder();
chmodSync(temporary.path, 0o755);
after(() => temporary[Symbol.dispose]());

const ways = [postfixOverTcp, eximOverTcp];
const skip = [withoutLmtp, ...ways.map((way) => way.skip)].find((why) => why !== false) ?? false;

test(
  "a stage that is killed in mid-delivery costs no message, and doubles only what the server had taken",
  { skip, timeout: 120_000 },
  async () => {
    const folderOf = (name: string): string => {
      const folder = join(temporary.path, name);
      mkdirSync(folder);
      return folder;
    };
    await using dovecot = await LmtpDovecot.start(folderOf("dovecot"));
    const server = join(temporary.path, "gate");
    await using gate = await LmtpGate.start(server, dovecot.socket);
    const listen = `127.0.0.1:${await freePort()}`;
    const request = { listen, server, journal: join(temporary.path, "journal") };
    let stage = await startStageChild(request);
    try {
      await using postfix = await postfixOverTcp.start(folderOf("postfix"), listen);
      await using exim = await eximOverTcp.start(folderOf("exim"), listen);
      const [sender, recipients] = ["md@example.test", ["md@example.test"]];
      const copies: number[] = [];
      for (const held of ["message", "answer"] as const) {
        const areThere = gate.hold(held, 2);
        const sending = Object.entries({ postfix, exim }).map(async ([name, mta]) => {
          const subject = `Subject: ${held} of ${name}\n`;
          const message = Buffer.from(`${subject}\n${`${"x".repeat(99)}\n`.repeat(10_000)}`);
          const ends = async (of: Promise<readonly Attempt[]>): Promise<readonly string[]> =>
            (await of).map((attempt) => attempt.end);
          const copiesNow = (): number => {
            const found = dovecot.messagesOf("md").filter((text) => text.includes(`\n${subject}`));
            for (const text of found) assert.ok(text.length > message.length);
            return found.length;
          };
          assert.deepEqual(await ends(mta.send({ sender, recipients, message })), ["deferred"]);
          assert.deepEqual(await mta.waiting(), recipients);
          return async (): Promise<number> => {
            assert.deepEqual(await ends(mta.runQueue()), ["sent"]);
            assert.deepEqual(await mta.waiting(), []);
            return copiesNow();
          };
        });
        await areThere;
        await end(stage, "SIGKILL");
        gate.open();
        const runs = await Promise.all(sending);
        stage = await startStageChild(request);
        for (const run of runs) copies.push(await run());
      }
      // Of the last two the server had taken one each when nobody could be told.
      assert.deepEqual(copies, [1, 1, 2, 2]);
    } finally {
      await end(stage, "SIGTERM");
    }
    assert.deepEqual(await journalled(request.journal), [
      "arrived",
      "250",
      "arrived",
      "250",
      "arrived",
      "arrived",
      "arrived",
      "250",
      "arrived",
      "250",
    ]);
  },
);

async function end(stage: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (stage.exitCode !== null || stage.signalCode !== null) return;
  const ended = once(stage, "exit");
  stage.kill(signal);
  await ended;
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const closed = once(listener, "close");
  listener.close();
  await closed;
  return port;
}

/** `arrived`, and the codes of outcomes, in order. */
async function journalled(folder: string): Promise<readonly string[]> {
  await using journal = await openJournalReader({ folder, secret: { key: childJournalKey } });
  const said: string[] = [];
  for await (const { event } of journal.read({ withoutData: true })) {
    if (event.type === "arrived") said.push("arrived");
    if (event.type === "outcome") said.push(String(event.reply.code));
  }
  return said;
}
