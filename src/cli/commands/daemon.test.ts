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
  await followed("following", ["--accept", "other-mail"]);
  const audit = await readFile(join(state, "audit.jsonl"), "utf8");
  assert.equal(audit.split(JSON.stringify(store)).length - 1, 1, audit);
  await mkdir(inbox, { recursive: true });
  const refused = await run(["daemon", "other-mail", "--accept", "elsewhere"]);
  assert.match(refused.messages, /Cannot accept "elsewhere": it is in no store/);
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
