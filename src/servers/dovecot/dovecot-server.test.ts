import assert from "node:assert/strict";
import { test } from "node:test";
import { HostLook } from "../look/host-look.ts";
import { fixtureHost, type FixtureHost } from "../look/host.fixture.ts";
import { parseProcesses } from "../look/processes.ts";
import { mailServerContract } from "../mail-server.contract.ts";
import type { MailServer } from "../mail-server.ts";
import { missedBy } from "../missed-items.ts";
import { debianDoveconf, virtualUsers23, virtualUsers24 } from "./configurations.fixture.ts";
import { parsePasswdFile, parseUserFields } from "./doveadm-user.ts";
import { findDovecot } from "./dovecot-server.ts";

const running = parseProcesses(
  "  812 root     /usr/sbin/dovecot -F\n  840 dovecot  dovecot/anvil\n",
);

async function dovecot(
  host: FixtureHost,
  processes: typeof running | undefined = [],
): Promise<MailServer> {
  // The validator of a host that is not this machine is our own reader.
  const look = new HostLook(fixtureHost({ kind: "ssh", ...host }));
  const found = await findDovecot(look, { processes });
  return found ?? assert.fail("none was found");
}

mailServerContract("Dovecot 2.3 by its files", {
  server: async () => await dovecot({ files: virtualUsers23 }),
  known: {
    kind: "dovecot",
    mailFolders: ["/var/vmail", "/var/mail/public"],
    accounts: ["ann@example.org", "bob@example.org"],
  },
});

mailServerContract("Dovecot 2.4 by its files", {
  server: async () => await dovecot({ files: virtualUsers24 }),
  known: {
    kind: "dovecot",
    mailFolders: ["/srv/vmail", "/srv/public"],
    accounts: ["Ann@Example.org", "bob@example.org"],
  },
});

const debianFiles = {
  "/etc/dovecot/dovecot.conf": "",
  "/usr/bin/doveconf": "",
  "/usr/bin/doveadm": "",
  "/usr/sbin/dovecot": "",
};
const twoUsers = "field\tvalue\nuid\t1000\nhome\t/home/ann\nuid\t1001\nhome\t/home/bob\n\n";

mailServerContract("Dovecot 2.3 by its programs", {
  server: async () =>
    await dovecot(
      {
        files: debianFiles,
        programs: {
          "/usr/bin/doveconf": debianDoveconf,
          "/usr/bin/doveadm": async ({ parameters }) => ({
            exitCode: 0,
            stdout: Buffer.from(parameters.at(-1) === "*" ? "ann\nbob\n" : twoUsers),
          }),
        },
      },
      running,
    ),
  known: { kind: "dovecot", mailFolders: ["/var/mail", "/home"], accounts: ["ann", "bob"] },
});

test("2.3: roles and places of volumes follow INDEX= and CONTROL=", async () => {
  const server = await dovecot({ files: virtualUsers23 });
  assert.deepEqual(
    server.volumes.map(({ place, role, path }) => `${place} ${role} ${path}`),
    [
      "mail database /var/vmail",
      "index log /var/indexes",
      "control database /var/control",
      "attachments database /var/attachments",
      "mail mixed /var/mail/public",
    ],
  );
  assert.deepEqual(server.layouts, ["maildir", "mdbox"]);
  assert.match(server.evidence.join(), /read by our own parser from 6 files/);
  assert.equal(server.isRunning, false);
});

test("2.3: each user's own place is known, the passwords are not kept", async () => {
  const server = await dovecot({ files: virtualUsers23 });
  const { accounts, origin, isComplete } = await server.accounts();
  assert.equal(origin, "passwd-file /etc/dovecot/users");
  assert.equal(isComplete, true);
  assert.deepEqual(accounts, [
    {
      name: "ann@example.org",
      home: "/var/vmail/example.org/ann",
      mail: "/var/vmail/example.org/ann/Maildir",
      layout: "maildir",
    },
    {
      name: "bob@example.org",
      home: "/var/vmail/example.org/bob",
      mail: "/var/vmail/example.org/bob/mdbox",
      layout: "mdbox",
    },
  ]);
  assert.ok(
    !JSON.stringify(parsePasswdFile(virtualUsers23["/etc/dovecot/users"] ?? "")).includes("$2y$"),
  );
});

test("what a capture of the mail alone would miss is named: lists of UIDs, sieve, ACLs, keys, configuration", async () => {
  const server = await dovecot({
    files: {
      ...virtualUsers23,
      "/var/control/example.org/ann/subscriptions": "",
      "/var/indexes/example.org/ann/dovecot.index.log": "",
      "/var/vmail/example.org/ann/sieve/main.sieve": "",
      "/var/lib/dovecot/sieve/before.d/spam.sieve": "",
      "/etc/dovecot/global-acls": "",
    },
  });
  const missed = missedBy(server, await server.alsoProtect(), ["/var/vmail"]);
  assert.deepEqual(
    missed.volumes.map(({ path }) => path),
    ["/var/indexes", "/var/control", "/var/attachments", "/var/mail/public"],
  );
  assert.deepEqual(
    [...new Set(missed.items.map(({ kind, path }) => `${kind} ${path}`))].toSorted(),
    [
      "acl /etc/dovecot/global-acls",
      "acl /var/control",
      "configuration /etc/dovecot",
      "index logs /var/indexes",
      "keywords /var/control",
      "sieve /var/lib/dovecot/sieve/before.d",
      "subscriptions /var/control",
      "uidlist /var/control",
      "users /etc/dovecot/users",
    ],
  );
  const all = ["/var", "/etc/dovecot"];
  assert.deepEqual(missedBy(server, await server.alsoProtect(), all), { volumes: [], items: [] });
});

