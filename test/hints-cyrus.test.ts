/** Nothing watches; what a real Cyrus writes into a channel of its own is enough to have it in the journal. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { RawPath } from "#image";
import { type JournalEvent, memoryJournal } from "#journal";
import { captureContinuously } from "#sources";
import { Cyrus, withoutCyrus } from "./support/cyrus.ts";
import { CyrusSession, deliverByLmtp } from "./support/cyrus-session.ts";

const lines = ["sync_log: 1", "sync_log_channels: restante"];

test(
  "what Cyrus writes into a channel is looked at, with no watch and no scan",
  { skip: withoutCyrus, timeout: 60_000 },
  async (t) => {
    const folder = realpathSync(mkdtempSync("/tmp/restante-channel-"));
    chmodSync(folder, 0o755);
    try {
      await using server = await Cyrus.start(join(folder, "server"), { lines });
      const channel = join(server.store, "config", "sync", "restante");
      const journal = memoryJournal();
      await using capture = await captureContinuously({
        group: "mail",
        folder: server.store as RawPath,
        journal,
        stateFolder: join(folder, "state"),
        hints: "server-log",
        hintSources: { cyrusChannel: channel },
        reconcileEveryMs: 3_600_000,
      });
      await capture.ready;
      const recorded = async (
        what: string,
        is: (event: JournalEvent) => boolean,
      ): Promise<void> => {
        const has = (): boolean => journal.records.some(({ event }) => is(event));
        while (!has() && !t.signal.aborted) await capture.settle();
        assert.ok(has(), what);
      };
      const isPut = (shape: RegExp) => (event: JournalEvent) =>
        event.type === "put" && shape.test(event.path);
      const session = await CyrusSession.logIn(server, "cass@example.test");
      await session.command("CREATE INBOX");
      await recorded("a new mailbox", isPut(/^spool\/uuid\/.\/.\/[^/]+\/cyrus\.header$/));
      await deliverByLmtp(
        server,
        ["cass@example.test"],
        [Buffer.from("Subject: 1\r\n\r\ntext\r\n")],
      );
      await recorded("a delivery", isPut(/^spool\/uuid\/.\/.\/[^/]+\/1\.$/));
      const flagged = journal.records.length;
      await session.command("SELECT INBOX");
      await session.command("STORE 1 +FLAGS (\\Flagged)");
      await recorded("a flag", (event) => {
        const isLater = journal.records.slice(flagged).some((record) => record.event === event);
        return isLater && event.type === "write" && event.path.endsWith("/cyrus.index");
      });
      await session.command("SUBSCRIBE INBOX");
      await recorded("a subscription", isPut(/^config\/user\/.*sub\.db$/));
      await session.logOut();
      assert.equal(capture.status.gaps, 0);
      assert.deepEqual(readdirSync(channel), ["log"]);
      assert.doesNotMatch(capture.status.hints.why, /cannot/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
