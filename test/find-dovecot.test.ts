/** A running Dovecot as its adapter finds it: by its process and programs, over the Host port of this machine. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { localHost } from "#hosts";
import { findServers, missedBy } from "#servers";
import { Dovecot, withoutDovecot } from "./support/dovecot.ts";

const base = mkdtempSync(join(tmpdir(), "restante-find-"));
chmodSync(base, 0o755);
after(() => rmSync(base, { recursive: true, force: true }));

test(
  "a Dovecot that runs is found with its version, volume, accounts and what belongs to it",
  { skip: withoutDovecot },
  async () => {
    const folder = join(base, "server");
    await using server = await Dovecot.start(folder);
    server.doveadm("mailbox", "create", "-u", "md", "-s", "Archive");
    await using host = localHost();
    const configurationFile = join(folder, "dovecot.conf");
    const { servers } = await findServers(host, { configurationFile });
    const dovecot = servers.find(({ kind }) => kind === "dovecot");
    assert.match(dovecot?.title ?? "", /^Dovecot 2\.3\./);
    assert.equal(dovecot?.isRunning, true);
    assert.match(dovecot.evidence.join(), /runs as process \d+.*read by doveconf/);
    assert.deepEqual(dovecot.layouts, ["maildir"]);
    const home = join(folder, "home");
    assert.deepEqual(
      dovecot.volumes.map(({ place, role, path }) => [place, role, path]),
      [["mail", "mixed", home]],
    );
    const { accounts, origin, isComplete } = await dovecot.accounts();
    assert.deepEqual([origin, isComplete], ["doveadm user", true]);
    assert.deepEqual(accounts, [
      { name: "md", home: join(home, "md"), mail: server.store, layout: "maildir" },
    ]);
    const missed = missedBy(dovecot, await dovecot.alsoProtect(), [home]);
    assert.deepEqual(missed.volumes, []);
    assert.deepEqual(
      missed.items.map(({ kind, path }) => [kind, path]),
      [
        ["users", join(folder, "users")],
        ["configuration", folder],
      ],
    );
  },
);
