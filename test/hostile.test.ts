/** Stores as nobody would make them on purpose, unless to harm: all is captured, and read back byte for byte. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  createReadStream,
  mkdirSync,
  mkdtempSync,
  openSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openDirectoryImage, type RawPath, rawPathFromText } from "#image";
import { contentsOfFolder, contentsOfImage, makeMaildir } from "./support/mail-store.ts";
import { Site, withoutRestic } from "./support/recovery-site.ts";
import { runChild } from "./support/start-child.ts";

async function newSite(folder?: string): Promise<Site> {
  const site = new Site(folder);
  await site.init();
  makeMaildir(site.store, 4);
  return site;
}

/** Captured whole, read back equal here, and restored equal by restic. */
async function assertRoundTrip(site: Site, expected = contentsOfFolder(site.store)): Promise<void> {
  const result = await site.capture();
  assert.deepEqual([result.problems, result.partial], [[], false]);
  await using repository = await site.open();
  assert.deepEqual(await contentsOfImage(await repository.image(result.snapshot)), expected);
  const { findings } = await repository.verify({ readData: true });
  assert.deepEqual(findings, []);
  if (withoutRestic !== false) return;
  const target = join(site.folder, "restored");
  const { status, output } = site.restic("restore", result.snapshot.id, "--target", target);
  assert.equal(status, 0, output);
  assert.deepEqual(contentsOfFolder(join(target, site.store)), expected);
}

test("names with every kind of byte are captured and read back", async () => {
  using site = await newSite();
  const names: readonly (string | readonly number[])[] = [
    "a\nb",
    "a\rb",
    "\u001b[2J\u001b[1;31mred",
    "..foo",
    "...",
    "-rf",
    "--",
    "$(reboot)",
    "`reboot`",
    "a\\b",
    "\\x41",
    '"quoted"',
    "'",
    " ",
    "trailing ",
    "\t",
    "*",
    "?",
    "%s%n",
    "<script>&amp;",
    "__proto__",
    "constructor",
    "toString",
    "caf\u00e9",
    "cafe\u0301",
    "\u2028",
    "\ufeff",
    "\u202egpj.exe",
    "\ud83d\ude00",
    "a:2,S",
    ":2,",
    "CON",
    ".&BB0EMA-",
    "x".repeat(255),
    [0xff, 0xfe, 0x41],
    [0xc3],
    [0xc3, 0x28],
    [0xed, 0xa0, 0x80],
    [0x80, 0x0a, 0x1b, 0x7f],
    [0x01],
    Array.from({ length: 255 }, (_, index) => 0x80 + (index % 0x80)),
  ];
  for (const folder of ["cur", ".Sent/new", "storage"]) {
    mkdirSync(join(site.store, folder), { recursive: true });
    for (const [index, name] of names.entries()) {
      const bytes = Buffer.concat([
        Buffer.from(`${site.store}/${folder}/`),
        Buffer.from(name as string),
      ]);
      writeFileSync(bytes, `Subject: ${index}\n\nin ${folder}\n`);
    }
  }
  for (const name of names) {
    mkdirSync(
      Buffer.concat([Buffer.from(`${site.store}/.Sent/cur/`), Buffer.from(name as string)]),
    );
  }
  const expected = contentsOfFolder(site.store);
  assert.ok(expected.size > 4 * names.length);
  await assertRoundTrip(site, expected);
});

