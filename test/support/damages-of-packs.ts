/** What can happen to packs, with what is to be said of it. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Damage } from "./damage.ts";
import { change, cut, flip, folderInstead, packOf, pathsIn, rename } from "./damaged-site.ts";

const half = (length: number): number => length >> 1;

const lost = ["error blob-missing"] as const;
export const packDamages: readonly Damage[] = [
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
];