test("2.4: homes, plugins, scripts and attributes are found in its syntax", async () => {
  const server = await dovecot({
    files: {
      ...virtualUsers24,
      "/srv/vmail/example.org/ann/dovecot-attributes": "",
      "/srv/vmail/example.org/bob/sieve/x.sieve": "",
      "/etc/dovecot/sieve-before": "",
    },
  });
  assert.deepEqual(
    (await server.accounts()).accounts.map(({ home, mail }) => [home, mail]),
    [
      ["/srv/vmail/example.org/ann", "/srv/vmail/example.org/ann/mail"],
      ["/srv/vmail/example.org/bob", "/srv/vmail/example.org/bob/mail"],
    ],
  );
  const there = (await server.alsoProtect()).filter(({ isThere }) => isThere === true);
  const kinds = new Set(there.map(({ kind }) => kind));
  assert.ok(
    kinds.has("attributes") && kinds.has("sieve") && kinds.has("configuration"),
    [...kinds].join(),
  );
  assert.deepEqual(
    server.changes.map(({ name, isOn }) => [name, isOn]),
    [
      ["mail_log plugin", true],
      ["IMAP NOTIFY", true],
    ],
  );
});

test("a server that fails to list its users has an incomplete list, never an empty one", async () => {
  const server = await dovecot(
    {
      files: { ...virtualUsers23, "/usr/bin/doveadm": "" },
      programs: {
        "/usr/bin/doveadm": async () => ({
          exitCode: 75,
          stderr: Buffer.from("Error: connect(auth-userdb) failed: Permission denied\n"),
        }),
      },
    },
    running,
  );
  const { accounts, origin, problems, isComplete } = await server.accounts();
  assert.equal(accounts.length, 2);
  assert.match(origin, /passwd-file/);
  assert.match(problems.join(), /lists nobody: it exited with 75.*Permission denied/);
  assert.equal(isComplete, false);
});

test("a server whose user database lists nobody says so", async () => {
  const server = await dovecot(
    {
      files: {
        "/etc/dovecot/dovecot.conf":
          "mail_location = maildir:/var/vmail/%d/%n\nuserdb {\n driver = sql\n args = /etc/dovecot/dovecot-sql.conf.ext\n}\n",
        "/usr/bin/doveadm": "",
      },
      programs: { "/usr/bin/doveadm": "" },
    },
    running,
  );
  const { accounts, isComplete, problems } = await server.accounts();
  assert.deepEqual(accounts, []);
  assert.equal(isComplete, false);
  assert.match(problems.join(), /may not know how to list/);
});

test("a configuration that may not be read is unseen, and no server without settings", async () => {
  const failure = new Error("EACCES: permission denied, open");
  const look = new HostLook(
    fixtureHost({ files: { "/etc/dovecot/dovecot.conf": { bytes: "x", failure } } }),
  );
  assert.equal(await findDovecot(look, { processes: [] }), undefined);
  assert.match(JSON.stringify(look.unseen), /dovecot\.conf.*EACCES/);
});

test("a running server that was started with -c is found by its own configuration", async () => {
  const look = new HostLook(
    fixtureHost({
      kind: "ssh",
      files: {
        "/opt/mail/d.conf": "mail_location = sdbox:/data/%u\nuserdb {\n driver = static\n}\n",
      },
    }),
  );
  const processes = parseProcesses("7 root /usr/sbin/dovecot -F -c /opt/mail/d.conf\n");
  const server = await findDovecot(look, { processes });
  assert.equal(server?.volumes[0]?.path, "/data");
  assert.match(server.evidence.join(), /runs as process 7 of root.*\/opt\/mail\/d\.conf/);
});

test("of several that run the named one is looked at, and the others are said not to be", async () => {
  const look = new HostLook(
    fixtureHost({
      kind: "ssh",
      files: { "/etc/dovecot/dovecot.conf": "mail_location = sdbox:/data/%u\n" },
    }),
  );
  const processes = parseProcesses(
    "7 root /usr/sbin/dovecot -c /opt/d.conf\n9 root /usr/sbin/dovecot -F\n",
  );
  const configurationFile = "/etc/dovecot/dovecot.conf";
  const server = await findDovecot(look, { processes, configurationFile });
  assert.match(server?.evidence[0] ?? "", /process 9 of root/);
  assert.match(JSON.stringify(look.unseen), /1 more Dovecot of process 7/);
});

test("fields of users are told apart by the first field; a missing answer is none", () => {
  const found = parseUserFields(twoUsers, ["ann", "bob"]);
  assert.deepEqual(
    found?.map(({ name, home }) => [name, home]),
    [
      ["ann", "/home/ann"],
      ["bob", "/home/bob"],
    ],
  );
  assert.equal(parseUserFields(twoUsers, ["ann", "bob", "cat"]), undefined);
});