test("folders as deep as a path may be are captured, and deeper ones are reported", async (t) => {
  const site = await newSite();
  // Deeper than PATH_MAX: only programs that walk step by step can remove it.
  t.after(() => spawnSync("rm", ["-rf", site.folder]));
  const deep = join(site.store, "deep", ...Array.from({ length: 400 }, () => "d"));
  mkdirSync(deep, { recursive: true });
  writeFileSync(join(deep, "message"), "Subject: at the bottom\n\n");
  const long = join(
    site.store,
    "long",
    ...Array.from({ length: 15 }, (_, index) => `${index}`.padEnd(240, "l")),
  );
  mkdirSync(long, { recursive: true });
  writeFileSync(join(long, "message"), "Subject: at the end\n\n");
  await assertRoundTrip(site);
  const expected = contentsOfFolder(site.store);
  const script = `cd -P "$1" && for i in 1 2 3 4 5; do mkdir "$2" && cd -P "./$2" || exit 1; done; echo beyond > message`;
  const made = spawnSync("bash", ["-c", script, "bash", long, "m".repeat(240)]);
  assert.equal(made.status, 0, made.stderr.toString());
  const result = await site.capture();
  assert.equal(result.partial, true);
  assert.ok(result.problems.length > 0);
  for (const { path, code } of result.problems) {
    assert.ok(path.startsWith("long/"), path);
    assert.ok(code === "unlistable" || code === "unreadable", code);
  }
  await using repository = await site.open();
  const captured = await contentsOfImage(await repository.image(result.snapshot));
  for (const [path, content] of expected)
    assert.equal(captured.get(path), content, path.slice(0, 80));
});

test("messages that lie about their structure are read back byte for byte", async () => {
  using site = await newSite();
  const part = (boundary: string, body: string): string =>
    `--${boundary}\r\nContent-Type: text/plain\r\n\r\n${body}\r\n`;
  const multipart = (boundary: string, body: string): string =>
    `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n${body}`;
  const body = "x".repeat(6000);
  const nested = Array.from(
    { length: 3000 },
    (_, depth) => `Content-Type: multipart/mixed; boundary="b${depth}"\r\n\r\n--b${depth}\r\n`,
  ).join("");
  const messages: Readonly<Record<string, string | Buffer>> = {
    empty: "",
    "one byte": "x",
    "one newline": "\n",
    "without headers": `\r\n${body}`,
    "headers only": "Subject: nothing follows",
    "no newline at all": "x".repeat(3_000_000),
    "header of a megabyte": `Subject: ${"y".repeat(1_000_000)}\r\n\r\nbody`,
    "headers without end": "A: b\r\n".repeat(200_000),
    "folded without end": `Subject: a\r\n${" folded\r\n".repeat(200_000)}`,
    "a trace without end": "Received: from a by b for <c@d>; now\r\n".repeat(50_000),
    "CR only": "Subject: a\r\rbody\r".repeat(1000),
    NULs: Buffer.alloc(100_000),
    "high bytes": Buffer.alloc(100_000, 0xff),
    "mixed line ends": "Subject: a\nTo: b\r\n\n\r\n\r\r\n".repeat(1000),
    "empty boundary": multipart('""', part("", body).repeat(4)),
    "boundary of dashes": multipart('"--"', part("--", body).repeat(4)),
    "boundary that is its own end": multipart('"b--"', `${part("b--", body).repeat(3)}--b----\r\n`),
    "boundary of patterns": multipart('"(a+)+$[^*]?\\\\"', part("(a+)+$[^*]?\\", body).repeat(4)),
    "boundary of 100,000 characters": multipart(
      `"${"b".repeat(100_000)}"`,
      part("b".repeat(100_000), body),
    ),
    "boundary that is a prefix": multipart(
      '"b"',
      part("bb", body) + part("b", body) + part("b1", body),
    ),
    "boundary at every line": multipart("b", "--b\r\n".repeat(200_000)),
    "boundary without end": multipart('"b', part("b", body).repeat(3)),
    "boundary twice": multipart('"a"; boundary="b"', part("a", body) + part("b", body)),
    "boundary in another charset": multipart("*=utf-8''b%0d%0a", part("b", body)),
    "3,000 levels": nested + body,
    "From lines within": `From a\n${"From b Thu Jan  1 00:00:00 1970\nSubject: c\n\nd\n".repeat(5000)}`,
  };
  for (const [index, message] of Object.values(messages).entries()) {
    for (const place of ["cur", ".Sent/new"])
      writeFileSync(join(site.store, place, `19000000${index}.M1P3.mx1:2,`), message);
    writeFileSync(join(site.store, `mbox-${index}`), message);
    mkdirSync(join(site.store, "storage"), { recursive: true });
    writeFileSync(
      join(site.store, "storage", `m.${index}`),
      `2 M1e C5f\n\u0001\u0002N   ${message.length.toString(16).padStart(16, "0")}\n${message.toString()}`,
    );
  }
  await assertRoundTrip(site);
});

