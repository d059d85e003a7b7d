/** docs/formats/tape.md says how a tape is read without Restante: its own commands are run here. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { linkSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Image, openDirectoryImage, rawPathFromText, writeMemoryNodes } from "#image";
import { parseBarcode } from "./drive/index.ts";
import { contentsOf, dumpTapeFile, mail, take, type Tapes, tapes } from "./tape.fixture.ts";

const page = readFileSync(join(import.meta.dirname, "../../../docs/formats/tape.md"), "utf8");
const script = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1]).join("\n");

function whyNot(): string | false {
  const tar = spawnSync("tar", ["--version"]);
  if (!/GNU tar/.test(String(tar.stdout))) return "GNU tar is not installed";
  return spawnSync("python3", ["--version"]).status === 0 ? false : "python3 is not installed";
}
const skip = whyNot();

/** Runs what the page says in a folder of its own. */
function runPage(place: Tapes, folder: string): { output: string; status: number | null } {
  const names = readdirSync(place.folder)
    .filter((name) => name.endsWith(".tap"))
    .sort();
  const { stdout, stderr, status } = spawnSync("sh", ["-c", script], {
    cwd: folder,
    env: {
      ...process.env,
      TAPES: names.map((name) => join(place.folder, name)).join(" "),
      LC_ALL: "C",
    },
  });
  return { output: `${String(stdout)}${String(stderr)}`, status };
}

async function withFolders(
  work: (folders: { source: string; target: string }) => Promise<void>,
): Promise<void> {
  const source = mkdtempSync(join(tmpdir(), "restante-source-"));
  const target = mkdtempSync(join(tmpdir(), "restante-target-"));
  try {
    await work({ source, target });
  } finally {
    for (const folder of [source, target]) rmSync(folder, { recursive: true });
  }
}

/** What was extracted, without the index that tar extracted with it. */
async function extracted(target: string): Promise<Readonly<Record<string, string>>> {
  rmSync(join(target, "restored", ".restante"), { recursive: true });
  await using image: Image = await openDirectoryImage(rawPathFromText(join(target, "restored")));
  return await contentsOf(image);
}

test(
  "a nasty folder is extracted from one tape by tar alone, byte for byte",
  { skip },
  async () => {
    await withFolders(async ({ source, target }) => {
      await writeMemoryNodes(rawPathFromText(source), {
        "cur/1:2,S": { bytes: "From: a\r\n\r\n", mode: 0o640, mtimeNs: 1_500_000_000_000_000_000n },
        "\xff\xfe not text": "x",
        "line\nbreak/\x01": "y",
        "-leading-dash": "--help",
        "back\\slash \\n": "z",
        [`${"long".repeat(60)}/${"name".repeat(60)}`]: "z",
        "empty/none": { type: "directory", mode: 0o711 },
        big: Buffer.alloc(300_000, "0123456789"),
        link: { linkTarget: "../\xff" },
      });
      linkSync(join(source, "big"), join(source, "zweite Name"));
      await using image = await openDirectoryImage(rawPathFromText(source));
      await using place = await tapes({ count: 1 });
      await take(place, image);
      const { output, status } = runPage(place, target);
      assert.equal(status, 0, output);
      assert.match(output, /^VOL1RST001 /);
      assert.match(output, /This tape holds backups of mail stores/);
      assert.match(output, /8 files are as they were, 0 are not/);
      assert.deepEqual(await extracted(target), await contentsOf(image));
    });
  },
);

test(
  "a set over several tapes is extracted by tar alone, the torn message whole",
  { skip },
  async () => {
    await withFolders(async ({ source, target }) => {
      const large = Array.from({ length: 6 }, (_, index) => [
        `cur/large ${index}`,
        Buffer.alloc(71_234, `${index}`),
      ]);
      const nodes = { ...mail(30), ...(Object.fromEntries(large) as Record<string, Buffer>) };
      await writeMemoryNodes(rawPathFromText(source), nodes);
      await using image = await openDirectoryImage(rawPathFromText(source));
      await using place = await tapes({ count: 4, capacityBytes: 330_000 });
      await take(place, image);
      const { output, status } = runPage(place, target);
      assert.equal(status, 0, output);
      assert.match(output, /ends within a member/);
      assert.match(output, /36 files are as they were, 0 are not/);
      assert.deepEqual(await extracted(target), await contentsOf(image));
    });
  },
);

test(
  "what a drive reads and what the page's own reader reads are the same bytes",
  { skip },
  async () => {
    await using place = await tapes({ count: 1 });
    await take(place, mail(10));
    const barcode = parseBarcode("RST001");
    const path = join(place.folder, "RST001.tap");
    for (const file of [0, 1, 2, 4, 7]) {
      const { stdout } = spawnSync("sh", [
        "-c",
        `${script.slice(0, script.indexOf("\n}\n") + 3)} tapefile "${path}" ${file}`,
      ]);
      assert.deepEqual(stdout, await dumpTapeFile(place.library, { barcode, file }));
    }
  },
);
