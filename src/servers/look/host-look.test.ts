import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { localHost } from "#hosts";
import { fixtureHost } from "./host.fixture.ts";
import { HostLook } from "./host-look.ts";
import { listProcesses, optionOf, parseProcesses } from "./processes.ts";
import { serviceCommands } from "./service-commands.ts";
import { parseColonSettings, parsePostfixSettings, parseShellSettings } from "./setting-lines.ts";

const base = mkdtempSync(join(tmpdir(), "restante-look-"));
after(() => rmSync(base, { recursive: true }));

test("what is not there, what may not be read and what is too large are told apart", async () => {
  const failure = new Error("EACCES: permission denied, open");
  const look = new HostLook(
    fixtureHost({ files: { "/etc/a": "text", "/etc/b": { bytes: "x", failure } } }),
  );
  assert.equal(await look.text("/etc/a"), "text");
  assert.equal(await look.text("/etc/absent"), undefined);
  assert.equal(await look.text("/absent/a"), undefined);
  assert.deepEqual(look.unseen, []);
  assert.equal(await look.text("/etc/b"), undefined);
  assert.equal(await look.text("/etc/a", 2), undefined);
  assert.deepEqual(
    look.unseen.map(({ what }) => what),
    ["/etc/b", "/etc/a"],
  );
  assert.equal(await look.isThere("/etc"), true);
  assert.equal(await look.isThere("/etc/a"), true);
  assert.equal(await look.isThere("/etc/c"), false);
});

test("a file behind links is read on a real host, a loop of links is none", async () => {
  writeFileSync(join(base, "file"), "x\xff", "latin1");
  symlinkSync("file", join(base, "one"));
  symlinkSync(join(base, "one"), join(base, "two"));
  symlinkSync("loop", join(base, "loop"));
  await using host = localHost();
  const look = new HostLook(host);
  assert.equal(await look.text(join(base, "two")), "x\xff");
  assert.equal(await look.text(join(base, "loop")), undefined);
  assert.equal(await look.isThere(join(base, "file")), true);
  assert.deepEqual(
    (await look.list(base))?.map(({ name }) => name as string),
    ["file", "loop", "one", "two"],
  );
});

test("a program that is not there is no answer, one that hangs is unseen", async () => {
  const look = new HostLook(
    fixtureHost({
      programs: {
        hang: async ({ signal }) =>
          await new Promise((resolve) =>
            signal.addEventListener("abort", () => resolve({ signal: "SIGTERM" })),
          ),
        fail: async () => ({ exitCode: 3, stderr: Buffer.from("no\x1b[2J such\nthing") }),
      },
    }),
    { timeoutMs: 20 },
  );
  assert.equal(await look.run(["absent"]), undefined);
  assert.equal(look.unseen.length, 0);
  assert.equal(await look.run(["hang"]), undefined);
  assert.match(look.unseen[0]?.why ?? "", /not done after 0\.02 s/);
  const failed = await look.run(["fail"]);
  assert.deepEqual(
    [failed?.ok, failed?.state, failed?.complaint],
    [false, "it exited with 3", "no\\x1b[2J such"],
  );
});

test("processes are listed with their program; without ps that is unseen", async () => {
  const found = parseProcesses(
    "    1 root     /sbin/init splash\n  812 root     /usr/lib/postfix/sbin/master -w\n  9 cyrus  imapd: idle\n",
  );
  assert.deepEqual(
    found.map(({ pid, user, program }) => [pid, user, program]),
    [
      [1, "root", "init"],
      [812, "root", "master"],
      [9, "cyrus", "imapd"],
    ],
  );
  const [one] = parseProcesses("1 a x -c /b -d/e\n");
  assert.ok(one !== undefined);
  assert.equal(optionOf(one, "-c"), "/b");
  assert.equal(optionOf(one, "-d"), "/e");
  assert.equal(optionOf(one, "-f"), undefined);
  const look = new HostLook(fixtureHost({}));
  assert.equal(await listProcesses(look), undefined);
  assert.match(look.unseen[0]?.why ?? "", /no program "ps"/);
});

test("a service is stopped with its sockets that are active, where systemd runs the system", async () => {
  const systemctl = (socket: string) => ({
    files: { "/run/systemd/system/x": "" },
    programs: {
      systemctl: async ({ parameters }: { readonly parameters: readonly string[] }) => ({
        exitCode: 0,
        stdout: Buffer.from(parameters[0] === "is-active" ? socket : "enabled\n"),
      }),
    },
  });
  const with_ = async (host: Parameters<typeof fixtureHost>[0]) =>
    (await serviceCommands(new HostLook(fixtureHost(host)), ["dovecot"])).stop?.words.join(" ");
  assert.equal(await with_(systemctl("active\n")), "systemctl stop dovecot.socket dovecot.service");
  assert.equal(await with_(systemctl("inactive\n")), "systemctl stop dovecot.service");
  assert.equal(await with_({}), undefined);
});

test("settings of shells, of Postfix and of Cyrus are read each in its way", () => {
  assert.deepEqual(
    [...parseShellSettings("# x\nMAILDIRPATH=Maildir # y\nA='b c'\nB=\"d\"\n")],
    [
      ["MAILDIRPATH", "Maildir"],
      ["A", "b c"],
      ["B", "d"],
    ],
  );
  assert.deepEqual(
    [...parsePostfixSettings("a = 1\n  2\n# x\nb = $a/${c}x\nc=$b\nhome_mailbox = Maildir/\n")].at(
      -1,
    ),
    ["home_mailbox", "Maildir/"],
  );
  assert.equal(parsePostfixSettings("a = 1\n  2\nb = /$a\n").get("b"), "/1 2");
  assert.deepEqual(
    [...parseColonSettings("# x\nPartition-Default: /var/spool/cyrus\nconfigdirectory : /c\n")],
    [
      ["partition-default", "/var/spool/cyrus"],
      ["configdirectory", "/c"],
    ],
  );
});
