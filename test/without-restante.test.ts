/**
 * Restante is lost, the repository is not: the very commands of docs/operations/without-restante.md, in their
 * order, with restic, a shell and Dovecot. What comes back is compared by hash.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { layOutSampleServer, MaildirFolder, openSampleMail } from "../src/cli/demo/index.ts";
import { builtRestante } from "./support/built-program.ts";
import { withoutDovecot } from "./support/dovecot.ts";
import { contentsOfFolder } from "./support/mail-store.ts";
import { MailServer } from "./support/mail-server.ts";
import { password, weakenKeys, withoutRestic } from "./support/recovery-site.ts";
import { resticJson } from "./support/restic.ts";
import { readText } from "./support/source-tree.ts";

const page = readText("docs/operations/without-restante.md");
/** Fenced commands by the heading above them; nothing of the page's commands is left out. */
const built = await builtRestante();
const blocks = commandBlocks(page);
const isRoot = process.getuid?.() === 0;

type Block = { readonly heading: string; readonly text: string };

function commandBlocks(text: string): readonly Block[] {
  const found: Block[] = [];
  let heading = "";
  for (const [, title, commands] of text.matchAll(/^#+ (.+)$|^```sh\n([\s\S]*?)^```$/gm)) {
    if (title !== undefined) heading = title;
    else found.push({ heading, text: commands ?? "" });
  }
  return found;
}

/** A shell that was told every block before this one's variables. */
class Walk {
  readonly #values: Readonly<Record<string, () => string>>;
  readonly #environment: NodeJS.ProcessEnv;
  readonly walked = new Set<Block>();

  constructor(values: Readonly<Record<string, () => string>>, environment: NodeJS.ProcessEnv) {
    this.#values = values;
    this.#environment = environment;
  }

  /** Runs what stands under the heading; returns what it printed. */
  run(heading: string): string {
    const own = blocks.filter((block) => block.heading === heading);
    assert.ok(own.length > 0, `the page has no commands under "${heading}"`);
    let printed = "";
    for (const block of own) {
      const before = blocks.slice(0, blocks.indexOf(block));
      const known = before.flatMap(({ text }) => text.match(/^(?:export )?[A-Z_]+=.*$/gm) ?? []);
      const script = this.#fill([...known, block.text].join("\n"));
      const done = spawnSync("bash", ["-euo", "pipefail", "-c", script], {
        env: this.#environment,
        maxBuffer: 1 << 26,
      });
      const said = `${done.stdout.toString()}${done.stderr.toString()}`;
      assert.equal(done.status, 0, `${block.text}\n${said}`);
      this.walked.add(block);
      printed += said;
    }
    return printed;
  }

  /** The values that readers are asked to put in. */
  #fill(script: string): string {
    return script.replace(/^((?:export )?([A-Z_]+)=).*$/gm, (line, start: string, name: string) => {
      const value = this.#values[name];
      return value === undefined ? line : `${start}'${value()}'`;
    });
  }
}

