/** What restic itself stores, byte for byte: its trees and its chunks. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { directoryStorage } from "#storage";
import { openBlobReader } from "./blob-reader.ts";
import { collect, fixedKey, pseudoRandom } from "./repository.fixture.ts";
import { openSealer, sha256Hex } from "./crypto.ts";
import { findMasterKey, saveKey } from "./key-file.ts";
import { loadConfig } from "./repository-config.ts";
import { noCache } from "./local-cache.ts";
import { assertSameFolder } from "./tree-folder.fixture.ts";
import { entryOfNode, listingOfNodes, parseTree } from "./parse-tree.ts";
import { openPieceSplitter } from "./piece-splitter.ts";
import type { RepositoryCore } from "./repository-core.ts";
import { encodeNode, encodeTree } from "./tree.ts";

const skip = spawnSync("restic", ["version"]).status === 0 ? false : "restic is not installed";
const password = "geheim";
const folder = mkdtempSync(join(tmpdir(), "restante-format-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function restic(
  repository: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): void {
  const { status, stderr } = spawnSync("restic", ["-r", repository, "--no-cache", ...args], {
    env: { ...process.env, RESTIC_PASSWORD: password, ...env },
  });
  assert.equal(status, 0, String(stderr));
}

async function openCore(place: string): Promise<RepositoryCore> {
  const storage = directoryStorage(place);
  const { masterKey } = await findMasterKey(storage, { password });
  const sealer = openSealer(masterKey);
  const { id, version, polynomial } = await loadConfig(storage, sealer);
  return { id, masterKey, polynomial, cache: noCache, context: { storage, sealer, version } };
}

/** Names of every kind: each byte, every plane of Unicode, Go's escapes, IMAP's and JSON's. */
function nastyNames(): Buffer[] {
  const names: Buffer[] = [];
  for (let byte = 1; byte < 256; byte++) {
    if (byte !== 0x2f) names.push(Buffer.from([0x61, byte]), Buffer.from([byte, byte, 0x7a]));
  }
  const runes = [
    0x80, 0xa0, 0xad, 0x378, 0x600, 0x200b, 0x2028, 0x2029, 0x202e, 0xd7ff, 0xe000, 0xfeff, 0xfffd,
    0xffff, 0x1f4e7, 0xe0001, 0xf0000, 0x10ffff,
  ];
  for (const rune of runes) names.push(Buffer.from(`r${String.fromCodePoint(rune)}`, "utf8"));
  for (let seed = 0; seed < 150; seed++) {
    const bytes = pseudoRandom(3 + (seed % 40), seed).filter((byte) => byte !== 0 && byte !== 0x2f);
    names.push(Buffer.concat([Buffer.from("q"), bytes]));
  }
  for (const text of [".&BB0EMA-", '"\\', "\\x41", "<>&'", '{"name":"a",', "a".repeat(255)])
    names.push(Buffer.from(text));
  return names;
}

describe("trees that restic wrote", { skip, concurrency: false }, () => {
  const place = join(folder, "repository");
  before(() => restic(place, ["init"]));

  for (const [number, zone] of [
    "UTC",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "America/St_Johns",
  ].entries()) {
    test(`are written again to the same bytes, with TZ=${zone}`, async () => {
      const source = join(folder, `source-${number}`);
      mkdirSync(source);
      for (const [n, name] of nastyNames().entries()) {
        const options = { mode: [0o600, 0o4755, 0o2640, 0o000][n % 4] as number };
        writeFileSync(Buffer.concat([Buffer.from(`${source}/`), name]), "x".repeat(n % 3), options);
      }
      mkdirSync(`${source}/none`);
      symlinkSync("some<&>\u2028where", `${source}/link`);
      const times = [
        "@0",
        "@-1.5",
        "@1600000000.1",
        "@1300000000.123456789",
        "@4000000000.00000001",
      ];
      for (const [n, time] of times.entries()) {
        writeFileSync(`${source}/time${n}`, "");
        assert.equal(spawnSync("touch", ["-d", time, `${source}/time${n}`]).status, 0);
      }
      restic(place, ["backup", source], { TZ: zone });
      const reader = await openBlobReader(await openCore(place));
      const index = await reader.wholeIndex();
      let nodes = 0;
      for (let blob = 0; blob < index.length; blob++) {
        if (index.typeOf(blob) !== "tree") continue;
        const id = index.idOf(blob);
        const bytes = await reader.read(id, { type: "tree" });
        const parsed = parseTree(bytes, "tree");
        const again = encodeTree(parsed.map(encodeNode));
        assert.equal(again.toString("latin1"), Buffer.from(bytes).toString("latin1"));
        assert.equal(sha256Hex(again), Buffer.from(id).toString("hex"));
        assert.ok(parsed.every((record) => entryOfNode(record) !== undefined));
        // restic's order is ours.
        const { listing } = listingOfNodes(parsed, () => assert.fail());
        assert.deepEqual(
          listing.names,
          parsed.map((record) => entryOfNode(record)?.name),
        );
        assertSameFolder(bytes);
        nodes += parsed.length;
      }
      assert.ok(nodes > nastyNames().length);
    });
  }
});

describe("files that restic cut", { skip, concurrency: false }, () => {
  for (const polynomial of [0x3da3358b4dc173n, 0x2482734cacca49n]) {
    test(`are cut alike with polynomial ${polynomial.toString(16)}`, async () => {
      const place = join(folder, `cut-${polynomial.toString(16)}`);
      const storage = directoryStorage(place);
      await storage.create();
      const masterKey = fixedKey();
      await saveKey(storage, { password, masterKey, username: "u", hostname: "h", nowNs: 0n });
      const config = {
        version: 2,
        id: "1".repeat(64),
        chunker_polynomial: polynomial.toString(16),
      };
      const sealed = openSealer(masterKey).seal(Buffer.from(JSON.stringify(config)));
      await storage.save({ type: "config", name: "" }, [sealed]);
      const files = [
        pseudoRandom(20 << 20, 23),
        Buffer.alloc((17 << 20) + 3),
        Buffer.alloc(9 << 20, "mail\n"),
        pseudoRandom(524_288, 1),
      ];
      const source = join(folder, `large-${polynomial.toString(16)}`);
      mkdirSync(source);
      for (const [n, bytes] of files.entries()) writeFileSync(join(source, `${n}`), bytes);
      restic(place, ["backup", source]);
      const reader = await openBlobReader(await openCore(place));
      const index = await reader.wholeIndex();
      const splitter = openPieceSplitter(polynomial);
      let found = 0;
      for (let blob = 0; blob < index.length; blob++) {
        if (index.typeOf(blob) !== "tree") continue;
        for (const node of parseTree(
          await reader.read(index.idOf(blob), { type: "tree" }),
          "tree",
        )) {
          if (node.type !== "file") continue;
          const pieces = collect((onPiece) =>
            splitter.splitWhole("other", files[Number(node.quotedName)]!, onPiece),
          );
          assert.deepEqual(pieces.map(sha256Hex), node.content);
          found++;
        }
      }
      assert.equal(found, files.length);
    });
  }
});
