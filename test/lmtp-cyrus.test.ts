/** The delivery stage before a real Cyrus: two recipients, one unknown, chunks, mail that Cyrus refuses after the dot. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { memoryJournal } from "#journal";
import { startDeliveryStage, systemStageClock } from "#lmtp";
import { Cyrus, withoutCyrus } from "./support/cyrus.ts";
import { CyrusSession } from "./support/cyrus-session.ts";
import { LmtpClient } from "./support/lmtp-client.ts";
import { eximOverTcp, MtaSite, postfixOverTcp } from "./support/mta-site.ts";
import { temporaryFolder } from "./support/restic.ts";

const temporary = temporaryFolder();
after(() => temporary[Symbol.dispose]());

test(
  "what Postfix and Exim deliver through the stage is with Cyrus, and what it refuses is reported",
  { skip: [withoutCyrus, postfixOverTcp.skip, eximOverTcp.skip].find(Boolean) ?? false },
  async () => {
    const folder = join(temporary.path, "cyrus-of-mtas");
    mkdirSync(folder);
    chmodSync(temporary.path, 0o755);
    await using cyrus = await Cyrus.start(folder);
    const person = "cass@example.test";
    const first = await CyrusSession.logIn(cyrus, person);
    await first.command("CREATE INBOX").catch(() => []);
    await first.logOut();
    for (const [name, way] of Object.entries({ postfix: postfixOverTcp, exim: eximOverTcp })) {
      const server = cyrus.lmtpSocket;
      await using site = await MtaSite.start(way, join(temporary.path, name), { server });
      const attempts = await site.mta.send({
        sender: person,
        recipients: [person, "nobody@example.test"],
        message: Buffer.from(`Subject: by ${name}\nFrom: a@example.test\n\n.dot\n`),
      });
      const ends = attempts.map(({ recipient, end }) => `${recipient} ${end}`);
      assert.deepEqual(ends.toSorted(), [`${person} sent`, "nobody@example.test bounced"]);
      // The report on it.
      await site.mta.until((all) => all.filter(({ end }) => end === "sent").length === 2);
    }
    const session = await CyrusSession.logIn(cyrus, person);
    await session.command('EXAMINE "INBOX"');
    const fetched = await session.command("FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])");
    const subjects = fetched.flatMap(({ literals }) => literals.map(String));
    await session.logOut();
    for (const name of ["postfix", "exim"])
      assert.equal(subjects.filter((text) => text.includes(`by ${name}`)).length, 1);
    assert.equal(subjects.filter((text) => /Undelivered|failed/.test(text)).length, 2);
  },
);

test(
  "each recipient is told what Cyrus says, and Cyrus has what the journal has",
  { skip: withoutCyrus },
  async () => {
    const folder = join(temporary.path, "cyrus");
    mkdirSync(folder);
    chmodSync(temporary.path, 0o755);
    await using cyrus = await Cyrus.start(folder);
    const people = ["cass@example.test", "joe@example.test"];
    for (const person of people) {
      const session = await CyrusSession.logIn(cyrus, person);
      await session.command("CREATE INBOX").catch(() => []);
      await session.logOut();
    }
    const journal = memoryJournal();
    const socket = join(temporary.path, "stage");
    await using stage = await startDeliveryStage({
      listen: [{ kind: "unix", path: socket }],
      server: { kind: "unix", path: cyrus.lmtpSocket },
      name: "stage.example.org",
      openJournal: async () => journal,
      clock: systemStageClock(() => 0n),
    });
    using client = await LmtpClient.connect(socket);
    const wire = Buffer.from("Subject: caf\xe9\r\nFrom: a@example.org\r\n\r\n..dot\r\n", "latin1");
    assert.deepEqual(await client.deliver(wire, [...people, "nobody@example.test"]), {
      kind: "answered",
      codes: [250, 250],
      refused: 1,
    });
    // Cyrus takes no NUL and no bare LF, and says so after the dot.
    const wrong = Buffer.from("Subject: x\r\n\r\nnul \0\r\n");
    const refusal = await client.deliver(wrong, ["cass@example.test"]);
    assert.ok(refusal.kind === "answered");
    assert.match(String(refusal.codes[0]), /^5\d\d$/);
    const events = journal.records.map(({ event }) => event);
    const outcomes = events.flatMap((event) =>
      event.type === "outcome" ? [[event.recipient, event.reply.code]] : [],
    );
    assert.deepEqual(outcomes, [
      ["cass@example.test", 250],
      ["joe@example.test", 250],
      ["cass@example.test", refusal.codes[0]],
    ]);
    const session = await CyrusSession.logIn(cyrus, "cass@example.test");
    await session.command('EXAMINE "INBOX"');
    const [fetched] = await session.command("FETCH 1:* (BODY.PEEK[TEXT])");
    const body = fetched?.literals[0] ?? Buffer.alloc(0);
    await session.logOut();
    assert.equal(body.toString("latin1"), ".dot\r\n");
    assert.deepEqual(stage.status.recipients, { delivered: 2, refused: 1, unanswered: 0 });
  },
);
