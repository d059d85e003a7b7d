/** Every kind of damage that a repository can have, with what is to be said of it. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import {
  blobOf,
  change,
  cut,
  flip,
  folderInstead,
  foreignSnapshot,
  packOf,
  pathsIn,
  rename,
  rewriteIndex,
  saveSealed,
} from "./damaged-site.ts";
import type { Site } from "./recovery-site.ts";

export type Damage = {
  readonly name: string;
  readonly damage: (site: Site) => Promise<unknown> | void;
  /** Code with which the repository cannot even be opened. */
  readonly open?: string;
  /** "severity code" of what verify finds, reading everything. */
  readonly found?: readonly string[];
  /** The same after the repair: what stays lost. Default: nothing. */
  readonly left?: readonly string[];
  /** The same after a capture of the store, which still has all mail. Default: nothing. */
  readonly healed?: readonly string[];
  /** Chance decides whether it hits what a capture itself wrote, which does not come again. */
  readonly mayHitManifest?: boolean;
  /** Some mail of earlier moments is lost even so. Otherwise at most what a capture itself wrote. */
  readonly mailStaysLost?: boolean;
  /** False: restic tries for minutes before it gives up. */
  readonly restic?: boolean;
};

const half = (length: number): number => length >> 1;
const first = (site: Site, folder: string): string => pathsIn(site, folder)[0] as string;

