/** A journal whose folder is lost opens any moment from the copy, of which restic finds nothing wrong. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { recoveryPointOf, snapshotsCopy } from "#copies";
import { openDirectoryImage, type RawPath, rawPathFromText, readAll } from "#image";
import {
  type FileState,
  formatBaseName,
  openJournal,
  openShippedJournal,
  shipSegments,
} from "#journal";
import { continuousCopy } from "#methods";
import { initRepository, isMoment, openRepository } from "#repository";
import { directoryStorage } from "#storage";
import "../src/repository/cheap-keys.fixture.ts";
import {
  restic,
  resticPassword as password,
  temporaryFolder,
  unpackCorpora,
  withoutCorpora,
  withoutRestic,
} from "./support/restic.ts";

const second = 1_000_000_000n;
const startNs = 1_764_160_000n * second;
const group = "mail";

function stateOf(mtimeNs: bigint): FileState {
  const times = { mtimeNs, ctimeNs: mtimeNs, inode: 9n, links: 1 };
  return { type: "file", mode: 0o600, uid: 0, gid: 0, ...times };
}

function messagesIn(folder: string): readonly Buffer[] {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => statSync(path).size > 4096)
    .toSorted()
    .slice(0, 60)
    .map((path) => readFileSync(path));
}

test(
  "a lost journal's moments open from the copy, and mail that the copy has is stored once",
  { skip: withoutRestic || withoutCorpora },
  async () => {
    using folder = temporaryFolder();
    const at = (name: string): string => join(folder.path, name);
    const messages = messagesIn(unpackCorpora("mail", at("corpora")));
    assert.ok(messages.length > 20);
    mkdirSync(join(at("store"), "cur"), { recursive: true });
    let nowNs = startNs;
    const now = (): bigint => (nowNs += second);
    const storage = directoryStorage(at("copy"));
    await initRepository(storage, { password });
    await using repository = await openRepository(storage, { password });
    const capture = async (): Promise<string> => {
      await using image = await openDirectoryImage(rawPathFromText(at("store")), { clock: now });
      const path = rawPathFromText(at("store"));
      const taken = { path, group, hostname: "mx1", workers: 0, now };
      return (await repository.capture(image, taken)).snapshot.id;
    };
    const journalFolder = at("journal");
    let deliveredBytes = 0;
    {
      await using journal = await openJournal({
        folder: journalFolder,
        secret: { key: Buffer.alloc(64, 3) },
        group,
        clock: now,
      });
      const fromNs = now();
      const id = formatBaseName({ copy: "copy", moment: await capture() });
      journal.append({ type: "mark", name: "base", id, fromNs }, now());
      for (const [number, bytes] of messages.entries()) {
        const atNs = now();
        const path = `cur/${number}` as RawPath;
        writeFileSync(join(at("store"), path), bytes);
        const content = journal.store(bytes, atNs);
        const { length: sizeBytes } = bytes;
        journal.append({ type: "put", path, state: stateOf(atNs), sizeBytes, content }, atNs);
        deliveredBytes += bytes.length;
      }
      await journal.close();
      await capture();
      const shipped = await shipSegments(journal, { repository, hostname: "mx1", now });

      assert.equal(shipped.segments, 1);
      // What is told of in the records, and headers that a base has in one blob with others.
      assert.ok(
        shipped.bytesAdded < deliveredBytes / 5,
        `${shipped.bytesAdded} of ${deliveredBytes} bytes were not in the copy`,
      );
    }
    rmSync(journalFolder, { recursive: true });
    const copy = snapshotsCopy(repository, {
      name: "copy",
      reach: "at-hand",
      method: "backup to disk",
      momentGone: () => assert.fail("it is there"),
    });
    const moments = await copy.moments(group);
    assert.equal(moments.length, 2);
    const snapshots = await repository.snapshots();
    assert.deepEqual(moments, snapshots.filter(isMoment).map(recoveryPointOf));
    await using journal = await openShippedJournal(repository, group);
    assert.ok(journal !== undefined);
    const bases = [{ copy, moments: moments.slice(0, 1) }];
    const continuous = continuousCopy({ name: "journal", journal, bases });
    const records = await Array.fromAsync(journal.read({ withoutData: true }));
    const tenth = records.find(({ event }) => event.type === "put" && event.path === "cur/10");
    const found = await continuous.momentAt(tenth?.atNs ?? 0n);
    assert.ok("point" in found, "reason" in found ? found.reason : "");
    await using image = await continuous.open(found.point);
    const listing = await image.list("cur" as RawPath);
    assert.equal(listing.length, 11);
    for (const [number, bytes] of messages.slice(0, 11).entries()) {
      const read = await readAll(image, `cur/${number}` as RawPath);
      assert.ok(Buffer.from(read).equals(bytes));
    }
    restic(at("copy"), ["check", "--read-data"]);
  },
);
