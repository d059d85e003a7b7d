import assert from "node:assert/strict";
import { test } from "node:test";
import { findServers } from "./find-servers.ts";
import { genericServer } from "./generic/generic-server.ts";
import { fixtureHost, type FixtureHost } from "./look/host.fixture.ts";
import { mailServerContract } from "./mail-server.contract.ts";
import type { MailServer } from "./mail-server.ts";
import { eximDeliveries } from "./mbox/mail-transfer.ts";
import { memoryServer } from "./memory-server.ts";
import { missedBy } from "./missed-items.ts";
import { parseCyrusSettings, ownersInDump } from "./cyrus/cyrus-settings.ts";
import { parseEnumerated, parseUserdb } from "./courier/courier-server.ts";

const message = "From: a@example.test\n\nhello\n";

async function only(host: FixtureHost): Promise<MailServer> {
  const { servers } = await findServers(fixtureHost({ kind: "ssh", ...host }));
  assert.equal(servers.length, 1, servers.map(({ title }) => title).join());
  return servers[0] as MailServer;
}

const userdb =
  "ann\tuid=1000|gid=1000|home=/home/ann|shell=/bin/sh|systempw=secret\nvirtual/example.org\tuid=5000|gid=5000|home=/home/v|mail=mail/v/\n";
const courier: FixtureHost = {
  files: {
    "/etc/courier/imapd": 'IMAP_KEYWORDS=1\nMAILDIRPATH=Maildir\nSENDMAIL="/usr/sbin/sendmail"\n',
    "/etc/courier/userdb": userdb,
  },
  programs: { ps: "  9 root /usr/lib/courier/authlib/authdaemond -l\n" },
};
mailServerContract("Courier", {
  server: () => only(courier),
  known: { kind: "courier", mailFolders: ["/home"], accounts: ["ann", "virtual@example.org"] },
});

const cyrus: FixtureHost = {
  files: {
    "/etc/imapd.conf":
      "configdirectory: /var/lib/cyrus\npartition-default: /var/spool/cyrus/mail\npartition-big: /srv/big/\nmetapartition-big: /ssd/meta\nsievedir: /var/spool/sieve\nunixhierarchysep: no\nvirtdomains: userid\n@include: /etc/imapd-more.conf\n",
    "/etc/imapd-more.conf": "sync_log: 1\nsync_log_channels: restante\n",
    "/etc/cyrus.conf": "START {\n}\n",
    "/var/lib/cyrus/mailboxes.db": "",
    "/usr/lib/cyrus/bin/ctl_mboxlist": "",
  },
  programs: {
    ps: "  5 cyrus /usr/lib/cyrus/bin/master -M /etc/cyrus.conf\n",
    "/usr/lib/cyrus/bin/ctl_mboxlist":
      '{\n"user.ann":{"mbtype":"e"},\n"user.ann.Sent":{},\n"example.org!user.bob^b":{},\n"DELETED.user.x.1":{}\n}',
  },
};
mailServerContract("Cyrus", {
  server: () => only(cyrus),
  known: {
    kind: "cyrus",
    mailFolders: ["/var/spool/cyrus/mail", "/srv/big"],
    accounts: ["ann", "bob.b@example.org"],
  },
});

const postfix: FixtureHost = {
  files: {
    "/etc/postfix/main.cf":
      "myhostname = mx1.example.org\nmail_spool_directory = /var/spool/mail\n",
    "/var/spool/mail/x/cur/1:2,S": message,
    "/var/spool/mail/x/new/2": message,
  },
  programs: { ps: "  5 root /usr/lib/postfix/sbin/master -w\n" },
};
mailServerContract("the spool of Postfix", {
  server: () => only(postfix),
  known: { kind: "mbox", mailFolders: ["/var/spool/mail"] },
});