test("dbox files whose sizes lie are read back byte for byte", async () => {
  using site = await newSite();
  const sizes = [
    "0000000000000000",
    "ffffffffffffffff",
    "7fffffffffffffff",
    "0000000000000001",
    "zzzzzzzzzzzzzzzz",
    "-000000000000001",
  ];
  for (const [index, size] of sizes.entries()) {
    const record = `\u0001\u0002N   ${size}\nSubject: a\n\nbody\n\n\u0001\u0003\nR5f\nV10\n\n`;
    writeFileSync(join(site.store, `u.${index}`), `2 M1e C5f\n${record.repeat(2000)}`);
  }
  await assertRoundTrip(site);
});

test("a folder with 100,000 entries is captured, and the next capture reads none of them", async () => {
  // A disk takes longer to make so many files than a capture takes to store them.
  using site = await newSite(
    existsSync("/dev/shm") ? mkdtempSync("/dev/shm/restante-site-") : undefined,
  );
  const folder = join(site.store, ".Archive.2026", "cur");
  for (let number = 0; number < 100_000; number++) {
    closeSync(openSync(join(folder, `${2_000_000_000 + number}.M${number}P1.mx1:2,S`), "wx"));
  }
  const first = await site.capture({ workers: 2 });
  assert.deepEqual([first.problems, first.filesTotal], [[], 100_008]);
  const next = await site.capture({
    workers: 2,
    now: () => BigInt(Date.now() + 1000) * 1_000_000n,
  });
  assert.equal(next.bytesRead, 0);
  await using repository = await site.open();
  const image = await repository.image(next.snapshot);
  await using store = await openDirectoryImage(rawPathFromText(site.store));
  const path = ".Archive.2026/cur" as RawPath;
  assert.deepEqual((await image.list(path)).names, (await store.list(path)).names);
});

test("a message of 200 MB is captured in bounded memory", async () => {
  using site = await newSite();
  const path = join("cur", "2100000000.M1P1.mx1:2,");
  const file = openSync(join(site.store, path), "wx");
  writeSync(
    file,
    'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n',
  );
  // Lines that differ, and no line of a block in another: nothing of it is stored once for many.
  const digest = (seed: number): Buffer => createHash("sha512").update(`${seed}`).digest();
  const block = Buffer.concat(Array.from({ length: 16_384 }, (_, index) => digest(index)));
  for (let size = 0; size < 200_000_000; size += block.length) {
    block.writeUInt32LE(size, 0);
    writeSync(file, block);
  }
  closeSync(file);
  const { outcome, messages } = await runChild(site, { action: "capture", workers: 2 });
  assert.ok(outcome.done !== undefined, `${JSON.stringify(outcome)} ${messages}`);
  assert.deepEqual(outcome.result?.problems, []);
  const megabytes = Math.round((outcome.maxRssBytes ?? Infinity) / 1_000_000);
  assert.ok(megabytes < 400, `the capture took ${megabytes} MB of memory`);
  await using repository = await site.open();
  const [snapshot] = await repository.snapshots();
  assert.ok(snapshot !== undefined);
  const image = await repository.image(snapshot);
  const [captured, original] = [createHash("sha256"), createHash("sha256")];
  let sizeBytes = 0;
  for await (const piece of image.read(path as RawPath)) {
    captured.update(piece);
    sizeBytes += piece.length;
  }
  for await (const piece of createReadStream(join(site.store, path)))
    original.update(piece as Buffer);
  assert.equal(sizeBytes, statSync(join(site.store, path)).size);
  assert.equal(captured.digest("hex"), original.digest("hex"));
});

test("links and pipes of a store are captured as what they are, and not followed", async () => {
  using site = await newSite();
  const made = spawnSync("bash", [
    "-c",
    'cd "$1" && ln -s /etc/passwd a && ln -s ../.. b && ln -s missing "$(printf "c\\n")" && ln -s . .Sent/cur/loop && mkfifo pipe && ln .Sent/cur/*.M2P1* cur/copy:2,',
    "bash",
    site.store,
  ]);
  assert.equal(made.status, 0, made.stderr.toString());
  await assertRoundTrip(site);
});