describe("recovery without Restante", { skip: withoutRestic }, () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "restante-without-")));
  const at = (name: string): string => join(folder, name);
  const [mail, repository, configuration] = [at("mail"), at("recovery"), at("restante.yaml")];
  const user = (name: string): string => join(mail, "example.org", name, "Maildir");
  const server = new MailServer(at("dovecot"), mail);
  const environment = {
    PATH: `${at("bin")}:${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
    HOME: folder,
    TZ: "UTC",
    XDG_STATE_HOME: at("state"),
    XDG_CACHE_HOME: at("cache"),
    RESTIC_PASSWORD_FILE: at("password"),
    RESTANTE_PASSWORD_FILE: at("password"),
  };
  const moment = (name: string): string => {
    const tags = ["snapshots", "--tag", `group:mx1/${name},sequence:2`];
    const env = { RESTIC_PASSWORD: password };
    const [found] = resticJson<{ readonly short_id: string }[]>(repository, tags, { env });
    return found?.short_id ?? "";
  };
  const walk = new Walk(
    {
      RESTIC_REPOSITORY: () => repository,
      RESTIC_PASSWORD_FILE: () => at("password"),
      MAIL: () => mail,
      WORK: () => at("rescue"),
      MOMENT: () => moment("everyone_else"),
      ACCOUNTS: () => moment("accounts"),
      CONFIG: () => configuration,
    },
    environment,
  );
  after(() => {
    server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What each mailbox held at the moment that is wanted; and by UID, as clients knew it. */
  const expected = new Map<string, Map<string, string>>();
  let uids: readonly string[] = [];
  let late = "";

  function restante(...argv: readonly string[]): void {
    execFileSync(process.execPath, [built.path, ...argv, "--quiet"], {
      cwd: folder,
      env: { ...environment, ...built.environment },
    });
  }

  test("Restante took three moments of a server, the last one after an accident", async () => {
    chmodSync(folder, 0o755);
    writeFileSync(at("password"), `${password}\n`);
    writeFileSync(configuration, siteConfiguration(mail, { repository, password: at("password") }));
    layOutSampleServer(mail, { now: new Date(), seed: 1, messages: 1000 });
    mkdirSync(at("bin"));
    program("restante", `exec '${process.execPath}' '${built.path}' "$@"`);
    server.install(program);
    restante("init", "--copy", repository);
    weakenKeys(repository);
    restante("capture", "--config", configuration);
    deliverReal(user("support"), "[ILUG-Social] geek cuisine...");
    own(mail);
    if (withoutDovecot === false) {
      server.start();
      uids = server.uidsOf("support");
    }
    restante("capture", "--config", configuration);
    for (const name of ["support", "sales", "billing"]) expected.set(name, messagesIn(user(name)));
    for (const name of readNames(user("support")).slice(0, 60)) rmSync(join(user("support"), name));
    restante("capture", "--config", configuration);
    late = deliverReal(user("support"), "[ILUG] redhat kickstart");
    own(mail);
    for (const gone of [at("state"), at("cache")]) rmSync(gone, { recursive: true, force: true });
  });

  function program(name: string, line: string): void {
    writeFileSync(join(at("bin"), name), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  }

  test("the moments, their tags and the copy's soundness are seen", () => {
    walk.run("Set the stage");
    const listed = walk.run("Which moments are there");
    assert.match(listed, /group:mx1\/everyone_else/);
    assert.match(listed, /2 snapshots/);
    assert.match(walk.run("Is the copy whole"), /read all data[^]*no errors were found/);
    const looked = walk.run("Find the mailbox");
    assert.match(looked, /\/example\.org\/support$/m);
    assert.match(looked, /"problem_count": 0/);
  });

  test("a mailbox, a folder, a message and everything come back as they were, by hash", () => {
    walk.run("One mailbox as of a moment");
    assert.deepEqual(messagesIn(at(`rescue${user("support")}`)), expected.get("support"));
    walk.run("One folder");
    const archive = join(at(`rescue/folder${user("support")}`), ".Archive.2026");
    const only = [...(expected.get("support") ?? [])].filter(([path]) =>
      path.startsWith(".Archive.2026/"),
    );
    assert.ok(only.length > 10);
    assert.deepEqual(
      [...messagesIn(archive)].map(([path, digest]) => [`.Archive.2026/${path}`, digest]),
      only,
    );
    const found = walk.run("One message");
    assert.equal(found.match(/^Found matching entries in snapshot/gm)?.length, 2, found);
    assert.match(readFileSync(at("rescue/message.eml"), "latin1"), /^Subject: .*geek cuisine/m);
    walk.run("Everything");
    for (const [name, messages] of expected)
      assert.deepEqual(messagesIn(at(`rescue/all${user(name)}`)), messages, name);
    assert.match(walk.run("What comes with a Maildir"), /^dovecot-uidlist$/m);
  });

  test(
    "the mailbox goes into service under its UIDs, with what came since",
    {
      skip: withoutDovecot,
    },
    () => {
      walk.run("Back into service: the whole mailbox");
      const now = server.uidsOf("support");
      const known = new Set(uids);
      assert.deepEqual(now.filter((line) => known.has(line)).sort(), [...uids].sort());
      const more = now.filter((line) => !known.has(line));
      assert.equal(more.length, 1, more.join("\n"));
      assert.ok(Number(/uid=(\d+)/.exec(more[0] ?? "")?.[1]) > 1000, more.join("\n"));
      assert.ok(readNames(user("support")).some((name) => name.includes(late)));
      const messages = [...messagesIn(user("support")).values()].sort();
      const came = messagesIn(at("rescue/before"));
      const [arrived] = [...came]
        .filter(([path]) => path.includes(late))
        .map(([, digest]) => digest);
      const wanted = [...(expected.get("support")?.values() ?? []), arrived as string].sort();
      assert.deepEqual(messages, wanted);
    },
  );

  test(
    "a moment is put beside a mailbox in service, and a message too",
    {
      skip: withoutDovecot,
    },
    () => {
      const before = messagesIn(user("sales"));
      walk.run("Back into service: beside what is there");
      const after = messagesIn(user("sales"));
      const restored = [...after].filter(([path]) => path.startsWith(".Restored."));
      const digests = (all: Iterable<string>): readonly string[] => [...all].sort();
      assert.deepEqual(
        digests(restored.map(([, digest]) => digest)),
        digests(expected.get("sales")?.values() ?? []),
      );
      assert.equal(after.size, before.size + restored.length);
      assert.equal(
        server.uidsOf("support").filter((line) => line.startsWith("Restored ")).length,
        1,
      );
    },
  );

  test("restic takes moments meanwhile, and Restante goes on afterwards", () => {
    const took = walk.run("Protect the mail meanwhile");
    assert.match(took, /using parent snapshot[^]*1 snapshots/);
    const back = walk.run("When Restante is back");
    assert.match(back, /mx1\/accounts: 4 moments/);
    assert.match(back, /mx1\/everyone_else: 4 moments/);
    assert.match(back, /^whole/m);
    assert.equal(moment("accounts").length, 8);
  });

  test("no command of the page is left out, and restante recovers nothing in it", () => {
    const skipped = blocks.filter((block) => !walk.walked.has(block));
    const needServer = skipped.filter(({ heading }) => heading.startsWith("Back into service"));
    assert.deepEqual(skipped, withoutDovecot === false ? [] : needServer);
    const ours = blocks.filter(({ text }) => /\brestante [a-z]/.test(text));
    assert.deepEqual([...new Set(ours.map(({ heading }) => heading))], ["When Restante is back"]);
  });
});

function siteConfiguration(
  mail: string,
  { repository, password: key }: { readonly repository: string; readonly password: string },
): string {
  return `version: 1
servers:
  mx1: { type: dovecot, path: ${mail}, data_source: live application }
copies:
  here: { layer: operational, path: ${repository}, key: "file:${key}" }
tiers:
  bronze:
    operational: { method: backup to disk, copy: here, lose_at_most: 1 day, back_within: 4 hours, keep: [last 10] }
lines_of_business:
  accounts: { mailboxes: ["billing@*"], tier: bronze }
  everyone else: { mailboxes: ["*"], tier: bronze }
`;
}

/** The corpus's message with this subject into the INBOX; returns its file's name. */
function deliverReal(maildir: string, subject: string): string {
  const mail = openSampleMail({ seed: 1 });
  const isMeant = (index: number): boolean =>
    mail.read(index).toString("latin1").includes(`\nSubject: ${subject}\n`);
  const chosen = Array.from({ length: mail.count }, (_, index) => index).find(isMeant);
  assert.ok(chosen !== undefined, `no message with the subject ${subject}`);
  const folder = MaildirFolder.open(maildir);
  const name = folder.store([mail.read(chosen)], {
    arrival: { timeMs: Date.now(), microseconds: 7, processId: 4711, host: "mx1" },
    flags: "new",
  });
  folder.commit();
  return name;
}

/** Mail belongs to the server's user, where there is one to give it to. */
function own(mail: string): void {
  if (isRoot) execFileSync("chown", ["-R", "65534:65534", mail]);
}

function messagesIn(maildir: string): Map<string, string> {
  const all = [...contentsOfFolder(maildir)];
  return new Map(
    all.filter(([path, what]) => /(?:^|\/)(?:cur|new)\//.test(path) && what !== "directory"),
  );
}

/** Message files of the INBOX alone. */
function readNames(maildir: string): readonly string[] {
  return [...messagesIn(maildir).keys()].filter((path) => /^(?:cur|new)\//.test(path));
}
