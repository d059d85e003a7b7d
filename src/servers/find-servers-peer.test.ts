/* Servers of another host, over the protocol that SSH carries. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { peerPair } from "../hosts/peer-pair.fixture.ts";
import { findServers } from "./find-servers.ts";
import { HostLook } from "./look/host-look.ts";
import { runServerCommand } from "./server-command.ts";

const base = mkdtempSync(join(tmpdir(), "restante-peer-"));
after(() => rmSync(base, { recursive: true }));

test("a configuration on another host is read, with what it includes, and what is not there is told", async () => {
  writeFileSync(
    join(base, "imapd.conf"),
    `partition-default: ${base}/spool\n@include: more.conf\n`,
  );
  await using pair = peerPair();
  const { servers, unseen } = await findServers(pair.host, {
    configurationFile: join(base, "imapd.conf"),
  });
  const cyrus = servers.find(({ kind }) => kind === "cyrus");
  assert.equal(cyrus?.volumes[0]?.path, `${base}/spool`);
  assert.match(JSON.stringify(unseen), /more\.conf/);
  const look = new HostLook(pair.host);
  assert.equal(await look.text(join(base, "absent")), undefined);
  assert.equal(await look.isThere(join(base, "imapd.conf")), true);
  assert.deepEqual(look.unseen, []);
});

test("a command of another host may leave something running, and says why it failed", async () => {
  await using pair = peerPair();
  const run = async (script: string): Promise<void> =>
    await runServerCommand("stop", {
      host: pair.host,
      title: "mx1",
      commands: { stop: { words: ["/bin/sh", "-c", script], timeoutMs: 60_000 } },
    });
  const pid = join(base, "pid");
  await run(`sleep 60 & echo $! > '${pid}'; echo done`);
  process.kill(Number(readFileSync(pid, "utf8")));
  await assert.rejects(run("echo first; echo 'no such unit' >&2; exit 5"), {
    code: "server.command-failed",
    message: 'Cannot stop mx1 with "/bin/sh": it exited with 5 and said "first / no such unit"',
  });
});
