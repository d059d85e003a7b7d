import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { openDesk } from "./desk.ts";

test(
  "folders that killed processes left are removed, and no others",
  { skip: process.platform !== "linux" && "what is a process of this system says Linux alone" },
  (t) => {
    const own = mkdtempSync(join(tmpdir(), "restante-desks-"));
    const before = process.env["TMPDIR"];
    process.env["TMPDIR"] = own;
    t.after(() => {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
      rmSync(own, { recursive: true });
    });
    const first = openDesk();
    assert.equal(basename(dirname(first)), basename(own));
    const [, space = ""] = /^restante-hints-(\d+)-\d+-\w{6}$/.exec(basename(first)) ?? [];
    assert.notEqual(space, "");
    const { pid: dead } = spawnSync("true");
    const folder = (name: string): string => {
      mkdirSync(join(own, name));
      return join(own, name);
    };
    const left = folder(`restante-hints-${space}-${dead}-abcdef`);
    const kept = [
      first,
      folder(`restante-hints-${space}-${process.ppid}-abcdef`),
      // Of another container's process, of nobody knows whom, or something else altogether.
      folder(`restante-hints-1-${dead}-abcdef`),
      folder(`restante-hints-abcdef`),
      folder(`restante-hints-${space}-${dead}-abcdefg`),
    ];
    const full = folder(`restante-hints-${space}-${dead}-FULLUP`);
    writeFileSync(join(full, "file"), "");
    const link = join(own, `restante-hints-${space}-${dead}-ALINKK`);
    symlinkSync(first, link);
    const file = join(own, `restante-hints-${space}-${dead}-AFILEE`);
    writeFileSync(file, "");
    const second = openDesk();
    assert.equal(existsSync(left), false);
    for (const path of [...kept, full, link, file, second])
      assert.equal(existsSync(path), true, path);
    for (const path of [first, second]) rmdirSync(path);
  },
);
