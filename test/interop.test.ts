/** restic reads what we write, and we read what restic writes: the program itself is the judge. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  accessSync,
  appendFileSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openDirectoryImage, type RawPath, rawPathFromText } from "#image";
import { type CaptureResult, initRepository, openRepository, type Repository } from "#repository";
import { directoryStorage } from "#storage";
import { makeNastyFolder } from "./support/nasty-folder.ts";
import {
  describeImage,
  hasPrinted,
  restic,
  resticBackup,
  resticJson,
  resticPassword,
  startRestic,
  temporaryFolder,
  unpackCorpora,
  withoutCorpora,
  withoutRestic,
} from "./support/restic.ts";

type Snapshot = {
  readonly id: string;
  readonly tags?: string[];
  readonly paths: string[];
  readonly hostname: string;
  readonly parent?: string;
};

const open = (folder: string): Promise<Repository> =>
  openRepository(directoryStorage(folder), { password: resticPassword });

async function captureFolder(repository: Repository, folder: string): Promise<CaptureResult> {
  const path = rawPathFromText(folder);
  await using image = await openDirectoryImage(path);
  const now = (): bigint => BigInt(Date.now()) * 1_000_000n;
  return await repository.capture(image, { path, group: "mail", hostname: "mx1", now });
}

async function describeFolder(folder: string): Promise<string[]> {
  await using image = await openDirectoryImage(rawPathFromText(folder));
  return await describeImage(image);
}

async function describeLatest(repository: Repository): Promise<string[]> {
  const snapshot = (await repository.snapshots()).at(-1)!;
  await using image = await repository.image(snapshot);
  return await describeImage(image);
}

async function assertSound(folder: string): Promise<void> {
  assert.match(String(restic(folder, ["check", "--read-data"]).stdout), /no errors were found/);
  await using repository = await open(folder);
  assert.deepEqual((await repository.verify({ readData: true })).findings, []);
}

function whyNoMount(): string | false {
  try {
    accessSync("/dev/fuse", constants.R_OK | constants.W_OK);
  } catch {
    return "/dev/fuse cannot be used";
  }
  return spawnSync("fusermount", ["-V"]).status === 0 ? false : "fusermount is not installed";
}

const temporary = temporaryFolder();
const source = join(temporary.path, "srv", "mail");
after(() => temporary[Symbol.dispose]());
const skip = withoutRestic;

describe("restic reads what we write", { skip, concurrency: false }, () => {
  const ours = join(temporary.path, "ours");
  let expected: string[] = [];
  before(async () => {
    makeNastyFolder(source);
    expected = await describeFolder(source);
    await initRepository(directoryStorage(ours), { password: resticPassword });
    await using repository = await open(ours);
    const result = await captureFolder(repository, source);
    assert.deepEqual([result.partial, result.problems], [false, []]);
  });

  test("we read it as it was", async () => {
    await using repository = await open(ours);
    assert.deepEqual(await describeLatest(repository), expected);
  });

  test("check --read-data finds no errors", () => assertSound(ours));

  test("restore gives back every name, byte, mode, time, link and attribute", async () => {
    const target = join(temporary.path, "restored");
    restic(ours, ["restore", "latest", "--target", target]);
    assert.deepEqual(await describeFolder(join(target, source)), expected);
    const manifest = JSON.parse(
      readFileSync(join(target, ".restante/manifest.json"), "utf8"),
    ) as object;
    assert.equal("format" in manifest && manifest.format, "restante manifest 1");
  });

  test("snapshots, ls, dump, find and stats know it", () => {
    const [snapshot, ...others] = resticJson<Snapshot[]>(ours, ["snapshots"]);
    assert.equal(others.length, 0);
    assert.deepEqual([snapshot?.hostname, snapshot?.paths], ["mx1", [source]]);
    assert.ok(snapshot?.tags?.includes("group:mail") && snapshot.tags.includes("sequence:1"));
    const listed = String(restic(ours, ["ls", "latest", "--json"]).stdout)
      .trim()
      .split("\n")
      .slice(1);
    const below = listed
      .map((line) => (JSON.parse(line) as { path: string }).path)
      .filter((path) => path.startsWith(`${source}/`));
    assert.equal(below.length, expected.length);
    const name = readdirSync(join(source, "Maildir/cur")).at(-1)!;
    const dumped = restic(ours, ["dump", "latest", join(source, "Maildir/cur", name)]).stdout;
    assert.ok(dumped.equals(readFileSync(join(source, "Maildir/cur", name))));
    const found = resticJson<{ matches: { path: string }[] }[]>(ours, ["find", name]);
    assert.equal(found[0]?.matches[0]?.path, join(source, "Maildir/cur", name));
    const stats = resticJson<{ total_file_count: number }>(ours, ["stats", "latest"]);
    assert.ok(stats.total_file_count >= expected.length);
  });

  test("mount shows the files", { skip: whyNoMount() }, async () => {
    const point = join(temporary.path, "mounted");
    mkdirSync(point);
    const { process: mounting, exited } = startRestic(ours, ["mount", point]);
    try {
      await hasPrinted(mounting, "Now serving");
      // In another process: this one must not wait for the filesystem it started.
      const file = join(point, "snapshots/latest", source, "Maildir/cur");
      const [name] = readdirSync(join(source, "Maildir/cur"));
      const reading = spawn("cat", [join(file, name!)]);
      const chunks: Buffer[] = [];
      for await (const chunk of reading.stdout) chunks.push(chunk as Buffer);
      assert.ok(Buffer.concat(chunks).equals(readFileSync(join(source, "Maildir/cur", name!))));
    } finally {
      mounting.kill("SIGINT");
      await exited;
      spawnSync("fusermount", ["-u", "-z", point]);
    }
  });

  test("backup takes our moment as its parent and stores no content again", () => {
    const [parent] = resticJson<Snapshot[]>(ours, ["snapshots"]);
    const summary = resticBackup(ours, ["--host", "mx1", source]);
    assert.deepEqual(
      [summary["files_new"], summary["files_changed"], summary["data_blobs"]],
      [0, 0, 0],
    );
    const latest = resticJson<Snapshot[]>(ours, ["snapshots"]).at(-1);
    assert.equal(latest?.parent, parent?.id);
    restic(ours, ["forget", latest!.id]);
  });

  test("tag keeps what we say of a moment", async () => {
    restic(ours, ["tag", "--add", "kept", "latest"]);
    await using repository = await open(ours);
    const [snapshot] = await repository.snapshots();
    assert.ok(snapshot?.tags.includes("kept") && snapshot.tags.includes("group:mail"));
    assert.notEqual(snapshot?.original, undefined);
    assert.deepEqual(await describeLatest(repository), expected);
  });

  test("copy takes it to another repository", async () => {
    const copied = join(temporary.path, "copied");
    const password = join(temporary.path, "password");
    writeFileSync(password, resticPassword);
    const from = ["--from-repo", ours, "--from-password-file", password];
    restic(copied, ["init", "--copy-chunker-params", ...from]);
    restic(copied, ["copy", ...from]);
    await assertSound(copied);
    await using repository = await open(copied);
    assert.deepEqual(await describeLatest(repository), expected);
  });

  test("forget and prune leave the later moment whole, and captures go on after them", async () => {
    renameSync(
      join(source, "Maildir/cur/1700010001.M1P7.mx1,S=9:2,S"),
      join(source, "Maildir/cur/1700010001.M1P7.mx1,S=9:2,RS"),
    );
    appendFileSync(join(source, "mode 493"), "changed");
    await using repository = await open(ours);
    const result = await captureFolder(repository, source);
    assert.equal(result.sequence, 2);
    restic(ours, ["forget", "--keep-last", "1", "--prune", "--max-unused", "0"]);
    await assertSound(ours);
    expected = await describeFolder(source);
    assert.deepEqual(await describeLatest(repository), expected);
    await captureFolder(repository, source);
    await assertSound(ours);
  });
});

for (const version of [1, 2] as const) {
  describe(`we read what restic writes as version ${version}`, { skip, concurrency: false }, () => {
    const theirs = join(temporary.path, `theirs-${version}`);
    const store = join(temporary.path, `store-${version}`, "mail");
    let expected: string[] = [];
    before(async () => {
      makeNastyFolder(store);
      expected = await describeFolder(store);
      restic(theirs, ["init", "--repository-version", String(version)]);
      resticBackup(theirs, [store]);
    });

    test("listing, reading and attributes equal the source", async () => {
      await using repository = await open(theirs);
      assert.equal(repository.version, version);
      assert.deepEqual(await describeLatest(repository), expected);
    });

    test("extract gives back the bytes", async () => {
      await using repository = await open(theirs);
      await using image = await repository.image((await repository.snapshots()).at(-1)!);
      const folder = join(temporary.path, `extracted-${version}`);
      mkdirSync(folder);
      const listing = await image.list("Maildir/cur" as RawPath);
      const requests = listing.names.map((name) => ({
        path: `Maildir/cur/${name}` as RawPath,
        to: rawPathFromText(join(folder, name)),
      }));
      let count = 0;
      for await (const { path, to, error } of image.extract!(requests)) {
        assert.equal(error, undefined);
        assert.ok(readFileSync(to).equals(readFileSync(join(store, path))));
        count++;
      }
      assert.equal(count, requests.length);
    });

    test("both find it sound", () => assertSound(theirs));

    for (const [name, cwd, target] of [
      ["a relative path", join(store, ".."), "mail"],
      ["the working folder", store, "."],
    ] as const) {
      test(`a backup of ${name} opens at the captured folder`, async () => {
        resticBackup(theirs, [target], { cwd });
        await using repository = await open(theirs);
        assert.deepEqual(await describeLatest(repository), expected);
      });
    }

    test("a backup of several folders opens with all of them", async () => {
      resticBackup(theirs, [join(store, "Maildir/new"), join(store, "empty")]);
      await using repository = await open(theirs);
      await using image = await repository.image((await repository.snapshots()).at(-1)!);
      const listing = await image.list(`${store.slice(1)}` as RawPath);
      assert.deepEqual(listing.names, ["Maildir", "empty"]);
    });

    test(
      version === 1
        ? "our capture into it is refused"
        : "our capture into it works, and both find it sound",
      async () => {
        await using repository = await open(theirs);
        const capturing = captureFolder(repository, store);
        if (version === 1) {
          await assert.rejects(capturing, { code: "repository.unsupported" });
          return;
        }
        const result = await capturing;
        assert.equal(result.partial, false);
        assert.deepEqual(await describeLatest(repository), expected);
        await assertSound(theirs);
      },
    );
  });
}

test(
  "real mail goes through both programs unchanged",
  { skip: skip || withoutCorpora },
  async () => {
    const corpora = join(temporary.path, "corpora");
    const mail = unpackCorpora("stores", corpora);
    const expected = await describeFolder(mail);
    const ours = join(temporary.path, "real");
    await initRepository(directoryStorage(ours), { password: resticPassword });
    await using repository = await open(ours);
    await captureFolder(repository, mail);
    assert.deepEqual(await describeLatest(repository), expected);
    const target = join(temporary.path, "real-restored");
    restic(ours, ["restore", "latest", "--target", target]);
    assert.deepEqual(await describeFolder(join(target, mail)), expected);
    await assertSound(ours);
    resticBackup(ours, ["--host", "other", mail]);
    assert.deepEqual(await describeLatest(repository), expected);
  },
);

test("a lock of restic's keeps removals away and lets captures through", { skip }, async () => {
  const ours = join(temporary.path, "locked");
  await initRepository(directoryStorage(ours), { password: resticPassword });
  const folder = join(temporary.path, "small");
  mkdirSync(folder);
  writeFileSync(join(folder, "message"), "Subject: x\r\n\r\n");
  await using repository = await open(ours);
  const { snapshot } = await captureFolder(repository, folder);
  // It holds a shared lock until its input ends.
  const { process: backup, exited } = startRestic(ours, ["-v", "backup", "--stdin"]);
  await hasPrinted(backup, "load index files");
  await assert.rejects(repository.removeSnapshots([snapshot.id]), { code: "repository.locked" });
  await captureFolder(repository, folder);
  backup.stdin.end("From: a\r\n");
  assert.deepEqual(await exited, [0, null]);
  await repository.removeSnapshots([snapshot.id]);
  assert.equal((await repository.snapshots()).length, 2);
  assert.deepEqual(readdirSync(join(ours, "locks")), []);
});
