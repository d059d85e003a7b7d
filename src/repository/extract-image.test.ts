import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  type ExtractRequest,
  type ExtractResult,
  type RawPath,
  isImageError,
  memoryImage,
  readAll,
  rawPathFromText,
  rawPathToBytes,
  rootPath,
  walkImage,
} from "#image";
import { openBlobReader } from "./blob-reader.ts";
import { captureImage } from "./capture.ts";
import { namesIn, openBench, temporaryFolder } from "./extract.fixture.ts";
import { pseudoRandom } from "./repository.fixture.ts";
import { FolderCache } from "./folder-cache.ts";
import { RepositoryImage } from "./repository-image.ts";

const large = pseudoRandom(9 * 1024 * 1024, 1);
const mail = `Received: for <a@example.org>\r\nSubject: x\r\n\r\n${"body of the message\r\n".repeat(300)}`;
const nodes = {
  "mail/cur/1:2,S": mail,
  "mail/cur/2:2,": mail.replace("<a@", "<b@"),
  "mail/cur/empty": "",
  "mail/large": large,
  "copy/of/large": large,
  "odd/\u0080\u00ff": "not UTF-8",
  'odd/line\nbreak "quoted" <&>': "odd",
  "odd/user.a": { bytes: "attributed", extendedAttributes: { "user.user.a": "1" } },
  link: { linkTarget: "mail" },
};

async function capturedImage(): Promise<RepositoryImage> {
  const { core } = await openBench();
  let nowNs = 1_700_000_000_000_000_000n;
  const { snapshot } = await captureImage(core, memoryImage(nodes), {
    path: "/srv/mail" as RawPath,
    group: "g",
    hostname: "h",
    workers: 0,
    now: () => (nowNs += 1000n),
  });
  return new RepositoryImage({
    core,
    reader: await openBlobReader(core),
    folders: new FolderCache(),
    snapshot,
    root: "srv/mail" as RawPath,
  });
}

async function extracted(
  image: RepositoryImage,
  requests: readonly ExtractRequest[],
): Promise<ExtractResult[]> {
  const results: ExtractResult[] = [];
  for await (const result of image.extract(requests)) results.push(result);
  return results;
}

test("RepositoryImage.extract() writes what read() reads, whether folders were listed before or not", async (context) => {
  const folder = temporaryFolder(context);
  await using image = await capturedImage();
  const paths = Object.keys(nodes).filter((path) => path !== "link") as RawPath[];
  for (const round of ["fresh", "listed"]) {
    mkdirSync(join(folder, round));
    const place = (n: number): RawPath => rawPathFromText(join(folder, round, String(n)));
    const results = await extracted(
      image,
      paths.map((path, n) => ({ path, to: place(n) })),
    );
    assert.deepEqual(
      results.map(({ error }) => error).filter((error) => error !== undefined),
      [],
    );
    assert.deepEqual(results.map(({ path }) => path).toSorted(), paths.toSorted());
    for (const [n, path] of paths.entries()) {
      assert.ok(readFileSync(rawPathToBytes(place(n))).equals(await readAll(image, path)), path);
    }
    for await (const _ of walkImage(image, rootPath)) continue;
  }
});

test("RepositoryImage.extract() says of each path why it is no file, and goes on with the others", async (context) => {
  const folder = temporaryFolder(context);
  await using image = await capturedImage();
  const to = (name: string): RawPath => rawPathFromText(join(folder, name));
  const paths = [
    "mail/cur",
    "link",
    "mail/none",
    "nowhere/x",
    "link/x",
    "",
    "mail/..",
    "mail/cur/1:2,S",
  ] as RawPath[];
  const requests = paths.map((path, n) => ({ path, to: to(String(n)) }));
  for (const _ of ["fresh", "listed"]) {
    const codes = new Map(
      (await extracted(image, requests.slice(0, -1))).map(({ path, error }) => [
        path as string,
        isImageError(error) ? error.code : undefined,
      ]),
    );
    assert.deepEqual(Object.fromEntries(codes), {
      "mail/cur": "image.not-a-file",
      link: "image.not-a-file",
      "mail/none": "image.not-found",
      "nowhere/x": "image.not-found",
      "link/x": "image.not-a-folder",
      "": "image.not-found",
      "mail/..": "image.not-found",
    });
    for await (const _walked of walkImage(image, rootPath)) continue;
  }
  const twice = [to("a"), to("b")].map((place) => ({
    path: "mail/cur/1:2,S" as RawPath,
    to: place,
  }));
  assert.equal((await extracted(image, [...requests, ...twice])).length, requests.length + 2);
  assert.deepEqual(namesIn(folder), ["7", "a", "b"]);
});
