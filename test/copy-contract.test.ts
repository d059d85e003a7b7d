/**
 * The Copy contract over what keeps copies beyond this machine's disk: tape, and duplicates in another
 * repository, here and over a peer. Backup to disk, clones and deltas run it beside their code.
 */
import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Host } from "#hosts";
import type { RawPath } from "#image";
import { backupToDisk, tapeCopy } from "#methods";
import { duplicateOffsite } from "#offsite";
import { openRepository, type Repository } from "#repository";
import { directoryStorage, type Storage } from "#storage";
import type { RecoveryPoint } from "#copies";
import { type CopyGround, copyContract } from "../src/copies/copy.contract.ts";
import { peerPair } from "../src/hosts/peer-pair.fixture.ts";
import { take, tapes } from "../src/methods/tape/tape.fixture.ts";
import { quickRepository } from "../src/repository/repository.fixture.ts";

const secondNs = 1_000_000_000n;

copyContract("backup to tape", {
  make: tapeGround,
  losses: ["a tape is missing", "the tape was sent to the vault"],
  refusesSecond: "methods.tape-busy",
});

async function tapeGround(): Promise<CopyGround> {
  const place = await tapes({ count: 9, capacityBytes: 40_000_000 });
  const copy = tapeCopy(place.library);
  const barcodes = new Map<string, string>();
  const barcodeOf = ({ id }: RecoveryPoint): string => barcodes.get(id) ?? "";
  return {
    copy,
    protect: async (image, group) => {
      place.nowNs += secondNs;
      // A tape for each moment, so that one of them can be lost.
      const { point } = await take(place, image, { group, rotation: { append: false } });
      const pull = await copy.pullList(point, { nowNs: place.nowNs });
      barcodes.set(point.id, pull.tapes[0]?.barcode ?? "");
      return point;
    },
    losses: [
      {
        name: "a tape is missing",
        lose: (point) => rmSync(join(place.folder, `${barcodeOf(point)}.tap`)),
        code: "methods.tape-not-at-hand",
        names: barcodeOf,
        leaves: "other moments",
      },
      {
        name: "the tape was sent to the vault",
        lose: async (point) => {
          const barcode = barcodeOf(point);
          const { moveTape, parseBarcode } = await import("#methods");
          for (const state of ["ejected", "in-transit", "vault"] as const)
            await moveTape(place.library, {
              barcode: parseBarcode(barcode),
              state,
              atNs: place.nowNs,
              who: "Ada",
              where: "vault",
            });
        },
        code: "methods.tape-not-at-hand",
        names: barcodeOf,
        leaves: "other moments",
      },
    ],
    [Symbol.asyncDispose]: async () => await place[Symbol.asyncDispose](),
  };
}

copyContract("duplicate backup copy, on this machine", {
  make: async () => await duplicateGround(undefined),
  losses: ["the copy is deleted", "a moment is removed"],
});

copyContract("duplicate backup copy, over a peer", {
  make: async () => {
    const pair = peerPair();
    return await duplicateGround(pair);
  },
  losses: ["the copy is deleted", "a moment is removed", "the host is unreachable"],
});

type Link = AsyncDisposable & { readonly host: Host };

async function duplicateGround(link: Link | undefined): Promise<CopyGround> {
  await using disposables = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "restante-copy-contract-"));
  disposables.defer(() => rmSync(folder, { recursive: true, force: true }));
  const far = join(folder, "second-site");
  if (link !== undefined) disposables.use(link);
  const here = disposables.use(
    await openRepository(await quickRepository("one"), { password: "one" }),
  );
  await layOut(far);
  const storage = disposables.use(
    link === undefined ? directoryStorage(far) : await link.host.openStorage(far as RawPath),
  );
  const there = disposables.use(await openRepository(storage, { password: "two" }));
  const ground = groundOf({ here, there, far });
  const held = disposables.move();
  return {
    ...ground,
    losses:
      link === undefined
        ? ground.losses
        : [
            ...ground.losses,
            {
              name: "the host is unreachable",
              lose: async () => await link.host[Symbol.asyncDispose](),
              code: "storage.failed",
              names: () => "twin",
              leaves: "nothing",
            },
          ],
    [Symbol.asyncDispose]: async () => await held.disposeAsync(),
  };
}

/** A repository in a folder, whose key is cheap to derive. */
async function layOut(folder: string): Promise<void> {
  const from: Storage = await quickRepository("two");
  await using storage = directoryStorage(folder);
  await storage.create();
  for (const type of ["config", "key"] as const)
    for await (const { name } of from.list(type))
      await storage.save({ type, name }, [await from.load({ type, name })]);
}

type Sites = { readonly here: Repository; readonly there: Repository; readonly far: string };

function groundOf({ here, there, far }: Sites): Omit<CopyGround, typeof Symbol.asyncDispose> {
  let clock = 0n;
  const now = (): bigint => 1_700_000_000_000_000_000n + clock++ * secondNs;
  const method = backupToDisk(here, {
    name: "here",
    reach: "at-hand",
    path: "/var/mail" as RawPath,
    hostname: "mx1",
    workers: 0,
    now,
  });
  const option = duplicateOffsite({
    from: here,
    to: there,
    name: "vault",
    verify: "data",
    now,
    clockMs: () => 0,
  });
  return {
    copy: option.copy,
    protect: async (image, group) => {
      const { point } = await method.take(image, { group });
      const { sent } = await option.send([point]);
      const [one] = sent;
      if (one === undefined) throw new RangeError("nothing was sent");
      return one.there;
    },
    losses: [
      {
        name: "the copy is deleted",
        lose: () => renameSync(far, `${far}.gone`),
        code: "storage.not-found",
        names: () => "",
        leaves: "nothing",
      },
      {
        name: "a moment is removed",
        lose: ({ id }) => rmSync(join(far, "snapshots", id)),
        code: "offsite.moment-gone",
        names: ({ id }) => id.slice(0, 8),
        leaves: "other moments",
      },
    ],
  };
}
