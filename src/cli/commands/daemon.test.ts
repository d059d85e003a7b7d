import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { mkdir, readFile, rm, watch, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type DaemonStatus, readDaemonStatus } from "#daemon";
import { openJournalReader } from "#journal";
import { alarmsIn } from "#records";
import { writeSmallStore } from "../story.fixture.ts";
import { commandSite } from "../command-site.fixture.ts";

const { folder, run } = await commandSite("cli-daemon");
const mail = join(folder, "mail");
const state = join(folder, "state", "restante");

/** Each time that the daemon writes its status, until it says what is waited for. */
async function until(isSo: (status: DaemonStatus) => boolean, signal: AbortSignal): Promise<void> {
  for await (const _change of watch(state, { signal })) {
    const status = await readDaemonStatus(state);
    if (status !== undefined && isSo(status)) return;
  }
}

test("daemon follows one folder, raises an alarm, shows itself in status, and stops in order", async () => {
  const inbox = await writeSmallStore(mail);
  await mkdir(state, { recursive: true });
  assert.equal((await run(["init"])).exitCode, 0);
  const stop = new AbortController();
  const deadline = AbortSignal.any([stop.signal, AbortSignal.timeout(60_000)]);
  const following = until(({ groups }) => groups[0]?.phase === "following", deadline);
  const running = run(["daemon", "mail", "--journal", "journal"], stop.signal);
  running.catch(() => undefined).finally(() => stop.abort());
  await following;
  const alarmed = until(({ groups }) => groups[0]?.alarms.length === 1, deadline);
  await writeFile(join(inbox, "new/1900000000.M9.mx1"), "Subject: just before\n\n");
  for (const name of readdirSync(join(inbox, "cur"))) await rm(join(inbox, "cur", name));
  await alarmed;
  const status = await run(["status"]);
  assert.match(status.output, /^mail: following$/m, status.messages);
  assert.match(status.output, /alarm {3}alarm-1: restante hold list/);
  assert.match((await run(["status", "mail"])).output, /^mail: following$/m);
  assert.equal((await run(["status", "elsewhere"])).exitCode, 22);
  const second = await run(["daemon", "mail"]);
  assert.equal(second.exitCode, 11, second.messages);
  stop.abort();
  const ended = await running;
  assert.equal(ended.exitCode, 0, ended.messages);
  assert.match(ended.messages, /alarm-1: 30 of 3\d messages of .* disappeared/);
  const [alarm] = await alarmsIn(state).list();
  assert.equal(alarm?.group, mail);
  assert.match((await run(["status"])).output, /^daemon: stopped/m);
  const [name = ""] = readdirSync(join(folder, "journal"));
  await using journal = await openJournalReader({
    folder: join(folder, "journal", name),
    secret: { password: "correct horse" },
  });
  const marks: string[] = [];
  for await (const { event } of journal.read({ withoutData: true }))
    if (event.type === "mark") marks.push(event.name);
  assert.deepEqual(
    ["start", "base", "alarm", "clean-stop"].map((one) => marks.includes(one)),
    [true, true, true, true],
  );
  assert.equal(marks.at(-1), "clean-stop");
});

test("a store that was emptied is held, and the message says how a person accepts it", async () => {
  const store = join(folder, "other-mail");
  const inbox = await writeSmallStore(store);
  const followed = async (phase: string, argv: readonly string[]): Promise<string> => {
    const stop = new AbortController();
    const deadline = AbortSignal.any([stop.signal, AbortSignal.timeout(60_000)]);
    let note = "";
    const seen = until(({ groups }) => {
      note = groups[0]?.note ?? "";
      return groups[0]?.folder === store && groups[0].phase === phase;
    }, deadline);
    const running = run(["daemon", "other-mail", ...argv], stop.signal);
    running.catch(() => undefined).finally(() => stop.abort());
    await seen;
    stop.abort();
    const { exitCode, messages } = await running;
    assert.equal(exitCode, 0, messages);
    return note;
  };
  await followed("following", []);
  for (const name of readdirSync(store)) await rm(join(store, name), { recursive: true });
  const note = await followed("held", []);
  assert.ok(note.includes(`restante daemon --accept '${store}'`), note);
  await followed("following", ["--accept", "other-mail", "--accept", "other-mail/example.org"]);
  const audit = await readFile(join(state, "audit.jsonl"), "utf8");
  assert.equal(audit.split(JSON.stringify(store)).length - 1, 1, audit);
  await mkdir(inbox, { recursive: true });
  const refused = await run(["daemon", "other-mail", "--accept", "elsewhere"]);
  assert.match(refused.messages, /Cannot accept "elsewhere": it is in no store/);
});

