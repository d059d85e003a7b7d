/** Messages put back by the server's own program, without a login: `restore --to doveadm`, and undone. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { doveadmServer, openImapAccount } from "#recovery";
import { runForTest, type TestRun } from "../src/cli/surroundings.fixture.ts";
import { DovecotImap, type ImapUser, withoutImap } from "./support/dovecot-imap.ts";
import { password, Site } from "./support/recovery-site.ts";

const user: ImapUser = { name: "mia", layout: "mdbox" };
const total = 20;

describe("messages are put back by doveadm", { skip: withoutImap }, () => {
  let server: DovecotImap;
  let site: Site;
  before(async () => {
    server = await DovecotImap.start({ users: [user] });
    site = new Site();
    await site.init();
  });
  after(async () => {
    site?.[Symbol.dispose]();
    await server?.[Symbol.asyncDispose]();
  });

  const seen = (): readonly string[] =>
    server
      .doveadm(
        "-f",
        "tab",
        "fetch",
        "-u",
        user.name,
        "mailbox uid flags date.received hdr.subject",
        "all",
      )
      .split("\n")
      .slice(1)
      // No flag of the message: whether a session has seen it.
      .map((line) => line.replace(/ ?\\Recent ?/, (found) => (/^ .* $/.test(found) ? " " : "")))
      .sort();

  async function restante(verb: string, ...argv: readonly string[]): Promise<TestRun> {
    const copy = verb === "undo" ? [] : ["--copy", site.repository, "--no-config"];
    return await runForTest([verb, ...argv, ...copy], {
      environment: {
        RESTANTE_PASSWORD: password,
        XDG_CACHE_HOME: site.cache,
        XDG_STATE_HOME: join(site.folder, "state"),
      },
      workingFolder: site.folder,
    });
  }

  test("what is missing comes back with flags and dates, is not put back twice, and goes again", async () => {
    const configurationFile = join(server.folder, "dovecot.conf");
    {
      await using account = await openImapAccount({
        server: doveadmServer({ configurationFile }),
        user: user.name,
        password: "",
      });
      for (let index = 0; index < total; index++)
        await account.append("INBOX", {
          bytes: Buffer.from(`Subject: number ${index}\r\n\r\ntext ${index}\r\n`),
          flags: index % 2 === 0 ? ["\\Seen"] : [],
          keywords: index % 3 === 0 ? ["Wichtig"] : [],
          internalDateSeconds: 1_500_000_000 + index * 3607,
        });
    }
    const store = join(realpathSync(site.folder), "srv", user.name, "mdbox");
    mkdirSync(join(store, ".."), { recursive: true });
    cpSync(server.store(user), store, { recursive: true, preserveTimestamps: true });
    assert.equal((await restante("capture", store)).exitCode, 0);
    const filled = seen();
    server.doveadm("expunge", "-u", user.name, "mailbox", "INBOX", "uid", "3:7");
    const damaged = seen();

    const restore = [store, "--to", `doveadm:${configurationFile}`, "--yes", "--json"];
    const done = await restante("restore", ...restore);
    assert.equal(done.exitCode, 0, done.messages + done.output);
    assert.equal((summaryOf(done)["counts"] as Record<string, number>)["created"], 5);
    assert.equal(done.questions.length, 0);
    const restored = seen();
    assert.deepEqual(restored.map(withoutUid).sort(), filled.map(withoutUid).sort());
    const again = await restante("restore", ...restore);
    assert.equal((summaryOf(again)["counts"] as Record<string, number>)["created"], 0);
    assert.deepEqual(seen(), restored);

    const [job] = summaryOf(done)["jobs"] as readonly string[];
    const undone = await restante("undo", job ?? "", "--yes");
    assert.equal(undone.exitCode, 0, undone.messages + undone.output);
    assert.deepEqual(seen(), damaged);

    const nobody = await restante("restore", ...restore, "--imap-user", "nobody-of-that-name");
    assert.equal(nobody.exitCode, 1);
    assert.match(nobody.output, /living\.unreachable.*doveadm/);
    const stray = await restante("restore", ...restore, "--imap-master", "admin");
    assert.match(stray.output, /nobody logs in with doveadm/);
  });
});

function withoutUid(line: string): string {
  return line.replace(/\t\d+\t/, "\t");
}

function summaryOf({ output }: TestRun): Record<string, unknown> {
  return JSON.parse(output.trim().split("\n").at(-1) ?? "{}") as Record<string, unknown>;
}
