/**
 * Frozen stores of every format of a real Dovecot: our reader's listing before against the server's
 * after. `doveadm force-resync` exits with 0 also where it dropped a message.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { rawPathFromText } from "#image";
import { dovecotValidator, storeValidator, type Validator } from "#servers";
import { hotSplitSource } from "#sources";
import { plainCopies } from "#snapshots";
import { dovecotConfiguration, withoutDovecot } from "./support/dovecot.ts";

const isRoot = process.geteuid?.() === 0;
const owner = isRoot ? { uid: 65_534, gid: 65_534 } : {};
const base = mkdtempSync(join(tmpdir(), "restante-validate-"));
chmodSync(base, 0o755);
after(() => {
  spawnSync("chattr", ["-R", "-f", "-i", base]);
  rmSync(base, { recursive: true, force: true });
});

const formats = ["maildir", "sdbox", "mdbox"] as const;
type Format = (typeof formats)[number];

/** A store that doveadm filled, without a server. */
class Store {
  readonly folder: string;
  readonly store: string;
  readonly work: string;
  readonly format: Format;

  constructor(format: Format) {
    this.format = format;
    this.folder = mkdtempSync(join(base, `${format}-`));
    this.store = join(this.folder, "store");
    this.work = join(this.folder, "work");
    chmodSync(this.folder, 0o755);
    mkdirSync(this.store);
    // As the state folder is: nobody else passes it.
    mkdirSync(this.work, { mode: 0o700 });
    for (const name of ["run", "state"]) mkdirSync(join(this.folder, name));
    if (isRoot) chownSync(this.store, 65_534, 65_534);
    const configuration = dovecotConfiguration(this.folder).replace(/^log_path.*$/m, "");
    writeFileSync(join(this.folder, "dovecot.conf"), configuration);
  }

  doveadm(words: readonly string[], { input = "", store = this.store } = {}): string {
    const location = `mail_location=${this.format}:${store}`;
    const { status, stdout, stderr } = spawnSync(
      "doveadm",
      ["-c", join(this.folder, "dovecot.conf"), "-o", location, ...words],
      { input, env: { PATH: "/usr/sbin:/usr/bin:/bin", HOME: store, USER: "restante" }, ...owner },
    );
    assert.equal(status, 0, `doveadm ${words.join(" ")}: ${stderr.toString()}`);
    return stdout.toString();
  }

  fill(): this {
    for (const name of ["Archive", "Sent"]) this.doveadm(["mailbox", "create", name]);
    for (let number = 1; number <= 8; number++) {
      const body = `line ${number}\n`.repeat(number * 40);
      const message = `From: a@example.test\nSubject: message ${number}\n\n${body}`;
      const mailbox = number % 3 === 0 ? "Archive" : "INBOX";
      this.doveadm(["save", "-m", mailbox], { input: message });
    }
    this.doveadm(["flags", "add", "\\Seen $Work", "mailbox", "INBOX", "uid", "2"]);
    this.doveadm(["copy", "Sent", "mailbox", "INBOX", "uid", "1:2"]);
    this.doveadm(["expunge", "mailbox", "INBOX", "uid", "3"]);
    return this;
  }

  async validate(validator: Validator): Promise<number> {
    const source = hotSplitSource({
      provider: plainCopies(),
      workFolder: rawPathFromText(this.work),
      validators: [validator],
      repeat: 1,
    });
    await using image = await source.stableImage({ folder: rawPathFromText(this.store) });
    const [validation] = image.evidence?.validations ?? [];
    assert.deepEqual(validation?.findings, []);
    return validation.messages;
  }

  /** What holds the message that was stored last. */
  lastMessage(): string {
    const pattern = { maildir: /(?:cur|new)\/.*S=/, sdbox: /\/u\.\d+$/, mdbox: /\/m\.\d+$/ }[
      this.format
    ];
    const files = readdirSync(this.store, { recursive: true, encoding: "utf8" })
      .map((name) => join(this.store, name))
      .filter((path) => pattern.test(path) && statSync(path).isFile());
    const largest = files.toSorted((a, b) => statSync(b).size - statSync(a).size)[0];
    return largest ?? assert.fail("there is no message");
  }

  /** Empties or truncates that message. */
  damage(kind: "emptied" | "truncated"): void {
    const file = this.lastMessage();
    const bytes = readFileSync(file);
    // In a file of many messages the last one begins with its header's marks.
    const start = this.format === "mdbox" ? bytes.lastIndexOf("\x01\x02N") : 0;
    truncateSync(file, kind === "emptied" ? start : start + Math.floor((bytes.length - start) / 2));
  }
}

for (const format of formats) {
  test(
    `${format}: a whole store is usable, with every message that the server counts`,
    { skip: withoutDovecot },
    async () => {
      const store = new Store(format).fill();
      const listed = store.doveadm(["-f", "tab", "fetch", "uid", "mailbox", "*", "all"]);
      const count = listed.trim().split("\n").length - 1;
      assert.equal(count, 9);
      assert.equal(await store.validate(dovecotValidator()), count);
      assert.equal(await store.validate(storeValidator()), count);
    },
  );

  for (const kind of ["emptied", "truncated"] as const) {
    test(
      `${format}: an image with a message that was ${kind} is refused, although force-resync exits with 0`,
      { skip: withoutDovecot },
      async () => {
        const store = new Store(format).fill();
        store.damage(kind);
        const copy = join(store.folder, "copy");
        cpSync(store.store, copy, { recursive: true, preserveTimestamps: true });
        if (isRoot) spawnSync("chown", ["-R", "65534:65534", copy]);
        // Throws unless it exits with 0.
        store.doveadm(["force-resync", "*"], { store: copy });
        for (const validator of [dovecotValidator(), storeValidator()]) {
          await assert.rejects(store.validate(validator), (error: Error & { code?: string }) => {
            assert.equal(error.code, "source.split-unusable", error.message);
            return true;
          });
        }
      },
    );
  }
}
