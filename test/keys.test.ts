/** Keys, locks and their record over the whole command line, with restic as the judge. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { openJournal } from "#journal";
import { checkAudit } from "../src/cli/audit-file.ts";
import { documents } from "../src/cli/story.fixture.ts";
import { runForTest, type TestRun } from "../src/cli/surroundings.fixture.ts";
import { projectRoot } from "./support/source-tree.ts";
import { filesIn, password, Site, withoutRestic } from "./support/recovery-site.ts";

async function newSite(): Promise<Site> {
  const site = new Site();
  await site.init();
  return site;
}

type Given = { readonly env?: Readonly<Record<string, string>>; readonly copy?: string };

async function restante(site: Site, argv: readonly string[], given: Given = {}): Promise<TestRun> {
  return await runForTest([...argv, "--no-config", "--copy", given.copy ?? site.repository], {
    environment: {
      RESTANTE_PASSWORD: password,
      XDG_CACHE_HOME: site.cache,
      XDG_STATE_HOME: join(site.folder, "state"),
      ...given.env,
    },
    workingFolder: site.folder,
  });
}

const stateOf = (site: Site): string => join(site.folder, "state/restante");

function auditLines(site: Site): readonly Record<string, unknown>[] {
  const text = readFileSync(join(stateOf(site), "audit.jsonl"), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

type ListedKey = { readonly id: string; readonly current: boolean; readonly username: string };

function keysOf(document: Readonly<Record<string, unknown>> | undefined): readonly ListedKey[] {
  assert.equal(document?.["type"], "keys");
  return document["keys"] as readonly ListedKey[];
}

type ResticKey = { readonly current: boolean; readonly id: string; readonly userName: string };

function resticKeys(site: Site, tried: string): readonly ResticKey[] | number {
  const { status, stdout } = spawnSync(
    "restic",
    ["--no-cache", "--no-lock", "-r", site.repository, "key", "list", "--json"],
    { env: { PATH: process.env["PATH"], HOME: site.folder, RESTIC_PASSWORD: tried } },
  );
  return status === 0 ? (JSON.parse(String(stdout)) as ResticKey[]) : (status ?? -1);
}

test(
  "keys are added, listed, changed and removed, and restic opens with each password that stands",
  { skip: withoutRestic },
  async () => {
    using site = await newSite();
    const [first] = filesIn(site, "keys") as [string];
    const fresh = { RESTANTE_NEW_PASSWORD: "second secret" };
    const added = await restante(site, ["key", "add", "--json"], { env: fresh });
    const [document] = documents(added);
    assert.deepEqual([added.exitCode, document?.["type"]], [0, "key-added"], added.output);
    const second = document?.["id"] as string;
    assert.deepEqual(filesIn(site, "keys").toSorted(), [first, second].toSorted());

    for (const [tried, current] of [
      [password, first],
      ["second secret", second],
    ] as const) {
      const [listed] = documents(
        await restante(site, ["key", "list", "--json"], { env: { RESTANTE_PASSWORD: tried } }),
      );
      const ours = keysOf(listed).map((key) => [key.id.slice(0, 8), key.current, key.username]);
      const theirs = (resticKeys(site, tried) as readonly ResticKey[]).map((key) => [
        key.id,
        key.current,
        key.userName,
      ]);
      assert.deepEqual(new Set(ours.map(String)), new Set(theirs.map(String)));
      assert.equal(ours.find(([, isCurrent]) => isCurrent)?.[0], current.slice(0, 8));
    }

    const file = join(site.folder, "third");
    writeFileSync(file, "third secret\n");
    const changed = await restante(site, ["key", "change", "--new-password-file", "third"]);
    assert.equal(changed.exitCode, 0, changed.messages);
    assert.match(changed.output, /^Changed the password: key [0-9a-f]{8} was read back and opened/);
    assert.equal(typeof resticKeys(site, password), "number", "the old password opens nothing");
    assert.equal((resticKeys(site, "third secret") as readonly ResticKey[]).length, 2);

    const third = { RESTANTE_PASSWORD: "third secret" };
    const removed = await restante(site, ["key", "remove", second.slice(0, 10)], { env: third });
    assert.equal(removed.exitCode, 0, removed.messages);
    assert.equal(typeof resticKeys(site, "second secret"), "number");
    assert.equal((resticKeys(site, "third secret") as readonly ResticKey[]).length, 1);

    const lines = auditLines(site);
    assert.deepEqual(
      lines.map(({ verb, outcome }) => [verb, outcome]),
      [
        ["key add", "done"],
        ["key change", "done"],
        ["key remove", "done"],
      ],
    );
    assert.deepEqual(lines[0]?.["what"], { added: second });
    assert.equal(lines[0]?.["location"], site.repository);
    assert.deepEqual((await checkAudit(stateOf(site))).findings, []);
    const everything = [added, changed, removed].map(({ output, messages }) => output + messages);
    assert.doesNotMatch(everything.join() + JSON.stringify(lines), /secret/);
  },
);

test("what cannot be done with keys is said plainly, and changes nothing", async () => {
  using site = await newSite();
  const before = filesIn(site, "keys");
  const [only] = before as [string];
  for (const [argv, exitCode, message, env] of [
    [["key", "remove", only], 1, /it is the one in use\n.*It is the only one/],
    [["key", "remove", "0123456789abcdef0"], 22, /no key's ID begins so/],
    [["key", "remove", "hunter2"], 2, /what was typed is no key's ID/],
    [["key", "remove"], 2, /no key was named/],
    [["key", "add"], 2, /Cannot set a new password of .*: no password was given/],
    [["key", "add", "hunter2"], 2, /nothing is typed after it/],
    [["key", "chagne"], 2, /Did you mean `restante key change`/],
    [["key", "change"], 1, /the new one is the one in use/, { RESTANTE_NEW_PASSWORD: password }],
    [["key", "add", "--new-password-file", "none"], 2, /Cannot read password file/],
  ] as const) {
    const ran = await restante(site, argv, env === undefined ? {} : { env });
    assert.equal(ran.exitCode, exitCode, `${argv.join(" ")}: ${ran.messages}`);
    assert.match(ran.messages, message, argv.join(" "));
    assert.doesNotMatch(ran.messages, /hunter2/);
  }
  assert.deepEqual(filesIn(site, "keys"), before);
});

test("what was changed and could not be recorded says so: it is done all the same", async () => {
  using site = await newSite();
  mkdirSync(stateOf(site), { recursive: true });
  mkdirSync(join(stateOf(site), "audit.jsonl"));
  const env = { RESTANTE_NEW_PASSWORD: "second secret" };
  const ran = await restante(site, ["key", "add"], { env });
  assert.equal(ran.exitCode, 1);
  assert.equal(filesIn(site, "keys").length, 2);
  assert.match(ran.messages, /Cannot record in .*audit\.jsonl" that key add was done/);
  assert.match(ran.messages, /it is done all the same\n.*note by hand: \{"added":"[0-9a-f]{64}"\}/);
  assert.equal(ran.output, "");
});

describe("over SSH", () => {
  test("keys of a repository on another machine are added and listed as here", async () => {
    using site = await newSite();
    const ssh = join(site.folder, "ssh");
    writeFileSync(ssh, '#!/bin/sh\nshift\nexec sh -c "$*"\n');
    chmodSync(ssh, 0o755);
    const peer = `${process.execPath} ${join(projectRoot, "bin/restante.js")} peer`;
    const given = {
      copy: `ssh://dr@vault.example.net${site.repository}`,
      env: {
        RESTANTE_SSH_COMMAND: ssh,
        RESTANTE_PEER_COMMAND: peer,
        RESTANTE_NEW_PASSWORD: "second secret",
      },
    };
    const added = await restante(site, ["key", "add", "--json"], given);
    assert.equal(added.exitCode, 0, added.output);
    assert.equal(filesIn(site, "keys").length, 2);
    const [listed] = documents(await restante(site, ["key", "list", "--json"], given));
    assert.equal(keysOf(listed).length, 2);
    assert.match(String(auditLines(site)[0]?.["location"]), /vault\.example\.net/);
  });
});

test("a new password of a copy is that of its journals too, and of no other copy's", async () => {
  using site = await newSite();
  const journal = (name: string, secret: string): Parameters<typeof openJournal>[0] => ({
    folder: join(stateOf(site), "journal", name),
    group: name,
    secret: { password: secret },
    clock: () => 1n,
    cost: { N: 2, r: 1, p: 1 },
  });
  for (const [name, secret] of [
    ["ours", password],
    ["theirs", "another"],
  ] as const) {
    await using opened = await openJournal(journal(name, secret));
    await opened.close();
  }
  writeFileSync(join(site.folder, "new"), "new secret\n");
  const changed = await restante(site, ["key", "change", "--new-password-file", "new"]);
  assert.equal(changed.exitCode, 0, changed.messages);
  await assert.rejects(openJournal(journal("ours", password)), { code: "journal.wrong-password" });
  await using ours = await openJournal(journal("ours", "new secret"));
  await using theirs = await openJournal(journal("theirs", "another"));
  assert.deepEqual([ours.group, theirs.group], ["ours", "theirs"]);
});
