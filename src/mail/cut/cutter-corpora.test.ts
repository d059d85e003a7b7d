import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { contentKindOf, cutWhole, messageIdentityOf, openCutter, readHeaders } from "#mail";
import { rawPathFromText } from "#image";

const archive = join(import.meta.dirname, "../../../../shared/corpora/corpora.tar.xz");
const hasTools =
  spawnSync("xz", ["--version"]).status === 0 && spawnSync("tar", ["--version"]).status === 0;
const skip = !existsSync(archive)
  ? "the corpora are not there"
  : hasTools
    ? false
    : "tar and xz are missing";

describe("the corpora", { skip }, () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "restante-corpora-"));
    const unpacked = spawnSync("tar", ["-xJf", archive, "-C", folder]);
    assert.equal(unpacked.status, 0, String(unpacked.stderr));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const filesBelow = (name: string): readonly string[] =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.parentPath.split("/").includes(name))
      .map((entry) => join(entry.parentPath, entry.name));

  for (const name of ["mime", "mail", "stores"]) {
    test(`every file below ${name}/ is cut into its own bytes, alike in one piece and in chunks`, () => {
      const files = filesBelow(name);
      assert.ok(files.length > 100);
      for (const file of files) {
        const bytes = readFileSync(file);
        const kind = contentKindOf(rawPathFromText(file), bytes.subarray(0, 64));
        for (const tried of new Set([kind, "message"] as const)) {
          const cuts = [...cutWhole(tried, bytes)];
          const edges = [0, ...cuts, bytes.length];
          const rejoined = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
          assert.ok(Buffer.concat(rejoined).equals(bytes), file);
          assert.ok(
            cuts.every((cut, index) => cut > (cuts[index - 1] ?? 0) && cut < bytes.length),
            file,
          );
          assert.deepEqual(
            cutInChunks(tried, bytes, bytes.length < 20_000 ? 101 : 4099),
            cuts,
            file,
          );
        }
      }
    });
  }

  test("every fixture has an identity that does not depend on line ends, and a header that is read without an error", () => {
    for (const file of filesBelow("mime")) {
      const bytes = readFileSync(file);
      readHeaders(bytes);
      const lineFeeds = Buffer.from(bytes.toString("latin1").replaceAll("\r\n", "\n"), "latin1");
      assert.equal(messageIdentityOf(bytes), messageIdentityOf(lineFeeds), file);
    }
  });
});

function cutInChunks(
  kind: Parameters<typeof openCutter>[0],
  bytes: Buffer,
  size: number,
): number[] {
  const cutter = openCutter(kind);
  const cuts: number[] = [];
  for (let from = 0; from < bytes.length; from += size) {
    cuts.push(...cutter.push(bytes.subarray(from, from + size)));
  }
  return [...cuts, ...cutter.end()];
}