const lost = ["error blob-missing"] as const;
const unreadableLock = ["warning lock-damaged"] as const;
export const damages: readonly Damage[] = [
  {
    name: "config missing",
    damage: (site) => rmSync(join(site.repository, "config")),
    open: "repository.not-found",
  },
  {
    name: "config damaged",
    damage: (site) => flip(join(site.repository, "config"), half),
    open: "repository.damaged",
  },
  {
    name: "config empty",
    damage: (site) => cut(join(site.repository, "config"), () => 0),
    open: "repository.damaged",
  },
  {
    name: "a folder in the place of config",
    damage: (site) => folderInstead(join(site.repository, "config")),
    open: "storage.failed",
    restic: false,
  },
  {
    name: "key missing",
    damage: (site) => rmSync(first(site, "keys")),
    open: "repository.damaged",
  },
  {
    name: "key damaged",
    damage: (site) => flip(first(site, "keys"), half),
    open: "repository.damaged",
  },
  {
    name: "key truncated",
    damage: (site) => cut(first(site, "keys"), half),
    open: "repository.damaged",
  },
  {
    name: "key empty",
    damage: (site) => cut(first(site, "keys"), () => 0),
    open: "repository.damaged",
  },
  {
    name: "a folder in the place of a key",
    damage: (site) => folderInstead(first(site, "keys")),
    open: "repository.damaged",
    restic: false,
  },
  {
    name: "a key damaged beside a sound one",
    damage: (site) => writeFileSync(join(site.repository, "keys", "5".repeat(64)), "{"),
    found: ["warning key-damaged"],
    left: ["warning key-damaged"],
    healed: ["warning key-damaged"],
  },
  {
    name: "index damaged",
    damage: (site) => flip(first(site, "index"), half),
    found: ["error blob-missing", "error index-damaged", "warning pack-unreferenced"],
  },
  {
    name: "index truncated",
    damage: (site) => cut(first(site, "index"), half),
    found: ["error blob-missing", "error index-damaged", "warning pack-unreferenced"],
  },
  {
    name: "index missing",
    damage: (site) => rmSync(first(site, "index")),
    found: ["error blob-missing", "warning pack-unreferenced"],
  },
  {
    name: "all indexes missing",
    damage: (site) => {
      for (const p of pathsIn(site, "index")) rmSync(p);
    },
    found: ["error blob-missing", "warning pack-unreferenced"],
  },
  {
    name: "index empty",
    damage: (site) => cut(first(site, "index"), () => 0),
    found: ["error blob-missing", "error index-damaged", "warning pack-unreferenced"],
  },
  {
    name: "a folder in the place of an index",
    damage: (site) => folderInstead(first(site, "index")),
    found: ["error blob-missing", "warning pack-unreferenced"],
    restic: false,
  },
  {
    name: "index with empty JSON",
    damage: async (site) => rewriteIndex(site, basename(first(site, "index")), () => ({})),
    found: ["error blob-missing", "warning pack-unreferenced"],
  },
  {
    name: "index with empty JSON beside the others",
    damage: async (site) => saveSealed(site, "index", "{}"),
    found: [],
  },
  {
    name: "index that is no index",
    damage: async (site) =>
      rewriteIndex(site, basename(first(site, "index")), () => ({ packs: 7 })),
    found: ["error blob-missing", "error index-damaged", "warning pack-unreferenced"],
  },
  {
    name: "index names a pack that is not there",
    damage: async (site) =>
      saveSealed(
        site,
        "index",
        JSON.stringify({
          packs: [
            {
              id: "e".repeat(64),
              blobs: [{ id: "f".repeat(64), type: "data", offset: 0, length: 100 }],
            },
          ],
        }),
      ),
    found: ["error pack-missing"],
  },
  {
    name: "index with a blob at a wrong offset",
    damage: async (site) =>
      rewriteIndex(site, (await packOf(site, "data")).indexName, (json) => {
        blobOf(json, { type: "data", at: 1 }).offset += 7;
        return json;
      }),
    found: ["error blob-damaged", "error blob-missing", "error index-wrong"],
  },
  {
    name: "index with a blob of a wrong length",
    damage: async (site) =>
      rewriteIndex(site, (await packOf(site, "tree")).indexName, (json) => {
        blobOf(json, { type: "tree", at: 0 }).length -= 3;
        return json;
      }),
    found: ["error blob-damaged", "error index-wrong", "error tree-damaged"],
  },
  {
    name: "index without a blob that the pack has",
    damage: async (site) =>
      rewriteIndex(site, (await packOf(site, "data")).indexName, (json) => {
        json.packs.find(({ blobs }) => blobs[0]?.type === "data")?.blobs.pop();
        return json;
      }),
    found: ["error blob-missing", "warning index-wrong"],
  },
  {
    name: "data pack missing",
    damage: async (site) => rmSync((await packOf(site, "data")).path),
    found: ["error blob-missing", "error pack-missing"],
    left: lost,
    healed: lost,
  },
  {
    name: "tree pack missing",
    mailStaysLost: true,
    damage: async (site) => rmSync((await packOf(site, "tree")).path),
    found: ["error pack-missing", "error tree-damaged"],
    left: lost,
    healed: lost,
  },
  {
    name: "a folder in the place of a pack",
    damage: async (site) => folderInstead((await packOf(site, "data")).path),
    found: ["error blob-missing", "error pack-missing"],
    left: lost,
    healed: lost,
    restic: false,
  },
  {
    name: "pack cut within its header",
    damage: async (site) => cut((await packOf(site, "data")).path, (length) => length - 30),
    found: ["error pack-damaged"],
  },
  {
    name: "pack cut within a blob",
    mayHitManifest: true,
    damage: async (site) => cut((await packOf(site, "data")).path, half),
    found: ["error blob-damaged", "error blob-missing", "error pack-damaged"],
    left: lost,
  },
  {
    name: "tree pack cut within a blob",
    mailStaysLost: true,
    damage: async (site) => cut((await packOf(site, "tree")).path, half),
    found: ["error blob-damaged", "error pack-damaged", "error tree-damaged"],
    left: lost,
    healed: lost,
  },
  {
    name: "pack empty",
    damage: async (site) => cut((await packOf(site, "data")).path, () => 0),
    found: ["error blob-damaged", "error blob-missing", "error pack-damaged"],
    left: lost,
    healed: lost,
  },
  {
    name: "one bit flipped in a data blob",
    mayHitManifest: true,
    damage: async (site) => flip((await packOf(site, "data")).path, half),
    found: ["error blob-damaged", "error blob-missing", "error pack-damaged"],
    left: lost,
  },
  {
    name: "one bit flipped in a tree blob",
    damage: async (site) => flip((await packOf(site, "tree")).path, () => 40),
    found: ["error blob-damaged", "error pack-damaged", "error tree-damaged"],
    left: lost,
  },
  {
    name: "one bit flipped in a pack's header",
    damage: async (site) => flip((await packOf(site, "data")).path, (length) => length - 40),
    found: ["error pack-damaged"],
  },
  {
    name: "one bit flipped in the length of a pack's header",
    damage: async (site) => flip((await packOf(site, "data")).path, (length) => length - 4),
    found: ["error pack-damaged"],
  },
  {
    name: "bytes appended to a pack",
    damage: async (site) =>
      change((await packOf(site, "data")).path, (bytes) =>
        Buffer.concat([bytes, Buffer.from("and more")]),
      ),
    found: ["error pack-damaged"],
  },
  {
    name: "pack under another's name",
    mailStaysLost: true,
    damage: async (site) => {
      const [a, b] = [(await packOf(site, "data")).path, (await packOf(site, "tree")).path];
      rename(a, b);
    },
    found: [
      "error blob-damaged",
      "error blob-missing",
      "error index-wrong",
      "error pack-damaged",
      "error pack-missing",
      "error tree-damaged",
    ],
    left: lost,
    healed: lost,
  },
  {
    name: "pack under a name that no index knows",
    damage: async (site) => {
      const { path } = await packOf(site, "data");
      mkdirSync(join(site.repository, "data", "aa"), { recursive: true });
      rename(path, join(site.repository, "data", "aa", "a".repeat(64)));
    },
    found: ["error blob-missing", "error pack-missing", "warning pack-unreferenced"],
  },
  {
    name: "damaged pack and no index",
    damage: async (site) => {
      flip((await packOf(site, "data")).path, half);
      for (const p of pathsIn(site, "index")) rmSync(p);
    },
    found: ["error blob-missing", "warning pack-unreferenced"],
    left: lost,
  },
  {
    name: "pack without a header and no index",
    damage: async (site) => {
      flip((await packOf(site, "data")).path, (length) => length - 40);
      for (const p of pathsIn(site, "index")) rmSync(p);
    },
    found: ["error blob-missing", "warning pack-unreferenced"],
    left: ["error blob-missing", "warning pack-unreferenced"],
    healed: ["error blob-missing", "warning pack-unreferenced"],
  },
  {
    name: "snapshot damaged",
    mailStaysLost: true,
    damage: (site) => flip(first(site, "snapshots"), half),
    found: ["error snapshot-damaged"],
    left: ["error snapshot-damaged"],
    healed: ["error snapshot-damaged"],
  },
  {
    name: "snapshot empty",
    mailStaysLost: true,
    damage: (site) => cut(first(site, "snapshots"), () => 0),
    found: ["error snapshot-damaged"],
    left: ["error snapshot-damaged"],
    healed: ["error snapshot-damaged"],
  },
  {
    name: "a folder in the place of a snapshot",
    mailStaysLost: true,
    damage: (site) => folderInstead(first(site, "snapshots")),
    found: [],
    restic: false,
  },
  {
    name: "snapshot that is none",
    damage: async (site) => saveSealed(site, "snapshot", "[1]"),
    found: ["error snapshot-damaged"],
    left: ["error snapshot-damaged"],
    healed: ["error snapshot-damaged"],
  },
  {
    name: "snapshot of a tree that is not there",
    damage: async (site) => foreignSnapshot(site, () => "d".repeat(64)),
    found: lost,
    left: lost,
    healed: lost,
  },
  {
    name: "tree that is not JSON",
    damage: async (site) =>
      foreignSnapshot(site, (store) => store(Buffer.from('{"nodes":[{"na'), "tree")),
    found: ["error tree-damaged"],
    left: ["error tree-damaged"],
    healed: ["error tree-damaged"],
  },
  {
    name: "tree with nodes that are none",
    damage: async (site) =>
      foreignSnapshot(site, (store) => store(Buffer.from('{"nodes":[7]}'), "tree")),
    found: ["error tree-damaged"],
    left: ["error tree-damaged"],
    healed: ["error tree-damaged"],
  },
  {
    name: "file of a content that is unknown",
    damage: async (site) =>
      foreignSnapshot(site, (store) =>
        store(
          Buffer.from(
            `{"nodes":[{"name":"x","type":"file","mode":420,"size":5,"content":["${"c".repeat(64)}"]}]}\n`,
          ),
          "tree",
        ),
      ),
    found: lost,
    left: lost,
    healed: lost,
  },
  {
    name: "lock damaged",
    damage: async (site) => {
      await saveSealed(site, "lock", "{}");
      flip(first(site, "locks"), half);
    },
    found: unreadableLock,
    left: unreadableLock,
    healed: unreadableLock,
  },
  {
    name: "lock empty",
    damage: (site) => writeFileSync(join(site.repository, "locks", "1".repeat(64)), ""),
    found: unreadableLock,
    left: unreadableLock,
    healed: unreadableLock,
  },
  {
    name: "a folder in the place of a lock",
    damage: (site) => mkdirSync(join(site.repository, "locks", "1".repeat(64))),
    restic: false,
  },
  {
    name: "names that are not hexadecimal",
    damage: (site) => {
      mkdirSync(join(site.repository, "data/00"), { recursive: true });
      for (const folder of ["keys", "index", "snapshots", "locks", "data", "data/00"])
        writeFileSync(join(site.repository, folder, "notes.txt"), "x");
    },
  },
];
