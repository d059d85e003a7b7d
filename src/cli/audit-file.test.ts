import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  appendFile,
  mkdtemp,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { appendAudit, auditFileName, checkAudit } from "./audit-file.ts";

const folders: string[] = [];
after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function newFolder(): Promise<{ readonly folder: string; readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), "restante-audit-"));
  folders.push(folder);
  return { folder, path: join(folder, auditFileName) };
}

async function withLines(
  count: number,
): Promise<{ folder: string; path: string; lines: string[] }> {
  const { folder, path } = await newFolder();
  for (let number = 1; number <= count; number++) await appendAudit(folder, { number });
  return { folder, path, lines: (await readFile(path, "utf8")).split("\n").slice(0, -1) };
}

test("each line names the hash of the one before, and the file is its owner's alone", async () => {
  const { folder, path, lines } = await withLines(3);
  const { findings, lastHash, lines: count } = await checkAudit(folder);
  assert.deepEqual([findings, count], [[], 3]);
  const previous = lines.map((line) => (JSON.parse(line) as { previous: string }).previous);
  assert.equal(previous[0], "0".repeat(64));
  const sums = lines.map(
    (line) => spawnSync("sha256sum", { input: line }).stdout.toString().split(" ")[0],
  );
  assert.deepEqual(previous.slice(1), sums.slice(0, 2));
  assert.equal(lastHash, sums[2]);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test("a line that was changed, removed, put in or taken from the front shows, wherever it was", async () => {
  for (let at = 0; at < 4; at++) {
    const { folder, path, lines } = await withLines(5);
    const changes: Readonly<Record<string, readonly string[]>> = {
      changed: lines.with(at, (lines[at] as string).replace("number", "nomber")),
      removed: lines.toSpliced(at, 1),
      doubled: lines.toSpliced(at, 0, lines[at] as string),
      forged: lines.toSpliced(at + 1, 0, JSON.stringify({ previous: "0".repeat(64) })),
    };
    for (const [name, changed] of Object.entries(changes)) {
      await writeFile(path, `${changed.join("\n")}\n`);
      const { findings } = await checkAudit(folder);
      assert.ok(findings.length > 0, `${name} at ${at}`);
      assert.match(findings.join(), new RegExp(`Line ${at + 1}|Line ${at + 2}|Line ${at + 3}`));
    }
  }
});

test("lines cut off at the end show by the hash that somebody kept", async () => {
  const { folder, path, lines } = await withLines(4);
  const kept = (await checkAudit(folder)).lastHash;
  await writeFile(path, `${lines.slice(0, 3).join("\n")}\n`);
  const check = await checkAudit(folder);
  assert.deepEqual(check.findings, []);
  assert.notEqual(check.lastHash, kept);
});

test("a line that a kill left torn is told, and what follows is whole", async () => {
  const { folder, path } = await withLines(2);
  const { size } = await stat(path);
  await truncate(path, size - 10);
  assert.match((await checkAudit(folder)).findings.join(), /^Line 2 is torn/);
  await appendAudit(folder, { number: 3 });
  await appendAudit(folder, { number: 4 });
  const { findings, lines } = await checkAudit(folder);
  assert.deepEqual([findings.length, lines], [1, 4]);
  assert.match(findings.join(), /^Line 2 is torn/);
});

test("long lines, over the size that is read at once, follow each other too", async () => {
  const { folder } = await newFolder();
  const ids = Array.from({ length: 5000 }, (_, index) => `${index}`.padStart(64, "a"));
  for (let number = 0; number < 3; number++) await appendAudit(folder, { ids });
  assert.deepEqual((await checkAudit(folder)).findings, []);
});

test("processes that record at the same time never break the chain", async () => {
  const { folder } = await newFolder();
  const module = new URL("./audit-file.ts", import.meta.url).href;
  const script = `import { appendAudit } from ${JSON.stringify(module)}; for (let n = 0; n < 20; n++) await appendAudit(${JSON.stringify(folder)}, { n, pid: process.pid });`;
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" }),
  );
  const ends = await Promise.all(children.map(async (child) => await once(child, "exit")));
  assert.deepEqual(
    ends.map(([code]) => code as number),
    [0, 0, 0, 0],
  );
  const { findings, lines } = await checkAudit(folder);
  assert.deepEqual([findings, lines], [[], 80]);
});

test("the mark of a process that was killed while it recorded stops nobody", async () => {
  const { folder, path } = await newFolder();
  const files = new URL("../files/index.ts", import.meta.url).href;
  const script = `import { processMark } from ${JSON.stringify(files)}; console.log(processMark());`;
  const dead = spawnSync(process.execPath, ["--input-type=module", "-e", script]);
  await writeFile(`${path}.writing`, dead.stdout.toString().trim());
  await appendAudit(folder, { number: 1 });
  assert.equal((await checkAudit(folder)).lines, 1);
  // It came no further than making it, and nobody can say who that was.
  await writeFile(`${path}.writing`, "");
  await utimes(`${path}.writing`, 0, 0);
  await appendAudit(folder, { number: 2 });
  assert.equal((await checkAudit(folder)).lines, 2);
});

test("nothing is written through a link, and what is no plain file is refused", async () => {
  const { folder, path } = await newFolder();
  await writeFile(join(folder, "elsewhere"), "");
  await symlink(join(folder, "elsewhere"), path);
  await assert.rejects(appendAudit(folder, { number: 1 }), { code: "ELOOP" });
  assert.equal(await readFile(join(folder, "elsewhere"), "utf8"), "");
  await assert.rejects(checkAudit(folder), { code: "ELOOP" });
});

test("a file that is not there has no lines, and one of rubbish is told line by line", async () => {
  const { folder, path } = await newFolder();
  assert.deepEqual(await checkAudit(folder), {
    lines: 0,
    lastHash: "0".repeat(64),
    findings: [],
  });
  await appendFile(path, `${"x\n".repeat(50)}null\n`);
  const { findings, lines } = await checkAudit(folder);
  assert.equal(lines, 51);
  assert.equal(findings.length, 21);
  assert.equal(findings.at(-1), "And 31 more.");
});
