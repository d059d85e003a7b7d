import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { rawPathFromText } from "#image";
import type { SnapshotContractOptions } from "./snapshot-provider.contract.ts";
import { fillStore } from "./snapshots.fixture.ts";

/** What no SnapshotProvider does; a part of its contract. */
export function refusingContract({ makeGround, makeProvider }: SnapshotContractOptions): void {
  test("a destination that is there is kept, be it a file, a folder or a link", async () => {
    await using place = makeGround();
    writeFileSync(join(place.shelf, "file"), "mine");
    mkdirSync(join(place.shelf, "folder"));
    symlinkSync("nowhere", join(place.shelf, "link"));
    const provider = makeProvider({});
    for (const name of ["file", "folder", "link"]) {
      await assert.rejects(provider.take(place.store, place.at(name)), {
        code: "snapshots.destination-exists",
      });
      assert.equal((await provider.suits(place.store, place.at(name))).suits, false);
    }
    assert.equal(readFileSync(join(place.shelf, "file"), "utf8"), "mine");
    assert.deepEqual(place.names(), ["file", "folder", "link"]);
  });

  test("a destination without a folder to lie in, and one within the store, are refused", async () => {
    await using place = makeGround();
    symlinkSync(join(place.folder, "store"), join(place.shelf, "back"));
    const provider = makeProvider({});
    for (const name of ["absent/one", "back/one", "../store/one", "..", "back/../../store/x"]) {
      const destination = rawPathFromText(`${place.shelf}/${name}`);
      await assert.rejects(provider.take(place.store, destination), {
        code: "snapshots.destination-unusable",
      });
      assert.equal((await provider.suits(place.store, destination)).suits, false);
    }
    assert.deepEqual(readdirSync(join(place.folder, "store")), []);
  });

  test("a store that is not there, or no folder, is an error and leaves nothing", async () => {
    await using place = makeGround();
    writeFileSync(join(place.folder, "file"), "");
    const provider = makeProvider({});
    for (const name of ["absent", "file", "file/below"]) {
      const store = rawPathFromText(join(place.folder, name));
      await assert.rejects(provider.take(store, place.at("one")), {
        code: "snapshots.store-unreadable",
      });
      assert.equal((await provider.suits(store, place.at("one"))).suits, false);
    }
    assert.deepEqual(place.names(), []);
  });

  test("it does nothing when it was told to stop before, and leaves nothing when told in the middle", async () => {
    await using place = makeGround();
    fillStore(place);
    const provider = makeProvider({});
    const take = (signal: AbortSignal, onProgress?: () => void) =>
      provider.take(place.store, place.at("one"), { signal, ...(onProgress && { onProgress }) });
    await assert.rejects(take(AbortSignal.abort()), { name: "AbortError" });
    for (let stopAt = 1; ; stopAt++) {
      const controller = new AbortController();
      let reports = 0;
      const onProgress = () => void (++reports === stopAt && controller.abort());
      const outcome = await take(controller.signal, onProgress).then(
        () => "taken",
        (error: Error) => error.name,
      );
      if (reports < stopAt) break;
      // After the last look at the signal it is taken all the same.
      assert.ok(["AbortError", "taken"].includes(outcome), outcome);
      if (outcome === "taken") await provider.remove(place.at("one"));
      assert.deepEqual(place.names(), [], `report ${stopAt}`);
    }
  });

  test("what it did not make it neither opens nor measures nor removes", async () => {
    await using place = makeGround();
    const provider = makeProvider({});
    writeFileSync(join(place.shelf, "file"), "mine");
    mkdirSync(join(place.shelf, "folder/frozen"), { recursive: true });
    writeFileSync(join(place.shelf, "folder/frozen/mail"), "mine");
    symlinkSync("folder", join(place.shelf, "link"));
    await provider.take(place.store, place.at("one"));
    symlinkSync("one", join(place.shelf, "link to ours"));
    const refused = async (name: string, code: string) => {
      await assert.rejects(provider.open(place.at(name)), { code });
      await assert.rejects(provider.space(place.at(name)), { code });
      await assert.rejects(provider.remove(place.at(name)), { code });
      await assert.rejects(provider.writableCopy(place.at(name), place.at("w")), { code });
    };
    for (const name of ["file", "folder", "link", "link to ours"])
      await refused(name, "snapshots.not-ours");
    for (const name of ["absent", "absent/one", "file/one"])
      await refused(name, "snapshots.not-found");
    // A record alone proves nothing where others may write, or when it is of another provider.
    const record = readFileSync(join(place.shelf, "one/restante-snapshot.json"), "utf8");
    writeFileSync(join(place.shelf, "folder/restante-snapshot.json"), record, { mode: 0o600 });
    chmodSync(join(place.shelf, "folder"), 0o777);
    await refused("folder", "snapshots.not-ours");
    chmodSync(join(place.shelf, "folder"), 0o700);
    const other = provider.name === "plain copy" ? "reflink copy" : "plain copy";
    const otherRecord = record.replace(provider.name, other);
    writeFileSync(join(place.shelf, "folder/restante-snapshot.json"), otherRecord);
    await refused("folder", "snapshots.not-ours");
    writeFileSync(join(place.shelf, "folder/restante-snapshot.json"), record.slice(0, -20));
    await refused("folder", "snapshots.damaged");
    assert.equal(readFileSync(join(place.shelf, "folder/frozen/mail"), "utf8"), "mine");
    await provider.remove(place.at("one"));
  });
}