mailServerContract("Maildirs of Exim on Debian", {
  server: () =>
    only({
      files: {
        "/etc/exim4/update-exim4.conf.conf":
          "dc_eximconfig_configtype='local'\ndc_localdelivery='maildir_home'\n",
        "/home/ann/Maildir/cur/1:2,S": message,
      },
      programs: { ps: "  5 Debian-exim /usr/sbin/exim4 -bd\n" },
    }),
  known: { kind: "maildir", mailFolders: ["/home"] },
});

mailServerContract("folders of mail without a server", {
  server: () =>
    only({
      files: {
        "/srv/mail/ann/cur/1:2,S": message,
        "/srv/mail/ann/new/2": message,
      },
      programs: { ps: "" },
    }),
  known: { kind: "maildir", mailFolders: ["/srv/mail"], accounts: ["/srv/mail/ann"] },
});

mailServerContract("a generic server", {
  server: async () =>
    genericServer({
      host: fixtureHost({ files: { "/data/db/ann/cur/1:2,S": message, "/data/log/x": "" } }),
      title: "mx9",
      volumes: [
        { path: "/data/db", role: "database" },
        { path: "/data/log", role: "log" },
      ],
      commands: {
        quiesce: { words: ["freeze"], timeoutMs: 1000 },
        resume: { words: ["thaw"], timeoutMs: 1000 },
      },
    }),
  known: { kind: "generic", mailFolders: ["/data/db"] },
});

mailServerContract("a server in memory", {
  server: async () =>
    memoryServer({
      volumes: [{ place: "mail", role: "mixed", path: "/mail", written: "/mail" }],
      accounts: [{ name: "ann" }],
    }),
  known: { kind: "generic", mailFolders: ["/mail"], accounts: ["ann"] },
});

test("servers that run come before those that are only installed", async () => {
  const { servers } = await findServers(
    fixtureHost({
      files: { ...courier.files, ...cyrus.files },
      programs: { ...cyrus.programs },
    }),
  );
  assert.deepEqual(
    servers.map(({ kind, isRunning }) => [kind, isRunning]),
    [
      ["cyrus", true],
      ["courier", false],
    ],
  );
});

test("without a list of processes nobody says that a server does not run", async () => {
  const { servers, unseen } = await findServers(fixtureHost({ files: courier.files ?? {} }));
  assert.equal(servers[0]?.isRunning, undefined);
  assert.match(JSON.stringify(unseen), /whether a server runs is not known/);
});

test("a host without any mail has no server", async () => {
  const { servers, transfer } = await findServers(fixtureHost({ programs: { ps: "" } }));
  assert.deepEqual(servers, []);
  assert.equal(transfer, undefined);
});

test("Postfix that gives mail to another program has no spool of its own", async () => {
  const { servers, transfer } = await findServers(
    fixtureHost({
      files: { "/etc/postfix/main.cf": "mailbox_transport = lmtp:unix:private/dovecot-lmtp\n" },
      programs: { ps: "" },
    }),
  );
  assert.deepEqual(servers, []);
  assert.equal(transfer?.handsTo, "lmtp:unix:private/dovecot-lmtp");
});

test("Postfix: where each kind of mailbox lies, by postconf where it is there", async () => {
  const of = async (text: string, more: FixtureHost = {}) =>
    (
      await findServers(
        fixtureHost({
          files: { "/etc/postfix/main.cf": text, ...more.files },
          programs: { ps: "", ...more.programs },
        }),
      )
    ).transfer?.deliveries.map(({ layout, written }) => `${layout} ${written}`);
  assert.deepEqual(await of(""), ["mbox /var/mail"]);
  assert.deepEqual(await of("home_mailbox = Maildir/\n"), ["maildir ~/Maildir"]);
  assert.deepEqual(await of("home_mailbox = Mailbox\n"), ["mbox ~/Mailbox"]);
  const virtual =
    "virtual_mailbox_base = /var/vmail\nvirtual_mailbox_maps = hash:/etc/postfix/vmailbox\n";
  assert.deepEqual(
    await of(virtual, {
      files: { "/etc/postfix/vmailbox": "# x\na@example.org example.org/a/\n" },
    }),
    ["mbox /var/mail", "maildir /var/vmail"],
  );
  assert.deepEqual(
    await of("", {
      files: { "/usr/sbin/postconf": "" },
      programs: {
        "/usr/sbin/postconf": "mail_spool_directory = /var/spool/mail/\nhome_mailbox =\n",
      },
    }),
    ["maildir /var/spool/mail"],
  );
});

