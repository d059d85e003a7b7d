/** The corpora's Cyrus store: read completely, and then with bytes flipped, files cut off and files gone. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { isImageError, memoryImage } from "#image";
import { openMailStore, type StoredMessage } from "#mail";
import type { FixtureNodes } from "./cyrus.fixture.ts";

const archive = join(import.meta.dirname, "../../../../shared/corpora/corpora.tar.xz");
const skip = existsSync(archive) ? false : "the corpora are not there";

type Mailbox = {
  readonly owner: string | undefined;
  readonly name: string;
  /** Absent: its messages could not be listed, and that was said. */
  readonly messages?: ReadonlyMap<number | undefined, StoredMessage>;
};

/** By the mailbox's unique ID. */
type Store = { readonly mailboxes: ReadonlyMap<string, Mailbox>; readonly problems: number };

async function readStore(nodes: FixtureNodes): Promise<Store> {
  const store = await openMailStore(memoryImage(nodes));
  const mailboxes = new Map<string, Mailbox>();
  let problems = store.problems.length;
  for (const account of store.accounts) {
    for (const { name, path, guid, problems: own } of await account.mailboxes()) {
      problems += own.length;
      const id = guid ?? path;
      assert.ok(!mailboxes.has(id), `${id} is there twice`);
      try {
        const listed = await account.messages({ path });
        problems += listed.problems.length;
        const messages = new Map(listed.messages.map((message) => [message.uid, message]));
        assert.equal(messages.size, listed.messages.length);
        mailboxes.set(id, { owner: account.owner, name, messages });
      } catch (error) {
        if (!isImageError(error)) throw error;
        problems++;
        mailboxes.set(id, { owner: account.owner, name });
      }
    }
  }
  return { mailboxes, problems };
}

type Damage =
  | { readonly kind: "flip"; readonly places: readonly number[]; readonly change: number }
  | { readonly kind: "cut"; readonly place: number }
  | { readonly kind: "remove" };

