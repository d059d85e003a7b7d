/** One moment of folders that lie apart, with what is known of their server. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  type Image,
  joinImages,
  openDirectoryImage,
  readAll,
  type RawName,
  type RawPath,
  rawPathFromText,
  rootPath,
  type ServerFacts,
  walkImage,
} from "#image";
import { openRepository } from "./open-repository.ts";
import { quickRepository } from "./repository.fixture.ts";
import type { CaptureResult, Repository } from "./repository.ts";

const password = "geheim";
const now = (): bigint => BigInt(Date.now() + 3_600_000) * 1_000_000n;

type Scene = {
  readonly repository: Repository;
  readonly folder: string;
  readonly facts: ServerFacts;
  readonly capture: () => Promise<CaptureResult>;
};

async function openScene(context: TestContext): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), "restante-several-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, text] of [
    ["mail/ann/u.1", "one"],
    ["index/ann/log", "flags"],
    ["other/secret", "not captured"],
  ] as const) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const repository = await openRepository(await quickRepository(password), {
    password,
    cacheFolder: join(folder, "cache"),
  });
  const facts = {
    server: "dovecot",
    root: "/",
    places: [{ mail: `${folder}/mail/%n`, index: `${folder}/index/%n` }],
  };
  const paths = ["mail", "index"].map((name) => rawPathFromText(join(folder, name)));
  return {
    repository,
    folder,
    facts,
    async capture() {
      const parts = paths.map(async (path) => ({
        folder: path,
        image: await openDirectoryImage(path, { clock: now }),
      }));
      await using joined = joinImages(await Promise.all(parts));
      const image: Image = Object.assign(joined, { serverFacts: async () => facts });
      const options = { group: "g", hostname: "mx1", workers: 0, now };
      return await repository.capture(image, { ...options, path: "/" as RawPath, paths });
    },
  };
}

async function filesOf(image: Image): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { path, entry } of walkImage(image, rootPath))
    if (entry.type === "file") names.push(path);
  return names.toSorted();
}

test("a moment of two folders has both at their places, and nothing that stands beside them", async (t) => {
  const { repository, folder, capture, facts } = await openScene(t);
  const { snapshot, problems } = await capture();
  assert.deepEqual(problems, []);
  assert.deepEqual(snapshot.paths, [`${folder}/index`, `${folder}/mail`]);
  await using image = await repository.image(snapshot);
  const root = folder.slice(1);
  assert.deepEqual(await filesOf(image), [`${root}/index/ann/log`, `${root}/mail/ann/u.1`]);
  assert.equal((await image.list("" as RawPath)).indexOf(".restante" as RawName), -1);
  assert.deepEqual(await image.serverFacts?.(), facts);
  assert.equal(
    Buffer.from(await readAll(image, `${root}/mail/ann/u.1` as RawPath)).toString(),
    "one",
  );
  const { findings } = await repository.verify({ readData: true, workers: 0 });
  assert.deepEqual(
    findings.filter(({ code }) => code !== "pack-unreferenced"),
    [],
  );
});

test("the next moment goes on from it, and reads nothing again", async (t) => {
  const { repository, folder, capture } = await openScene(t);
  const first = await capture();
  writeFileSync(join(folder, "index/ann/log"), "flags and more");
  const second = await capture();
  assert.equal(second.sequence, first.sequence + 1);
  assert.deepEqual([second.filesUnmodified, second.filesChanged], [1, 1]);
  const third = await capture();
  assert.deepEqual([third.filesUnmodified, third.bytesRead], [2, 0]);
  await using image = await repository.image(third.snapshot);
  assert.equal((await filesOf(image)).length, 2);
});

test("facts that the manifest lost are none, and the mail is there all the same", async (t) => {
  const { repository, capture } = await openScene(t);
  const { snapshot } = await capture();
  await using image = await repository.image(
    await repository.replaceTags(
      snapshot,
      snapshot.tags.filter((tag) => !tag.startsWith("server:")),
    ),
  );
  assert.equal(await image.serverFacts?.(), undefined);
  assert.equal((await filesOf(image)).length, 2);
});
