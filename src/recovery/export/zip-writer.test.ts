import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { RawPath } from "#image";
import type { StoredMessage } from "#mail";
import { centralHeader, endOfZip, localHeader, type ZipEntry } from "./zip-format.ts";
import { zipWriter } from "./zip-writer.ts";

const folder = mkdtempSync(join(tmpdir(), "restante-zip-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const skip = spawnSync("python3", ["--version"]).status === 0 ? false : "python3 is not installed";

function python(program: string, path: string): unknown {
  const lines = `import zipfile, sys, json, hashlib\nz = zipfile.ZipFile(sys.argv[1])\n${program}`;
  return JSON.parse(execFileSync("python3", ["-c", lines, path], { encoding: "utf8" }));
}

const message: StoredMessage = {
  key: "1",
  path: "x" as RawPath,
  flags: [],
  keywords: [],
  internalDateNs: BigInt(Date.UTC(2026, 10, 25, 14, 3, 8)) * 1_000_000n,
  sizeBytes: 0,
  isRecent: false,
};

describe("a zip is read by Python", { skip }, () => {
  test("with messages of every size, held in memory or not, deflated where that makes them smaller", async () => {
    const path = join(folder, "sizes.zip");
    const writer = zipWriter({ path, levels: "folders", memoryLimitBytes: 10_000 });
    const noise = createHash("sha256").update("noise").digest();
    const contents = [
      Buffer.alloc(0),
      noise,
      Buffer.from("Subject: ü\n\nsmall\n".repeat(20)),
      Buffer.from("Subject: large\n\nagain\n".repeat(5000)),
    ];
    await writer.begin({ address: "a@b", name: "Résumé/x" }, []);
    for (const content of contents) {
      await writer.add(
        message,
        (async function* () {
          for (let at = 0; at < content.length; at += 3000) yield content.subarray(at, at + 3000);
        })(),
      );
    }
    await writer.finish();
    await writer.close();
    const program = `assert z.testzip() is None
print(json.dumps([[i.filename, hashlib.sha256(z.read(i)).hexdigest(), i.compress_type, list(i.date_time)] for i in z.infolist()]))`;
    const name = "Résumé/x/20261125T140308Z";
    const time = [2026, 11, 25, 14, 3, 8];
    const digests = contents.map((one) => createHash("sha256").update(one).digest("hex"));
    assert.deepEqual(python(program, path), [
      [`${name}.eml`, digests[0], 0, time],
      [`${name} (2).eml`, digests[1], 0, time],
      [`${name} ü.eml`, digests[2], 8, time],
      [`${name} large.eml`, digests[3], 8, time],
    ]);
    assert.deepEqual(readdirSync(folder), ["sizes.zip"]);
  });

  test("beyond 65,535 entries and 4 GiB, by zip64", () => {
    const path = join(folder, "large.zip");
    const file = openSync(path, "w");
    const base = { modifiedMs: 0, isDeflated: false, crc32: 0, packedBytes: 0, sizeBytes: 0 };
    const headers: Buffer[] = [];
    let offset = 0;
    const write = (entry: ZipEntry): void => {
      const header = localHeader(entry);
      writeSync(file, header, 0, header.length, offset);
      headers.push(centralHeader(entry, offset));
      offset += header.length + entry.packedBytes;
    };
    const small = Array.from({ length: 66_000 }, (_, index) => ({ ...base, name: `${index}` }));
    const locals = Buffer.concat(small.map(localHeader));
    writeSync(file, locals, 0, locals.length, 0);
    for (const entry of small) {
      headers.push(centralHeader(entry, offset));
      offset += localHeader(entry).length;
    }
    // A hole in the file: nothing is stored for it.
    write({
      ...base,
      name: "five gibibytes",
      packedBytes: 5 * 1024 ** 3,
      sizeBytes: 5 * 1024 ** 3,
    });
    write({ ...base, name: "far" });
    const directory = Buffer.concat(headers);
    const end = endOfZip({ entries: headers.length, offset, sizeBytes: directory.length });
    writeSync(file, directory, 0, directory.length, offset);
    writeSync(file, end, 0, end.length, offset + directory.length);
    ftruncateSync(file, offset + directory.length + end.length);
    closeSync(file);
    const program = `far = z.getinfo("far")
print(json.dumps([len(z.namelist()), z.getinfo("five gibibytes").file_size, far.header_offset, len(z.read(far)), len(z.read("65999"))]))`;
    const farOffset = offset - localHeader({ ...base, name: "far" }).length;
    assert.deepEqual(python(program, path), [66_002, 5 * 1024 ** 3, farOffset, 0, 0]);
  });
});
