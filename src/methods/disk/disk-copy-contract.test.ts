import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CopyGround, copyContract } from "../../copies/copy.contract.ts";
import { quickRepository } from "../../repository/repository.fixture.ts";
import type { RawPath } from "#image";
import { openRepository } from "#repository";
import { directoryStorage } from "#storage";
import { backupToDisk } from "./backup-to-disk.ts";

const losses = ["the copy is deleted", "a moment is removed", "the packs of a moment are gone"];

copyContract("backup to disk", { make: ground, losses });

async function ground(): Promise<CopyGround> {
  const folder = await repositoryFolder();
  const repository = await openRepository(directoryStorage(folder), { password: "secret" });
  let clock = 0n;
  const method = backupToDisk(repository, {
    name: "here",
    reach: "at-hand",
    path: "/var/mail" as RawPath,
    hostname: "mx1",
    workers: 0,
    now: () => 1_700_000_000_000_000_000n + clock++ * 1_000_000_000n,
  });
  /** Packs that came with each moment. */
  const packs = new Map<string, readonly string[]>();
  const [deleted, removed, gone] = losses as [string, string, string];
  return {
    copy: method.copy,
    protect: async (image, group) => {
      const before = new Set(packsIn(folder));
      const { point } = await method.take(image, { group });
      packs.set(
        point.id,
        packsIn(folder).filter((pack) => !before.has(pack)),
      );
      return point;
    },
    losses: [
      {
        name: deleted,
        lose: () => rmSync(folder, { recursive: true, force: true }),
        code: "storage.not-found",
        names: () => folder,
        leaves: "nothing",
      },
      {
        name: removed,
        lose: ({ id }) => rmSync(join(folder, "snapshots", id)),
        code: "methods.moment-gone",
        names: ({ id }) => id.slice(0, 8),
        leaves: "other moments",
      },
      {
        name: gone,
        lose: ({ id }) => {
          for (const pack of packs.get(id) ?? []) rmSync(join(folder, "data", pack));
        },
        code: "image.unlistable",
        names: () => "tree blob",
        leaves: "other moments",
      },
    ],
    [Symbol.asyncDispose]: async () => {
      await repository[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A repository in a folder, whose key is cheap to derive. */
async function repositoryFolder(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "restante-disk-contract-"));
  const from = await quickRepository("secret");
  await using storage = directoryStorage(folder);
  await storage.create();
  for (const type of ["config", "key"] as const)
    for await (const { name } of from.list(type))
      await storage.save({ type, name }, [await from.load({ type, name })]);
  return folder;
}

function packsIn(folder: string): readonly string[] {
  const names = readdirSync(join(folder, "data"), { recursive: true, encoding: "utf8" });
  return names.filter((name) => /^[0-9a-f]{2}\/[0-9a-f]{64}$/.test(name));
}
