import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { memoryImage, readAll, type RawPath, walkImage } from "#image";
import { type FileType, type Storage, fileTypes, memoryStorage } from "#storage";
import { openRepository } from "./open-repository.ts";
import type { Repository } from "./repository.ts";
import { pseudoRandom, quickRepository } from "./repository.fixture.ts";
import type { VerifyFinding } from "./verify-report.ts";

const password = "geheim";
const files: Readonly<Record<string, Buffer>> = {
  "a/one": Buffer.from("first file"),
  "b/two": pseudoRandom(2_000_000, 1),
  "b/three": Buffer.from("third file"),
};

/** A second storage with the same files, so that each test damages its own. */
async function copyOf(storage: Storage): Promise<Storage> {
  const copy = memoryStorage();
  await copy.create();
  for (const type of fileTypes) {
    for await (const { name } of storage.list(type))
      await copy.save({ type, name }, [await storage.load({ type, name })]);
  }
  return copy;
}

async function replace(
  storage: Storage,
  type: FileType,
  name: string,
  change: (bytes: Buffer) => Buffer,
): Promise<void> {
  const bytes = Buffer.from(await storage.load({ type, name }));
  await storage.remove({ type, name });
  await storage.save({ type, name }, [change(bytes)]);
}

async function list(
  storage: Storage,
  type: FileType,
): Promise<{ name: string; sizeBytes: number }[]> {
  const found: { name: string; sizeBytes: number }[] = [];
  for await (const file of storage.list(type)) found.push(file);
  return found.toSorted((a, b) => b.sizeBytes - a.sizeBytes);
}

describe("verify", () => {
  let sound: Storage;
  before(async () => {
    sound = await quickRepository(password);
    await using repository = await openRepository(sound, { password });
    await repository.capture(memoryImage(files), {
      path: "/srv" as RawPath,
      group: "g",
      hostname: "h",
      workers: 0,
      now: () => 1_763_892_000_000_000_000n,
    });
  });

  async function damaged(
    damage: (storage: Storage) => Promise<void>,
    use: (
      repository: Repository,
      codes: (findings: readonly VerifyFinding[]) => string[],
    ) => Promise<void>,
  ): Promise<void> {
    const storage = await copyOf(sound);
    await damage(storage);
    const repository = await openRepository(storage, { password });
    await use(repository, (findings) =>
      [...new Set(findings.map(({ severity, code }) => `${severity} ${code}`))].toSorted(),
    );
  }

  /** Files that still come out, of those that the moment lists. */
  async function readable(repository: Repository): Promise<string[]> {
    const [snapshot] = await repository.snapshots();
    const image = await repository.image(snapshot!);
    const found: string[] = [];
    for await (const { path, entry } of walkImage(image, "" as RawPath, {
      onProblem: () => undefined,
    })) {
      if (entry.type !== "file") continue;
      const bytes = await readAll(image, path).catch(() => undefined);
      if (bytes !== undefined && files[path]?.equals(bytes)) found.push(path);
    }
    return found.toSorted();
  }

  test("finds nothing in a sound repository and counts what it read", async () => {
    await damaged(
      async () => undefined,
      async (repository) => {
        const report = await repository.verify({ readData: true });
        assert.deepEqual(report.findings, []);
        assert.equal(report.snapshots, 1);
        assert.equal(report.packs, 2);
        assert.ok(report.bytesRead > 2_000_000);
        assert.equal((await repository.verify()).bytesRead, 0);
        assert.deepEqual(await readable(repository), Object.keys(files).toSorted());
      },
    );
  });

  test("a flipped bit within a pack costs the files it hits and no others", async () => {
    await damaged(
      async (storage) => {
        const [pack] = await list(storage, "data");
        await replace(storage, "data", pack!.name, (bytes) => {
          bytes[bytes.length >> 1]! ^= 4;
          return bytes;
        });
      },
      async (repository, codes) => {
        assert.deepEqual((await repository.verify()).findings, []);
        const { findings } = await repository.verify({ readData: true });
        assert.deepEqual(codes(findings), [
          "error blob-damaged",
          "error blob-missing",
          "error pack-damaged",
        ]);
        const lost = findings.filter(({ code }) => code === "blob-missing").map(({ path }) => path);
        assert.deepEqual(lost, ["/srv/b/two"]);
        assert.deepEqual(await readable(repository), ["a/one", "b/three"]);
      },
    );
  });

  test("a pack that was cut short is noticed without reading it", async () => {
    await damaged(
      async (storage) => {
        const [pack] = await list(storage, "data");
        await replace(storage, "data", pack!.name, (bytes) => bytes.subarray(0, 1000));
      },
      async (repository, codes) => {
        const { findings } = await repository.verify();
        assert.deepEqual(codes(findings), ["error blob-missing", "error pack-damaged"]);
        assert.ok(findings.some(({ path }) => path === "/srv/b/two"));
      },
    );
  });

  for (const [kind, at] of [
    ["data", 0],
    ["tree", 1],
  ] as const) {
    test(`a ${kind} pack that is gone is named, and what it takes with it`, async () => {
      await damaged(
        async (storage) => {
          const pack = (await list(storage, "data"))[at];
          await storage.remove({ type: "data", name: pack!.name });
        },
        async (repository, codes) => {
          const found = codes((await repository.verify({ readData: true })).findings);
          assert.ok(found.includes("error pack-missing"));
          assert.ok(found.includes(kind === "data" ? "error blob-missing" : "error tree-damaged"));
        },
      );
    });
  }

  test("an index that is damaged or gone is reported, and verification goes on", async () => {
    for (const damage of ["damage", "remove"] as const) {
      await damaged(
        async (storage) => {
          const [index] = await list(storage, "index");
          if (damage === "remove") await storage.remove({ type: "index", name: index!.name });
          else await replace(storage, "index", index!.name, (bytes) => bytes.subarray(1));
        },
        async (repository, codes) => {
          const found = codes((await repository.verify()).findings);
          assert.deepEqual(found, [
            "error blob-missing",
            ...(damage === "damage" ? ["error index-damaged"] : []),
            "warning pack-unreferenced",
          ]);
        },
      );
    }
  });

  test("a snapshot that is damaged is reported", async () => {
    await damaged(
      async (storage) => {
        const [snapshot] = await list(storage, "snapshot");
        await replace(storage, "snapshot", snapshot!.name, (bytes) =>
          Buffer.concat([bytes, Buffer.from("x")]),
        );
      },
      async (repository, codes) => {
        assert.deepEqual(codes((await repository.verify()).findings), ["error snapshot-damaged"]);
      },
    );
  });

  test("a pack that nothing names is only a warning", async () => {
    await damaged(
      async (storage) => storage.save({ type: "data", name: "0".repeat(64) }, [Buffer.alloc(100)]),
      async (repository, codes) => {
        assert.deepEqual(codes((await repository.verify({ readData: true })).findings), [
          "warning pack-unreferenced",
        ]);
      },
    );
  });

  test("verification leaves no lock and stops when it is told to", async () => {
    await damaged(
      async () => undefined,
      async (repository) => {
        const signal = AbortSignal.abort(new RangeError("stop"));
        await assert.rejects(repository.verify({ signal }));
        await repository.removeSnapshots((await repository.snapshots()).map(({ id }) => id));
        assert.equal((await repository.verify()).snapshots, 0);
      },
    );
  });
});
