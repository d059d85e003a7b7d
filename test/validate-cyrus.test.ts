/** Frozen stores of a real Cyrus, looked at by its own utilities; reconstruct exits with 0 whatever it finds. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { localHost } from "#hosts";
import { rawPathFromText, type Validation } from "#image";
import { cyrusValidator, findServers } from "#servers";
import { hotSplitSource } from "#sources";
import { plainCopies } from "#snapshots";
import { Cyrus, cyrusEnvironment, cyrusPrograms, withoutCyrus } from "./support/cyrus.ts";
import { CyrusSession } from "./support/cyrus-session.ts";

const base = mkdtempSync(join(tmpdir(), "restante-cyrus-"));
chmodSync(base, 0o755);
after(() => {
  spawnSync("chattr", ["-R", "-f", "-i", base]);
  rmSync(base, { recursive: true, force: true });
});

const messages = 5;

async function filled(folder: string): Promise<Cyrus> {
  const server = await Cyrus.start(folder);
  const admin = await CyrusSession.logIn(server, "admin");
  for (const name of ["user/cass@example.test", "user/john.doe@example.org"])
    await admin.command(`CREATE ${name}`);
  const cass = await CyrusSession.logIn(server, "cass");
  await cass.command('CREATE "Sent Mail"');
  for (let number = 0; number < messages; number++) {
    const body = `From: a@example.test\r\nSubject: ${number}\r\n\r\n${"hello\r\n".repeat(50)}`;
    await cass.command("APPEND INBOX (\\Seen)", Buffer.from(body));
  }
  await cass.logOut();
  await admin.logOut();
  return server;
}

async function validated(store: string): Promise<Validation | undefined> {
  const work = mkdtempSync(join(base, "work-"));
  // As the state folder is: nobody else passes it.
  chmodSync(work, 0o700);
  const source = hotSplitSource({
    provider: plainCopies(),
    workFolder: rawPathFromText(work),
    validators: [cyrusValidator({ programs: cyrusPrograms, environment: cyrusEnvironment })],
    repeat: 1,
  });
  await using image = await source.stableImage({ folder: rawPathFromText(store) });
  return image.evidence?.validations[0];
}

test(
  "a whole Cyrus store is usable; one with a damaged, an emptied or a lost message is not",
  { skip: withoutCyrus },
  async () => {
    const folder = join(base, "server");
    mkdirSync(folder);
    let store = "";
    {
      await using server = await filled(folder);
      ({ store } = server);
    }
    const whole = await validated(store);
    assert.deepEqual([whole?.findings, whole?.messages], [[], messages]);
    const [one = "", two = "", three = ""] = readdirSync(store, {
      recursive: true,
      encoding: "utf8",
    })
      .filter((name) => /\/\d+\.$/.test(name))
      .map((name) => join(store, name))
      .toSorted();
    const damages: readonly (readonly [string, () => void])[] = [
      [
        "one with other bytes of the same length",
        () => writeFileSync(one, readFileSync(one, "latin1").replace("hello", "jello")),
      ],
      ["one that is empty", () => truncateSync(two, 0)],
      ["one that is gone", () => unlinkSync(three)],
    ];
    for (const [name, damage] of damages) {
      damage();
      await assert.rejects(validated(store), { code: "source.split-unusable" }, name);
    }
  },
);

test(
  "a Cyrus that runs is found by its configuration, with its volumes and accounts",
  { skip: withoutCyrus },
  async () => {
    const folder = join(base, "found");
    mkdirSync(folder);
    await using server = await filled(folder);
    await using host = localHost();
    const { servers } = await findServers(host, { configurationFile: join(folder, "imapd.conf") });
    const cyrus = servers.find(({ kind }) => kind === "cyrus");
    assert.deepEqual(
      cyrus?.volumes.map(({ place, path }) => [place, path]),
      [
        ["mail", join(server.store, "spool")],
        ["control", join(server.store, "config")],
      ],
    );
    const { accounts } = await cyrus.accounts();
    assert.deepEqual(
      accounts.map(({ name }) => name),
      ["cass", "john.doe@example.org"],
    );
    const protects = await cyrus.alsoProtect();
    assert.equal(protects.find(({ kind }) => kind === "mailbox database")?.isThere, true);
  },
);
