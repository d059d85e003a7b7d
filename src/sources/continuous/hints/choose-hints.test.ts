import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseMountInfo, type RawPath } from "#image";
import type { ChangeHint, HintSources } from "./change-hints.ts";
import { chooseHints } from "./choose-hints.ts";
import { sharedAmong } from "./filesystems-of-places.ts";
import { openServerLog } from "./server-log.ts";
import { limitsOf } from "./watch-beside.ts";

type Site = Disposable & { readonly root: RawPath; readonly log: string };

function siteOf(): Site {
  const top = realpathSync(mkdtempSync(join(tmpdir(), "restante-choice-")));
  mkdirSync(join(top, "mail/md/Maildir/cur"), { recursive: true });
  writeFileSync(join(top, "log"), "");
  return {
    root: join(top, "mail") as RawPath,
    log: join(top, "log"),
    [Symbol.dispose]: () => rmSync(top, { recursive: true }),
  };
}

const asked = (root: RawPath, sources?: HintSources) => ({
  root,
  isProtected: () => true,
  folders: () => ["" as RawPath],
  nowNs: () => 0n,
  listener: { onHints: () => undefined, onLoss: () => undefined },
  ...(sources === undefined ? {} : { sources }),
});

test("a log stands beside watches on folders, alone where nothing watches, and is not needed without", async () => {
  using site = siteOf();
  const sources = { dovecotLog: site.log };
  const found: string[] = [];
  for (const [wanted, given] of [
    ["folder-watch", sources],
    ["folder-watch", undefined],
    ["server-log", sources],
    ["server-log", undefined],
  ] as const) {
    const { hints, why } = await chooseHints(asked(site.root, given), wanted);
    await using _ = hints;
    found.push(`${hints.way}, ${hints.limits === undefined ? "whole" : "not whole"}: ${why()}`);
  }
  assert.match(found[0] ?? "", /^folder-watch, whole: .*Dovecot's log ".*" makes up for changes/);
  assert.match(found[1] ?? "", /^folder-watch, whole: every folder is watched$/);
  assert.match(found[2] ?? "", /^server-log, not whole: .*found by scans$/);
  assert.match(found[3] ?? "", /^none, whole: .*server-log is not possible: no log .* is named$/);
});

test("a log beside a whole watch tells late, and soon where the watch is not whole", async () => {
  using site = siteOf();
  for (const [limits, afterMs] of [
    [undefined, 10_000],
    ["some folders are not watched", 0],
  ] as const) {
    let now = 0;
    const told: ChangeHint[] = [];
    let wake = (): void => undefined;
    const hints = await openServerLog(
      {
        ...asked(site.root, { dovecotLog: site.log }),
        listener: {
          onHints: (some) => {
            told.push(...some);
            wake();
          },
          onLoss: () => undefined,
        },
      },
      { beside: { limits }, everyMs: 1, steadyMs: () => now },
    );
    assert.ok(!("unavailable" in hints));
    await using _ = hints;
    const isTold = new Promise<void>((resolve) => (wake = resolve));
    appendFileSync(site.log, "imap(md)<1><s>: Info: save: box=INBOX, uid=1\n");
    if (afterMs > 0) {
      // Read many times meanwhile, and not told.
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
      assert.deepEqual(told, []);
      now = afterMs;
    }
    await isTold;
    assert.ok(told.some(({ folder }) => folder === "md/Maildir/cur"));
  }
});

test("a filesystem that other hosts change is known, above the store and below", () => {
  const mounts = parseMountInfo(
    `1 0 8:1 / / rw - ext4 /dev/sda rw
2 1 0:5 / /srv/mail rw - nfs4 nas:/mail rw
3 1 0:6 / /home/ann/far rw - fuse.sshfs ann@far:/ rw
4 1 0:7 / /var/lib rw - xfs /dev/sdb rw
`,
  );
  const of = (...folders: readonly string[]): string | undefined =>
    sharedAmong(mounts, folders as readonly RawPath[]);
  assert.equal(of("/srv/mail/a"), "nfs4");
  assert.equal(of("/srv/mailbox"), undefined);
  assert.equal(of("/home"), "fuse.sshfs");
  assert.equal(of("/var/lib/mail", "/srv/mail"), "nfs4");
});

test("what a watch does not hear of is said beside what it does not watch", () => {
  assert.equal(limitsOf({ limits: undefined }, undefined), undefined);
  assert.equal(limitsOf({ limits: "b" }, "a"), "a; b");
});