const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({
    kind: fc.constant("flip" as const),
    places: fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
    change: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({ kind: fc.constant("cut" as const), place: fc.nat() }),
  fc.record({ kind: fc.constant("remove" as const) }),
);

function damaged(nodes: FixtureNodes, file: string, done: Damage): FixtureNodes {
  const bytes = Buffer.from(bytesOf(nodes, file));
  const { [file]: _, ...others } = nodes;
  if (done.kind === "remove") return others;
  if (done.kind === "cut")
    return { ...others, [file]: bytes.subarray(0, done.place % (bytes.length || 1)) };
  for (const place of done.places) {
    if (bytes.length === 0) break;
    const at = place % bytes.length;
    bytes[at] = (bytes[at] as number) ^ done.change;
  }
  return { ...others, [file]: bytes };
}

function bytesOf(nodes: FixtureNodes, file: string): Uint8Array {
  const node = nodes[file];
  return node instanceof Uint8Array ? node : (node as { bytes: Uint8Array }).bytes;
}

describe("the corpora's Cyrus store", { skip }, () => {
  const nodes: FixtureNodes = {};
  let whole: Store;

  before(async () => {
    const folder = mkdtempSync(join(tmpdir(), "restante-corpora-"));
    after(() => rmSync(folder, { recursive: true, force: true }));
    const unpacked = spawnSync("tar", ["-xJf", archive, "-C", folder, "./stores/cyrus"]);
    assert.equal(unpacked.status, 0, String(unpacked.stderr));
    const top = join(folder, "stores/cyrus");
    for (const entry of readdirSync(top, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const mtimeNs = statSync(path, { bigint: true }).mtimeNs;
      nodes[relative(top, path)] = { bytes: readFileSync(path), mtimeNs };
    }
    whole = await readStore(nodes);
  });

  test("is read completely: every message has the digest that the server gave it", async () => {
    assert.equal(whole.problems, 0);
    const files = Object.keys(nodes).filter((path) => /\/[0-9]+\.$/.test(path));
    const messages = [...whole.mailboxes.values()].flatMap((mailbox) => [
      ...(mailbox.messages?.values() ?? []),
    ]);
    assert.deepEqual(messages.map(({ path }) => path as string).toSorted(), files.toSorted());
    assert.ok(files.length > 400 && whole.mailboxes.size > 20);
    const owners = new Set([...whole.mailboxes.values()].map(({ owner }) => owner));
    assert.deepEqual(owners, new Set(["u00040", "u00080"]));
    for (const { path, guid, sizeBytes } of messages) {
      const bytes = bytesOf(nodes, path);
      assert.equal(bytes.length, sizeBytes);
      assert.equal(createHash("sha1").update(bytes).digest("hex"), guid, path);
    }
  });

  /** What is the same in both, but for what `of` looks away from. */
  const assertSame = (
    left: Store,
    options: { readonly except?: string | undefined; readonly names?: boolean } = {},
  ): void => {
    assert.deepEqual([...left.mailboxes.keys()].toSorted(), [...whole.mailboxes.keys()].toSorted());
    for (const [id, mailbox] of whole.mailboxes) {
      const after_ = left.mailboxes.get(id);
      assert.deepEqual([after_?.owner, after_?.name], [mailbox.owner, mailbox.name]);
      if (id !== options.except) assert.deepEqual(after_?.messages, mailbox.messages, id);
    }
  };

  const runs = 60;
  const filesLike = (pattern: RegExp): fc.Arbitrary<string> =>
    fc.nat().map((place) => {
      const files = Object.keys(nodes).filter((path) => pattern.test(path));
      return files[place % files.length] as string;
    });
  const idOf = (file: string): string => file.split("/").at(-2) as string;

  test("a damaged mailboxes.db loses no mailbox, no name and no message", async () => {
    await fc.assert(
      fc.asyncProperty(damage, async (done) => {
        const left = await readStore(damaged(nodes, "config/mailboxes.db", done));
        assertSame(left);
      }),
      { numRuns: 2 * runs },
    );
  });

  test("a damaged cyrus.index loses no message, and flags only of the records that were hit", async () => {
    await fc.assert(
      fc.asyncProperty(filesLike(/cyrus\.index$/), damage, async (file, done) => {
        const left = await readStore(damaged(nodes, file, done));
        const id = idOf(file);
        assertSame(left, { except: id });
        const before_ = whole.mailboxes.get(id)?.messages ?? new Map<number, StoredMessage>();
        const after_ = left.mailboxes.get(id)?.messages;
        assert.ok(left.problems > 0 || done.kind === "flip");
        // Nothing at all is left of an empty mailbox without its index: that is no empty listing.
        if (after_ === undefined) {
          assert.equal(before_.size, 0);
          return;
        }
        assert.deepEqual([...after_.keys()], [...before_.keys()]);
        const changed = [...before_].filter(([uid, { flags }]) => {
          const now = after_.get(uid);
          return now === undefined || flags.join() !== now.flags.join();
        });
        if (done.kind === "flip") assert.ok(changed.length <= done.places.length);
        if (changed.length > 0) assert.ok(left.problems > 0);
      }),
      { numRuns: 2 * runs },
    );
  });

  test("a damaged cyrus.header costs at most the names of keywords", async () => {
    await fc.assert(
      fc.asyncProperty(filesLike(/cyrus\.header$/), damage, async (file, done) => {
        const left = await readStore(damaged(nodes, file, done));
        assertSame(left, { except: idOf(file) });
        const bare = (mailbox: Mailbox | undefined): unknown =>
          [...(mailbox?.messages?.values() ?? [])].map((message) => ({ ...message, keywords: [] }));
        assert.deepEqual(
          bare(left.mailboxes.get(idOf(file))),
          bare(whole.mailboxes.get(idOf(file))),
        );
      }),
      { numRuns: runs },
    );
  });

  test("a damaged message is still listed, and every other is as it was", async () => {
    await fc.assert(
      fc.asyncProperty(filesLike(/\/[0-9]+\.$/), damage, async (file, done) => {
        const left = await readStore(damaged(nodes, file, done));
        const id = idOf(file);
        assertSame(left, { except: id });
        const after_ = left.mailboxes.get(id)?.messages;
        for (const [uid, message] of whole.mailboxes.get(id)?.messages ?? []) {
          if (message.path === file) assert.deepEqual(after_?.get(uid)?.flags, message.flags);
          else assert.deepEqual(after_?.get(uid), message);
        }
        assert.ok(done.kind === "flip" || left.problems > 0);
      }),
      { numRuns: runs },
    );
  });

  test("several files damaged at once: whatever is left is read, and it ends", async () => {
    const one = fc.tuple(filesLike(/./), damage);
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 2, maxLength: 40 }), async (hits) => {
        let left = nodes;
        for (const [file, done] of hits) if (file in left) left = damaged(left, file, done);
        const { mailboxes } = await readStore(left);
        assert.ok(mailboxes.size >= whole.mailboxes.size - hits.length);
      }),
      { numRuns: runs },
    );
  });
});