test("daemon follows a server whose parts lie apart, as its configuration says", async (t) => {
  await mkdir(state, { recursive: true });
  const at = (path: string): string => join(folder, "apart", path);
  for (const [path, text] of [
    ["mail/ann/cur/1700000000.M1.mx1:2,", "Subject: one\n\nbody\n"],
    ["mail/ann/new/.keep", ""],
    ["mail/ann/tmp/.keep", ""],
    [
      "control/ann/.INBOX/dovecot-uidlist",
      "3 V1700000000 N2 G0123456789abcdef0123456789abcdef\n1 :1700000000.M1.mx1\n",
    ],
    ["password", "secret\n"],
  ] as const) {
    await mkdir(join(at(path), ".."), { recursive: true });
    await writeFile(at(path), text);
  }
  const config = (journal: string): string => `version: 1
servers:
  mx1:
    type: dovecot
    path: ${at("mail")}
    data_source: live application
    volumes: [{path: ${at("control")}, role: log}]
    places: [{mail: "${at("mail/%n")}", control: "${at("control/%n")}"}]
copies:
  here: {layer: operational, path: ${at("copy")}, key: "file:${at("password")}"}
tiers:
  gold:
    operational: {method: continuous data protection, copy: here, journal: {path: ${journal}}, lose_at_most: 1 hour, back_within: 1 hour, keep: [last 2]}
lines_of_business:
  all: {mailboxes: ["*"], tier: gold}
`;
  await writeFile(at("bad.yaml"), config(at("control/journal")));
  const refused = await run(["daemon", "--config", at("bad.yaml")]);
  assert.match(refused.messages, /Cannot follow ".*control": its journal would lie within it/);
  await writeFile(at("config.yaml"), config(at("journal")));
  const configured = (...argv: readonly string[]) => run([...argv, "--config", at("config.yaml")]);
  assert.equal((await configured("init")).exitCode, 0);
  const stop = new AbortController();
  t.after(() => stop.abort());
  const deadline = AbortSignal.any([stop.signal, AbortSignal.timeout(60_000)]);
  const changed = (least: number) =>
    until(
      ({ groups }) => groups[0]?.phase === "following" && (groups[0].changes ?? -1) >= least,
      deadline,
    );
  const following = changed(0);
  const running = run(["daemon", "--config", at("config.yaml")], stop.signal);
  running.catch(() => undefined).finally(() => stop.abort());
  await following;
  const seen = changed(2);
  await writeFile(at("mail/ann/cur/1700000001.M1.mx1:2,S"), "Subject: two\n\nbody\n");
  const lists =
    "3 V1700000000 N78 G0123456789abcdef0123456789abcdef\n1 :1700000000.M1.mx1\n77 :1700000001.M1.mx1\n";
  await writeFile(at("control/ann/.INBOX/dovecot-uidlist"), lists);
  await seen;
  stop.abort();
  assert.equal((await running).exitCode, 0, (await running).messages);
  const listed = await configured("ls", "ann/INBOX", "--json");
  assert.match(listed.output, /"uid":77,/, listed.messages);
  assert.match(listed.output, /"method":"continuous data protection"/);
  assert.match((await configured("status", at("control"))).output, /^mx1\/all: /m);
});

test("daemon wants something to follow, outside of its journal and its copy", async () => {
  for (const [argv, message] of [
    [["daemon"], /nothing is to be protected/],
    [["daemon", "mail", "--journal", "mail/journal"], /its journal would lie within it/],
    [["daemon", ".", "--journal", "/elsewhere"], /the copy lies within the mail store/],
    [["daemon", "mail", "--alarm-if", "anything"], /Cannot raise an alarm/],
    [["daemon", "mail", "--every", "often"], /often/],
    [["daemon", "nowhere"], /Cannot open folder ".*nowhere": there is none/],
    [["daemon", "mail", "--copy", "no-copy"], /Cannot open repository ".*no-copy": there is none/],
  ] as const) {
    const refused = await run(argv);
    assert.notEqual(refused.exitCode, 0, argv.join(" "));
    assert.match(refused.messages, message);
  }
});
