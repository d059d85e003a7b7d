import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tapeCopy } from "./tape-copy.ts";
import { mail, take, tapes } from "./tape.fixture.ts";

for (const at of [1, 5, 30]) {
  test(`a process that is killed at write ${at} leaves a lock that the next run takes over, and no moment`, async (context) => {
    if (!existsSync("/proc/self/stat")) return context.skip("there is no /proc here");
    await using place = await tapes({ count: 1 });
    await take(place, mail(3));
    const child = spawnSync(process.execPath, [
      join(import.meta.dirname, "killed-writer.fixture.ts"),
      place.folder,
      String(at),
    ]);
    assert.equal(child.signal, "SIGKILL", child.stderr.toString());
    assert.ok(existsSync(join(place.library.stateFolder, "writer.lock")));
    const copy = tapeCopy(place.library);
    assert.deepEqual(
      (await copy.moments()).map(({ files }) => files),
      [3],
    );
    place.nowNs += 1_000_000_000n;
    await take(place, mail(4));
    const points = await copy.moments();
    assert.deepEqual(
      points.map(({ files, sequence }) => [files, sequence]),
      [
        [3, 1],
        [4, 2],
      ],
    );
    for (const point of points) await (await copy.open(point))[Symbol.asyncDispose]();
  });
}