test("Exim: transports that append to files or Maildirs are found, those by address are not", () => {
  const text =
    "begin transports\n\nlocal_delivery:\n  driver = appendfile\n  file = /var/mail/$local_part_data\n\nhome:\n  driver = appendfile\n  directory = $home/Maildir\n  maildir_format\n\naddress_file:\n  driver = appendfile\n  file = $address_file\n\nremote_smtp:\n  driver = smtp\n";
  assert.deepEqual(eximDeliveries(text), [
    { layout: "mbox", written: "/var/mail" },
    { layout: "maildir", written: "~/Maildir" },
  ]);
});

test("Cyrus: volumes have their roles, and what a capture of one partition misses is named", async () => {
  const server = await only(cyrus);
  assert.deepEqual(
    server.volumes.map(({ place, role, path }) => `${place} ${role} ${path}`),
    [
      "mail database /var/spool/cyrus/mail",
      "mail database /srv/big",
      "index database /ssd/meta",
      "control mixed /var/lib/cyrus",
    ],
  );
  const { isOn, log, lacks } = server.changes[0] ?? {};
  assert.deepEqual([isOn, log, lacks], [true, "/var/lib/cyrus/sync/restante", undefined]);
  const missed = missedBy(server, await server.alsoProtect(), ["/var/spool/cyrus/mail"]);
  assert.deepEqual(
    missed.items.map(({ kind, path }) => `${kind} ${path}`),
    [
      "mailbox database /var/lib/cyrus/mailboxes.db",
      "configuration /etc/imapd.conf",
      "configuration /etc/cyrus.conf",
    ],
  );
});

test("Cyrus: settings have its defaults, and names of old dumps are read too", () => {
  const settings = parseCyrusSettings("partition-default: /p/\nsieveusehomedir: yes\n");
  assert.equal(settings.hierarchySeparator, "/");
  assert.equal(settings.hasDomains, false);
  assert.equal(settings.sieveFolder, undefined);
  assert.equal(settings.configurationFolder, "/var/lib/cyrus");
  assert.equal(parseCyrusSettings("unixhierarchysep: off\n").hierarchySeparator, ".");
  assert.deepEqual(
    ownersInDump("user.ann\t0 default ann lrs\nuser.ann.Sent\t0 default\nshared\t0 default\n"),
    ["ann"],
  );
  assert.deepEqual(ownersInDump("{ broken"), []);
});

test("Courier: lists of users are read without their passwords", () => {
  const users = parseUserdb(userdb, "Maildir");
  assert.ok(!JSON.stringify(users).includes("secret"));
  assert.deepEqual(
    users.map(({ name, mail }) => [name, mail]),
    [
      ["ann", "/home/ann/Maildir"],
      ["virtual@example.org", "/home/v/mail/v"],
    ],
  );
  assert.deepEqual(parseEnumerated("ann\t1000\t1000\t/home/ann\t\t\n.\n", "Maildir"), [
    { name: "ann", home: "/home/ann", mail: "/home/ann/Maildir", layout: "maildir" },
  ]);
});

test("whose mail lies in a folder is asked for by its path", async () => {
  const { servers } = await findServers(
    fixtureHost({
      files: {
        "/srv/mail/example.org/ann/cur/1": message,
        "/srv/mail/example.org/ann/new/2": message,
      },
      programs: { ps: "" },
    }),
    { nameOfPlace: (path) => `${path.split("/").at(-1)}@example.org` },
  );
  assert.deepEqual((await servers[0]?.accounts())?.accounts[0]?.name, "ann@example.org");
});
