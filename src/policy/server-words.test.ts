import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "./parse-config.ts";

/** A configuration with this server. */
function configWith(server: string): string {
  return `version: 1
servers:
  mx1: {type: dovecot, path: /srv/mail, ${server}}
copies: {here: {layer: operational, path: /srv/recovery, key: "credential:here"}}
tiers: {gold: {operational: {method: backup to disk, copy: here, keep: [last 9]}}}
lines_of_business: {everyone: {mailboxes: ["*"], tier: gold}}
`;
}

function slips(
  server: string,
): readonly (readonly [code: string, suggestion: string | undefined])[] {
  return parseConfig(configWith(server), { fileName: "config.yaml" }).problems.map(
    ({ code, suggestion }) => [code, suggestion],
  );
}

test("a server has its utilities, what belongs to it, and parts with roles", () => {
  const { config, problems } = parseConfig(
    configWith(
      [
        "data_source: hot split snapshot",
        'validate: [/usr/bin/check, "{path}"]',
        "validate_time_limit: 1 minute",
        "quiesce: [mailctl, hold]",
        "resume: mailctl go",
        "quiesce_time_limit: 5 seconds",
        "mailboxes: from doveadm",
        "also_protect: [sieve, /etc/dovecot/, mail_crypt keys]",
        "volumes: [{path: /srv/mail/db, role: database}, {path: /srv/mail/log/, role: log}]",
      ].join(", "),
    ),
    { fileName: "config.yaml" },
  );
  assert.deepEqual(problems, []);
  const [server] = config?.servers ?? [];
  assert.equal(server?.mailboxList, "from doveadm");
  assert.deepEqual(server.alsoProtect, {
    kinds: ["sieve", "mail_crypt keys"],
    folders: ["/etc/dovecot"],
  });
  assert.deepEqual(server.volumes, [
    { path: "/srv/mail/db", role: "database" },
    { path: "/srv/mail/log", role: "log" },
  ]);
  assert.deepEqual(server.hotSplit, {
    validate: { words: ["/usr/bin/check", "{path}"], timeLimitMs: 60_000 },
    quiesce: { words: ["mailctl", "hold"], timeLimitMs: 5000 },
    resume: { words: ["/bin/sh", "-c", "mailctl go"], timeLimitMs: 5000 },
    repeat: 5,
  });
});

test("every kind of server that there is can be written", () => {
  for (const type of ["maildir", "dovecot", "courier", "cyrus", "mbox", "generic", "folder"]) {
    const text = configWith("repeat: 5").replace("type: dovecot", `type: ${type}`);
    assert.equal(parseConfig(text, { fileName: "c" }).config?.servers[0]?.type, type);
  }
});

test("a quiesce without a resume, a volume outside and a list from nowhere are refused", () => {
  const split = "data_source: hot split snapshot";
  assert.deepEqual(slips(`${split}, quiesce: [a]`), [["config.command", undefined]]);
  assert.deepEqual(slips(`${split}, resume: [a]`), [["config.command", undefined]]);
  assert.deepEqual(slips(`${split}, volumes: [{path: /srv/log, role: log}]`), [
    ["config.path", undefined],
  ]);
  assert.deepEqual(slips("volumes: [{path: /srv, role: log}]"), [["config.path", undefined]]);
  assert.deepEqual(slips("also_protect: [sievee]"), [["config.protect", "sieve"]]);
  assert.deepEqual(slips("also_protect: [etc/dovecot]"), [["config.protect", undefined]]);
  assert.deepEqual(slips(`${split}, validate: readr`), [["config.unknown-value", "reader"]]);
  assert.deepEqual(slips(`${split}, quiesce_time_limit: 5`), [["config.duration", "5 seconds"]]);
  const text = configWith("mailboxes: from doveadm").replace("type: dovecot", "type: maildir");
  const [problem] = parseConfig(text, { fileName: "config.yaml" }).problems;
  assert.equal(problem?.code, "config.misplaced");
});

test("quiesce without a hot split is a warning", () => {
  const { config, problems } = parseConfig(configWith("quiesce: [a], resume: [b]"), {
    fileName: "config.yaml",
  });
  assert.ok(config !== undefined);
  assert.ok(problems.every(({ severity }) => severity === "warning"));
  assert.equal(problems.length, 2);
});

test("a volume elsewhere and the places of accounts are read as they are written", () => {
  const { config, problems } = parseConfig(
    configWith(
      "volumes: [{path: /var/index/, role: log}], places: [{mail: /srv/mail/%d/%n, index: /var/index/%u, directory_name: x}]",
    ),
    { fileName: "config.yaml" },
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(config?.servers[0]?.volumes, [{ path: "/var/index", role: "log" }]);
  assert.deepEqual(config.servers[0].places, [
    { mail: "/srv/mail/%d/%n", index: "/var/index/%u", directoryName: "x" },
  ]);
});

test("a place that is not captured, is no path, or is of another server is told", () => {
  const places = (text: string): string => `places: [{mail: /srv/mail/%n, ${text}}]`;
  assert.deepEqual(slips(places("index: /var/index/%n")), [["config.path", undefined]]);
  assert.deepEqual(slips(places("index: /srv/mail/%n/index")), []);
  assert.deepEqual(slips(places("index: ~/index")), [["config.path", undefined]]);
  assert.deepEqual(slips(places("index: /%h/index")), [["config.path", undefined]]);
  assert.deepEqual(slips(places("index: /srv/mail/../x")), [["config.path", undefined]]);
  assert.deepEqual(slips(places("directory_name: a/b")).length, 1);
  const text = configWith(places("index: /srv/mail/%n")).replace("type: dovecot", "type: courier");
  const [problem] = parseConfig(text, { fileName: "config.yaml" }).problems;
  assert.equal(problem?.code, "config.misplaced");
});
