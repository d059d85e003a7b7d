import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { isImageError, memoryImage, type MemoryNodes } from "#image";
import { isMailError, openMailStore, type StoredMessage } from "#mail";

const archive = join(import.meta.dirname, "../../../../shared/corpora/corpora.tar.xz");
const hasTools =
  spawnSync("xz", ["--version"]).status === 0 && spawnSync("tar", ["--version"]).status === 0;
const skip = !existsSync(archive)
  ? "the corpora are not there"
  : hasTools
    ? false
    : "tar and xz are missing";

const stores = ["sdbox-u00080", "mdbox-u00080", "mdbox-gz-sis-u00080"] as const;
/** Of each store, a damage each. */
const rounds = 24;

/** Numbers below a limit, the same for one seed. */
class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed | 1;
  }
  below(limit: number): number {
    // xorshift32
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }
}

type Files = ReadonlyMap<string, Buffer>;

describe("damaged stores of the corpora lose what was damaged and nothing else", { skip }, () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "restante-dbox-"));
    const unpacked = spawnSync("tar", ["-xJf", archive, "-C", folder]);
    assert.equal(unpacked.status, 0, String(unpacked.stderr));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const store of stores) {
    test(`${store}: bytes flipped, files cut off, emptied and removed`, async () => {
      const files = filesBelow(findFolder(folder, store));
      const whole = await readAll(files);
      assert.equal(whole.read.size, 154);
      assert.deepEqual(whole.problems, []);
      for (let seed = 1; seed <= rounds; seed++) {
        const random = new Random(seed * 2_654_435_761);
        const damaged = damage(files, random);
        const result = await readAll(damaged.files);
        const what = `seed ${seed}: ${damaged.what}`;
        const lost = [...whole.read].filter(
          ([hash, message]) => !result.read.has(hash) && !isTouched(message, damaged),
        );
        assert.deepEqual(
          lost.map(([, { key }]) => key),
          [],
          `${what}\n${result.problems.join("\n")}`,
        );
        if (result.read.size < whole.read.size)
          assert.ok(result.problems.length + result.failed > 0, `${what}: lost in silence`);
      }
    });
  }

  for (const [what, pattern] of [
    ["all indexes of mailboxes", /dovecot\.index\.log$/],
    ["the map", /dovecot\.map\.index\.log$/],
  ] as const)
    test(`mdbox: with ${what} full of random bytes every message is there`, async () => {
      const files = filesBelow(findFolder(folder, "mdbox-u00080"));
      for (let seed = 1; seed <= rounds; seed++) {
        const random = new Random(seed * 40_503);
        const changed = new Map(files);
        for (const [path, bytes] of files) {
          if (!pattern.test(path)) continue;
          const copy = Buffer.from(bytes);
          for (let flips = random.below(60); flips > 0; flips--)
            copy[random.below(copy.length)] = random.below(256);
          changed.set(path, copy);
        }
        const { read } = await readAll(changed);
        // Perhaps in another mailbox, and without flags.
        assert.equal(read.size, 154, `seed ${seed}`);
      }
    });
});

function findFolder(folder: string, name: string): string {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).find(
    (entry) => entry.isDirectory() && entry.name === name,
  );
  assert.ok(found !== undefined, name);
  return join(found.parentPath, found.name);
}

function filesBelow(folder: string): Files {
  return new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return [path.slice(folder.length + 1), readFileSync(path)] as const;
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

type Read = {
  /** Hash of the content → one message that has it. */
  readonly read: ReadonlyMap<string, StoredMessage>;
  readonly failed: number;
  readonly problems: readonly string[];
};

async function readAll(files: Files): Promise<Read> {
  const nodes: MemoryNodes = Object.fromEntries(files);
  const { accounts, problems } = await openMailStore(memoryImage(nodes));
  const read = new Map<string, StoredMessage>();
  const texts = problems.map(({ message }) => message);
  let failed = 0;
  for (const account of accounts)
    for (const mailbox of await account.mailboxes()) {
      const { messages, problems: found } = await account.messages(mailbox);
      texts.push(
        ...[...mailbox.problems, ...found].map(({ message }) => `${mailbox.name}: ${message}`),
      );
      for (const message of messages)
        try {
          const bytes = Buffer.concat(await Array.fromAsync(account.read(message)));
          read.set(createHash("sha256").update(bytes).digest("hex"), message);
        } catch (error) {
          if (!isMailError(error) && !isImageError(error)) throw error;
          failed++;
        }
    }
  return { read, failed, problems: texts };
}

type Damage = {
  readonly files: Files;
  readonly path: string;
  readonly what: string;
  /** Of the file: which bytes are others now, or gone. */
  readonly touched: (offset: number, end: number) => boolean;
};

function damage(files: Files, random: Random): Damage {
  const names = [...files.keys()].filter(
    (name) => !/cache$|hashes|subscriptions|mailbox\.log/.test(name),
  );
  const path = names[random.below(names.length)] as string;
  const bytes = Buffer.from(files.get(path) as Buffer);
  const changed = new Map(files);
  const kind = random.below(4);
  if (kind === 0) {
    changed.delete(path);
    return { files: changed, path, what: `${path} removed`, touched: () => true };
  }
  if (kind === 1) {
    const length = random.below(bytes.length);
    changed.set(path, bytes.subarray(0, length));
    const touched = (_: number, end: number): boolean => end > length;
    return { files: changed, path, what: `${path} cut off at ${length}`, touched };
  }
  const flipped = new Set<number>();
  for (let count = 1 + random.below(12); count > 0; count--) {
    const offset = random.below(bytes.length);
    bytes[offset] = (bytes[offset] as number) ^ (1 + random.below(255));
    flipped.add(offset);
  }
  changed.set(path, bytes);
  const touched = (offset: number, end: number): boolean =>
    [...flipped].some((at) => at >= offset && at < end);
  return { files: changed, path, what: `${path} flipped at ${[...flipped].join(" ")}`, touched };
}

/** Whether a message's own bytes were damaged: its place in its file, or any attachment. */
function isTouched(message: StoredMessage, { path, touched }: Damage): boolean {
  if (path.includes("attachments/")) return message.sizeBytes > 2000;
  if (path !== message.path) return false;
  if (message.range === undefined) return true;
  return touched(message.range.offset, message.range.offset + message.range.lengthBytes);
}
