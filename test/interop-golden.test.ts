/** The repositories that restic's own tests are made of, sound and damaged. */
import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { inspect } from "node:util";
import {
  type ImageProblem,
  openDirectoryImage,
  readAll,
  type RawPath,
  rawPathFromText,
  walkImage,
} from "#image";
import { openRepository, type Repository, type VerifyReport } from "#repository";
import { directoryStorage } from "#storage";
import {
  describeImage,
  restic,
  resticPassword,
  temporaryFolder,
  unpackArchive,
  unpackCorpora,
  withoutCorpora,
  withoutRestic,
} from "./support/restic.ts";

const temporary = temporaryFolder();
after(() => temporary[Symbol.dispose]());

const folderOf = (name: string): string => join(temporary.path, name, "repo");
const open = (name: string): Promise<Repository> =>
  openRepository(directoryStorage(folderOf(name)), { password: resticPassword });

/** "severity code" of each finding, each once. */
async function verify(repository: Repository): Promise<readonly string[]> {
  const report: VerifyReport = await repository.verify({ readData: true });
  return [
    ...new Set(report.findings.map(({ severity, code }) => `${severity} ${code}`)),
  ].toSorted();
}

/** What can and cannot be read of all snapshots. */
async function readEverything(repository: Repository): Promise<{ files: number; lost: string[] }> {
  let files = 0;
  const lost: string[] = [];
  for (const snapshot of await repository.snapshots()) {
    await using image = await repository.image(snapshot, { root: "" as RawPath });
    const onProblem = (problem: ImageProblem): void => void lost.push(`folder ${problem.path}`);
    for await (const { path, entry } of walkImage(image, "" as RawPath, { onProblem })) {
      if (entry.type !== "file") continue;
      try {
        assert.equal((await readAll(image, path)).length, entry.sizeBytes);
        files++;
      } catch (error) {
        assert.equal((error as { code?: unknown }).code, "image.unreadable");
        lost.push(path);
      }
    }
  }
  return { files, lost };
}

/** Every file of a folder with its bytes, but for locks, which come and go. */
function allBytes(folder: string): ReadonlyMap<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (path) => statSync(join(folder, path)).isFile() && !path.startsWith("locks/"),
  );
  return new Map(paths.map((path) => [path, readFileSync(join(folder, path), "base64")]));
}

const sound: Readonly<Record<string, readonly string[]>> = {
  "small-repo": [],
  "test-repo": [],
  "checker-test-repo": [],
  "old-index-repo": [],
  "repo-duplicates": [],
  "repo-mixed": [],
  "repo-layout-default": [],
  "repo-restore-permissions-test": [],
  "repo-same-timestamps": [],
  "repo-unreferenced-data": ["warning pack-unreferenced"],
  "repo-obsolete-index": ["warning pack-in-several-indexes"],
  "duplicate-packs-in-index-test-repo": ["warning pack-in-several-indexes"],
};

describe("restic's own repositories", { skip: withoutCorpora, concurrency: false }, () => {
  before(() => {
    const corpora = unpackCorpora("restic", join(temporary.path, "corpora"));
    const archives = readdirSync(corpora, { recursive: true, encoding: "utf8" }).filter((path) =>
      /repo[^/]*\.tar\.gz$/.test(path),
    );
    for (const path of archives) {
      unpackArchive(join(corpora, path), join(temporary.path, basename(path, ".tar.gz")));
    }
  });

  for (const [name, findings] of Object.entries(sound)) {
    test(`${name} is read whole`, async () => {
      await using repository = await open(name);
      assert.deepEqual(await verify(repository), findings);
      assert.deepEqual((await readEverything(repository)).lost, []);
    });

    test(`${name} gives what restic restores`, { skip: withoutRestic }, async () => {
      await using repository = await open(name);
      for (const snapshot of await repository.snapshots()) {
        const target = join(temporary.path, "restored", name, snapshot.id);
        restic(folderOf(name), ["restore", snapshot.id, "--target", target, "--no-lock"]);
        await using image = await repository.image(snapshot, { root: "" as RawPath });
        await using restored = await openDirectoryImage(rawPathFromText(target));
        assert.deepEqual(await describeImage(image), await describeImage(restored));
      }
    });
  }

  const lostFile = "home/thinkpad/data/test";

  test("repo-data-missing: the missing pack is named, and so is the file it takes with it", async () => {
    await using repository = await open("repo-data-missing");
    assert.deepEqual(await verify(repository), ["error blob-missing", "error pack-missing"]);
    assert.deepEqual(await readEverything(repository), { files: 0, lost: [lostFile] });
  });

  test("repo-index-missing-blob: a blob without an index is reported", async () => {
    await using repository = await open("repo-index-missing-blob");
    assert.deepEqual(await verify(repository), ["error blob-missing", "warning pack-unreferenced"]);
    assert.deepEqual((await readEverything(repository)).lost, [lostFile]);
  });

  test("repo-index-missing: the snapshot that another index serves comes out whole", async () => {
    await using repository = await open("repo-index-missing");
    assert.deepEqual(await verify(repository), ["error blob-missing", "warning pack-unreferenced"]);
    assert.deepEqual(await readEverything(repository), { files: 1, lost: ["folder "] });
  });

  test("repo-unused-data-missing: damage that no moment needs is found, and the moment is whole", async () => {
    await using repository = await open("repo-unused-data-missing");
    assert.deepEqual(await verify(repository), [
      "error blob-damaged",
      "error pack-damaged",
      "error pack-missing",
    ]);
    assert.deepEqual(await readEverything(repository), { files: 1, lost: [] });
  });

  /** Of each: what a repair changes, and what verify finds afterwards. Those without a row are sound. */
  const damaged: Readonly<
    Record<string, { done: boolean; lost: number; left: readonly string[] }>
  > = {
    "repo-data-missing": { done: true, lost: 1, left: ["error blob-missing"] },
    "repo-index-missing-blob": { done: true, lost: 0, left: [] },
    "repo-index-missing": { done: true, lost: 0, left: [] },
    "repo-unused-data-missing": { done: true, lost: 0, left: [] },
  };

  for (const name of [...Object.keys(sound), ...Object.keys(damaged)]) {
    const expected = damaged[name] ?? { done: false, lost: 0, left: sound[name] };
    test(`${name} after a repair`, async () => {
      // A repository of its own: the others are read by other tests.
      const folder = join(temporary.path, "repaired", name);
      cpSync(folderOf(name), folder, { recursive: true });
      await using repository = await openRepository(directoryStorage(folder), {
        password: resticPassword,
      });
      const before = await readEverything(repository);
      const bytes = allBytes(folder);
      const { done, plan } = await repository.repair({
        readData: true,
        approve: async () => true,
      });
      assert.equal(done, expected.done, inspect(plan));
      assert.equal(plan.lostCount, expected.lost, inspect(plan));
      if (!done) assert.deepEqual(allBytes(folder), bytes, "a sound repository stays as it is");
      assert.deepEqual(await verify(repository), expected.left);
      const after = await readEverything(repository);
      assert.ok(after.files >= before.files);
      assert.equal(after.lost.length, expected.lost);
      if (withoutRestic !== false || name === "duplicate-packs-in-index-test-repo") return;
      const checked = restic(folder, ["check", "--read-data"], { mayFail: true });
      assert.equal(
        checked.status === 0,
        expected.lost === 0,
        `${String(checked.stdout)}${checked.stderr}`,
      );
    });
  }

  test("repo-layout-s3legacy: a layout that restic itself has given up is refused", async () => {
    await assert.rejects(open("repo-layout-s3legacy"), { code: "storage.not-found" });
  });
});
