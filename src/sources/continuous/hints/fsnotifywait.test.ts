import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { RawPath } from "#image";
import type { HintPlace } from "./change-hints.ts";
import { changeHintsContract, openForTest } from "./change-hints.contract.ts";
import { openFsnotifywait } from "./fsnotifywait.ts";
import { FsnotifyOutput, hintsOfRecord } from "./fsnotifywait-output.ts";

changeHintsContract("fsnotifywait", (request) => openFsnotifywait(request));

/** A program in place of the real one, for what that does seldom. */
function helperOf(script: string): Disposable & {
  readonly words: readonly string[];
  readonly go: () => void;
} {
  const folder = mkdtempSync(join(tmpdir(), "restante-helper-"));
  const path = join(folder, "helper");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return {
    words: [path],
    go: () => writeFileSync(`${path}.go`, ""),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

/** Says that it watches; does the rest when it is told to. */
const watching = (then: string): string =>
  `for desk; do :; done
printf '%s/\\0settle-1\\0CREATE\\0' "$desk"
while [ ! -e "$0.go" ]; do sleep 0.01; done
${then}`;

const ends = [
  ["an overflow", 'echo "No fid in fanotify event." >&2', "overflow", /queue of changes was full/],
  ["output that is none", "printf 'a\\0b\\0c\\0'; exec sleep 60", "lost", /is no change/],
  ["an end", "kill -9 $$", "lost", /SIGKILL/],
] as const;

for (const [what, script, why, message] of ends)
  test(`fsnotifywait: ${what} is told, as the end of it`, async (t) => {
    using helper = helperOf(watching(script));
    await using site = await openForTest(
      (request) => openFsnotifywait({ ...request, sources: { helper: helper.words } }),
      t,
    );
    assert.ok(site !== undefined);
    helper.go();
    await site.hints.settle();
    assert.equal(site.losses.length, 1);
    const [loss] = site.losses;
    assert.deepEqual([loss?.why, loss?.isFinal], [why, true]);
    assert.match(loss?.message ?? "", message);
  });

test("fsnotifywait: why it cannot be had is said, and nothing stays behind", async () => {
  using refused = helperOf(
    "echo 'Couldn'\"'\"'t initialize fanotify: Operation not permitted' >&2; exit 1",
  );
  using silent = helperOf("exec sleep 60");
  const desks = (): readonly string[] =>
    readdirSync(tmpdir()).filter((name) => name.startsWith("restante-hints-"));
  const before = desks();
  const whyNot = async (helper: readonly string[], startMs: number): Promise<string> => {
    const opened = await openFsnotifywait(
      {
        root: tmpdir() as never,
        isProtected: () => true,
        folders: () => [],
        nowNs: () => 0n,
        listener: { onHints: () => undefined, onLoss: () => assert.fail() },
        sources: { helper },
      },
      { startMs },
    );
    return "unavailable" in opened ? opened.unavailable : "it is there";
  };
  assert.match(await whyNot(refused.words, 5000), /Operation not permitted/);
  assert.match(await whyNot(["/nowhere/fsnotifywait"], 5000), /not installed/);
  assert.match(await whyNot(silent.words, 50), /tells of nothing/);
  assert.deepEqual(new Set(desks()).difference(new Set(before)).size, 0);
});

const placesAt = (folder: string): readonly HintPlace[] => [
  { path: "" as RawPath, folder: folder as RawPath },
];

test("what fsnotifywait prints is read however it arrives", () => {
  const printed = Buffer.from(
    "/mail/a/\0two\nlines\0CREATE\0\n\0\0ATTRIB\0\n/mail/\0c (deleted)\0MOVED_FROM,ISDIR\0\n",
    "latin1",
  );
  const whole = [...new FsnotifyOutput().take(printed)];
  const output = new FsnotifyOutput();
  const pieces = [...printed].flatMap((byte) => [...output.take(Buffer.from([byte]))]);
  assert.deepEqual(pieces, whole);
  assert.deepEqual(
    whole.flatMap((record) => hintsOfRecord(record, placesAt("/mail"))),
    [
      { folder: "a", name: "two\nlines" },
      { folder: "", name: "c (deleted)", below: true },
      { folder: "", name: "c", below: true },
    ],
  );
});

test("what lies elsewhere is no hint, and a folder's own change is one in the folder above", () => {
  const events = "ATTRIB,ISDIR";
  const hintsOf = (folder: string, root: string): readonly object[] =>
    hintsOfRecord({ folder, name: "", events }, placesAt(root));
  assert.deepEqual(hintsOf("/mailbox/", "/mail"), []);
  assert.deepEqual(hintsOf("/mail/a/b/", "/mail"), [{ folder: "a", name: "b" }]);
  assert.deepEqual(hintsOf("/mail/", "/mail"), [{ folder: "" }]);
  assert.deepEqual(hintsOf("/a/", "/"), [{ folder: "", name: "a" }]);
  const apart = [
    { path: "srv/mail", folder: "/srv/mail" },
    { path: "srv/index", folder: "/ssd/index" },
  ] as readonly { path: string; folder: string }[] as readonly HintPlace[];
  assert.deepEqual(hintsOfRecord({ folder: "/ssd/index/a/", name: "b", events: "CREATE" }, apart), [
    { folder: "srv/index/a", name: "b" },
  ]);
});

test("what is none of its output is refused, and what has no end as well", () => {
  for (const text of ["a\0b\0CREATE\0", "/a/\0b\0create\0", `/${"a".repeat(9000)}`])
    assert.throws(() => [...new FsnotifyOutput().take(Buffer.from(text))], RangeError, text);
});
