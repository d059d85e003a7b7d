import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Copy } from "#copies";
import { memoryImage, type RawPath } from "#image";
import { openRepository } from "#repository";
import { quickRepository } from "../../repository/repository.fixture.ts";
import { backUpToDisk, diskCopy } from "../disk/index.ts";
import { rebuildCatalogue } from "./rebuild-catalogue.ts";
import { spoolToTape } from "./spool-to-tape.ts";
import { tapeCopy } from "./tape-copy.ts";
import { contentsOf, mail, newest, smallTape, startNs, take, tapes } from "./tape.fixture.ts";

test("a moment of a repository goes to tape as the moment that it is", async () => {
  await using storage = await quickRepository("secret");
  await using repository = await openRepository(storage, { password: "secret" });
  await using image = memoryImage(mail(12));
  const options = { group: "mx1/all", hostname: "mx1", now: () => startNs };
  await backUpToDisk(image, { ...options, repository, path: "/var/mail" as RawPath });
  const disk = diskCopy(repository, { name: "disk", reach: "at-hand" });
  const point = newest(await disk.moments());
  await using place = await tapes({ count: 1 });
  const result = await spoolToTape(disk, { ...smallTape, library: place.library, point });
  const { group, sequence, generation, atNs, hostname, paths, consistency } = point;
  const { id: _id, tags, ...spooled } = result.point;
  assert.deepEqual(
    { ...spooled, volumeIds: undefined, files: undefined, sizeBytes: undefined },
    {
      group,
      sequence,
      generation,
      atNs,
      hostname,
      paths,
      consistency,
      volumeIds: undefined,
      files: undefined,
      sizeBytes: undefined,
    },
  );
  assert.ok(tags.includes(`tape:from:disk:${point.id}`));
  // The catalogue is gone too; the tapes are enough.
  rmSync(join(place.library.stateFolder, "catalogue.json"));
  await rebuildCatalogue(place.library);
  const copy = tapeCopy(place.library);
  await using found = await copy.open(newest(await copy.moments()));
  await using from = await disk.open(point);
  assert.deepEqual(await contentsOf(found), await contentsOf(from));
  assert.equal((await found.list("cur" as RawPath)).length, 12);
});

test("moments of another copy do not disturb the sequence of those that are taken to tape", async () => {
  await using place = await tapes({ count: 1 });
  await take(place, mail(1));
  const [mine] = await tapeCopy(place.library).moments();
  const other: Copy = {
    name: "elsewhere",
    method: "x",
    reach: "near",
    moments: async () => [],
    open: async () => memoryImage({ file: "x" }),
  };
  const point = { ...mine!, id: "elsewhere", sequence: 40, generation: "theirs" };
  await spoolToTape(other, { ...smallTape, library: place.library, point });
  const next = await take(place, mail(1));
  assert.deepEqual([next.point.sequence, next.point.generation], [2, mine!.generation]);
  assert.equal((await tapeCopy(place.library).moments()).length, 3);
});

test("a moment that the other copy cannot open leaves the tapes alone", async () => {
  await using place = await tapes({ count: 1 });
  await take(place, mail(1));
  const [point] = await tapeCopy(place.library).moments();
  const broken: Copy = {
    name: "broken",
    method: "x",
    reach: "near",
    moments: async () => [],
    open: async () => await Promise.reject(new Error("the disk is gone")),
  };
  await assert.rejects(
    spoolToTape(broken, { ...smallTape, library: place.library, point: point! }),
    /the disk is gone/,
  );
  assert.equal((await tapeCopy(place.library).moments()).length, 1);
});
