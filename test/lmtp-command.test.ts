/** `restante lmtp`: from the command line to the journal that it leaves behind. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, rmSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { openJournalReader } from "#journal";
import { runForTest } from "../src/cli/surroundings.fixture.ts";
import { FakeServer } from "../src/lmtp/fake-server.fixture.ts";
import { endpointText } from "#lmtp";
import { LmtpClient } from "./support/lmtp-client.ts";
import { temporaryFolder } from "./support/restic.ts";

const temporary = temporaryFolder();
after(() => temporary[Symbol.dispose]());
const environment = { RESTANTE_PASSWORD: "correct horse" };

/** The command, listening, with a journal in a folder of that name. */
async function startStage(name: string, { endpoint }: FakeServer): Promise<StartedStage> {
  const socket = join(temporary.path, `${name}-stage`);
  const folder = join(temporary.path, name);
  const controller = new AbortController();
  const watcher = watch(temporary.path);
  const argv = ["lmtp", "--listen", `unix:${socket}`, "--server", endpointText(endpoint)];
  const options = { environment, signal: controller.signal };
  const ran = runForTest([...argv, "--journal", folder, "--no-config"], options);
  while (!existsSync(socket)) await once(watcher, "change");
  watcher.close();
  return { socket, folder, controller, ran };
}
type StartedStage = {
  readonly socket: string;
  readonly folder: string;
  readonly controller: AbortController;
  readonly ran: ReturnType<typeof runForTest>;
};

test("it delivers until it is told to end, says a line for each message and nothing of what is in it", async () => {
  await using server = await FakeServer.start();
  const { socket, folder, controller, ran } = await startStage("mail", server);
  using client = await LmtpClient.connect(socket);
  const wire = Buffer.from("Subject: confidential\r\n\r\nnot for the log\r\n");
  const end = await client.deliver(wire, ["md", "other"]);
  assert.deepEqual(end, { kind: "answered", codes: [250, 250], refused: 0 });
  controller.abort();
  const { exitCode, messages, output } = await ran;
  assert.equal(exitCode, 0, messages);
  assert.equal(output, "");
  assert.match(
    messages,
    /^delivery=\S+ client=local from=<sender@example\.org> size=42 ms=\d+ to=<md> server="250 2\.0\.0 Saved" to=<other> server="250 2\.0\.0 Saved"$/m,
  );
  assert.match(messages, /^status: sessions=0 of 1 .* messages=1 .* delivered=2 /m);
  assert.match(
    messages,
    /^its journal is in one folder alone: .*`restante daemon` with delivery_stage/m,
  );
  assert.match(messages, /^status: .* journal=ok mirror=none copy=none thinned=never$/m);
  assert.doesNotMatch(messages, /confidential|not for the log|correct horse/);

  const secret = { password: environment.RESTANTE_PASSWORD };
  await using journal = await openJournalReader({ folder, secret });
  assert.equal(journal.group, "mail");
  const said: string[] = [];
  for await (const { event } of journal.read({ withoutData: true }))
    said.push(event.type === "mark" ? event.name : event.type);
  assert.deepEqual(said, ["start", "data", "arrived", "outcome", "outcome", "clean-stop"]);
});

test("mail is refused for now when the journal's folder was removed, and is not delivered either", async () => {
  await using server = await FakeServer.start();
  const { socket, folder, controller, ran } = await startStage("removed", server);
  const wire = Buffer.from("Subject: one\r\n\r\ntext\r\n");
  const codes = async (): Promise<unknown> => {
    using client = await LmtpClient.connect(socket);
    return await client.deliver(wire, ["md"]);
  };
  assert.deepEqual(await codes(), { kind: "answered", codes: [250], refused: 0 });
  rmSync(folder, { recursive: true });
  assert.deepEqual(await codes(), { kind: "answered", codes: [451], refused: 0 });
  controller.abort();
  const { messages } = await ran;
  assert.match(messages, /^journal cannot be written: .*were removed or moved away while it was/m);
  assert.equal(server.messages.length, 1, "what is refused for now is not delivered");
});

test("what is missing or wrong is said before anybody delivers", async () => {
  const place = ["--listen", "127.0.0.1:0", "--server", "unix:/nonexistent/lmtp"];
  const journal = ["--journal", join(temporary.path, "other")];
  const key = join(temporary.path, "key.pem");
  writeFileSync(key, "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n");
  for (const [words, code, expected] of [
    [[], 2, /--listen was not given/],
    [["--listen", "127.0.0.1:0"], 2, /--server was not given/],
    [place, 2, /--journal was not given/],
    [["--listen", "nonsense", "--server", "x"], 2, /Cannot use the address "nonsense"/],
    [[...place, ...journal, "--when-journal-fails", "shrug"], 2, /no policy/],
    [[...place, ...journal, "--socket-mode", "999"], 2, /not three octal digits/],
    [[...place, ...journal, "--tls-cert", key], 2, /go together/],
    [[...place, ...journal, "--tls-cert", key, "--tls-key", key], 1, /is not right/],
    [["--listen", "0.0.0.0:0", "--server", "unix:/x", ...journal], 2, /others than this machine/],
  ] as const) {
    const { exitCode, messages } = await runForTest(["lmtp", ...words, "--no-config"], {
      environment,
    });
    assert.match(messages, expected);
    assert.equal(exitCode, code, messages);
    assert.doesNotMatch(messages, /secret|correct horse/);
  }
});
