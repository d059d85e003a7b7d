import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { FileHandle, FileType, Storage } from "./storage.ts";
import { StorageError, type StorageErrorCode } from "./storage-error.ts";

/** A fresh, empty place that `create` has not been called on; removed when the test is over. */
export type StorageFixture = { readonly storage: Storage } & AsyncDisposable;

/** What every Storage does. An adapter runs this with a fixture of its own. */
export function storageContract(name: string, open: () => Promise<StorageFixture>): void {
  const contract = (title: string, work: (storage: Storage) => Promise<void>): void => {
    test(`${name}: ${title}`, async () => {
      await using fixture = await open();
      await fixture.storage.create();
      await work(fixture.storage);
    });
  };
  writing(contract);
  reading(contract);
  listing(contract);

  test(`${name}: nothing can be listed or saved before create()`, async () => {
    await using fixture = await open();
    await rejects("storage.not-found", () => namesOf(fixture.storage, "snapshot"));
    await rejects("storage.not-found", () => fixture.storage.save(handleOf("a"), [bytesOf("a")]));
  });
}

type Contract = (title: string, work: (storage: Storage) => Promise<void>) => void;

function writing(contract: Contract): void {
  contract("create() again touches nothing that is there", async (storage) => {
    const file = handleOf("a");
    await storage.save(file, [bytesOf("a")]);
    await storage.create();
    assert.equal(textOf(await storage.load(file)), "a");
  });

  contract("save() joins its parts, empty ones too", async (storage) => {
    const file = handleOf("one two");
    await storage.save(file, [bytesOf(""), bytesOf("one"), bytesOf(""), bytesOf(" two")]);
    assert.equal(textOf(await storage.load(file)), "one two");
  });

  contract("save() takes thousands of parts", async (storage) => {
    const parts = Array.from({ length: 5000 }, (_, index) => bytesOf(`${index},`));
    const file = handleOf("many");
    await storage.save(file, parts);
    assert.deepEqual(Buffer.from(await storage.load(file)), Buffer.concat(parts));
  });

  contract("save() keeps a copy of the bytes and not the caller's array", async (storage) => {
    const bytes = bytesOf("mine");
    const file = handleOf("mine");
    await storage.save(file, [bytes]);
    bytes.fill(0);
    assert.equal(textOf(await storage.load(file)), "mine");
  });

  contract("save() of no bytes at all makes an empty file", async (storage) => {
    for (const [index, parts] of [[], [bytesOf("")]].entries()) {
      const file = handleOf(`empty ${index}`);
      await storage.save(file, parts);
      assert.equal((await storage.stat(file)).sizeBytes, 0);
      assert.equal((await storage.load(file)).length, 0);
    }
  });

  contract("save() again with the same size keeps the file", async (storage) => {
    const file = handleOf("same");
    await storage.save(file, [bytesOf("same")]);
    await storage.save(file, [bytesOf("SAME")]);
    assert.equal(textOf(await storage.load(file)), "same");
  });

  contract("save() never replaces a file of another size", async (storage) => {
    const file = handleOf("short");
    await storage.save(file, [bytesOf("short")]);
    await rejects("storage.exists", () => storage.save(file, [bytesOf("longer")]));
    assert.equal(textOf(await storage.load(file)), "short");
  });

  contract(
    "two saves of the same file at once both succeed and leave one file",
    async (storage) => {
      const file = handleOf("both");
      await Promise.all([
        storage.save(file, [bytesOf("both")]),
        storage.save(file, [bytesOf("both")]),
      ]);
      assert.deepEqual(await namesOf(storage, "data"), [file.name]);
      assert.equal(textOf(await storage.load(file)), "both");
    },
  );

  contract("config is written once, has no name, and is never replaced", async (storage) => {
    const config = { type: "config", name: "" } as const;
    await rejects("storage.not-found", () => storage.load(config));
    assert.deepEqual(await namesOf(storage, "config"), []);
    await storage.save(config, [bytesOf("secret")]);
    assert.equal(textOf(await storage.load({ type: "config", name: "ignored" })), "secret");
    assert.deepEqual(await storage.stat(config), { name: "", sizeBytes: 6 });
    assert.deepEqual(await namesOf(storage, "config"), [""]);
    await rejects("storage.exists", () => storage.save(config, [bytesOf("secret")]));
  });

  contract("of two config files saved at once only one is believed", async (storage) => {
    const config = { type: "config", name: "" } as const;
    const results = await Promise.allSettled(
      ["first", "other"].map((text) => storage.save(config, [bytesOf(text)])),
    );
    assert.deepEqual(results.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"]);
    const winner = results[0]?.status === "fulfilled" ? "first" : "other";
    assert.equal(textOf(await storage.load(config)), winner);
  });

  contract("a name that is not 64 hexadecimal digits is refused everywhere", async (storage) => {
    for (const name of [
      "",
      "..",
      "../../etc/passwd",
      "A".repeat(64),
      `${"a".repeat(64)}\n`,
      "a".repeat(63),
    ]) {
      const file = { type: "data", name } as const;
      await rejects("storage.invalid-name", () => storage.save(file, [bytesOf("x")]));
      await rejects("storage.invalid-name", () => storage.load(file));
      await rejects("storage.invalid-name", () => storage.stat(file));
      await rejects("storage.invalid-name", () => storage.remove(file));
    }
  });

  contract("what is aborted before it begins does nothing", async (storage) => {
    const signal = AbortSignal.abort(new Error("enough"));
    const file = handleOf("never");
    await assert.rejects(storage.save(file, [bytesOf("never")], { signal }), /enough/);
    assert.deepEqual(await namesOf(storage, "data"), []);
    await assert.rejects(namesOf(storage, "data", signal), /enough/);
  });
}

function reading(contract: Contract): void {
  contract("load() gives ranges, and the caller owns what it gets", async (storage) => {
    const file = handleOf("0123456789");
    await storage.save(file, [bytesOf("0123456789")]);
    assert.equal(textOf(await storage.load(file, { offset: 3 })), "3456789");
    assert.equal(textOf(await storage.load(file, { offset: 3, lengthBytes: 4 })), "3456");
    assert.equal(textOf(await storage.load(file, { lengthBytes: 2 })), "01");
    assert.equal(textOf(await storage.load(file, { offset: 10 })), "");
    assert.equal(textOf(await storage.load(file, { offset: 4, lengthBytes: 0 })), "");
    const own = await storage.load(file);
    own.fill(0);
    assert.equal(textOf(await storage.load(file)), "0123456789");
    assert.equal(own.buffer.byteLength, own.length);
  });

  contract("load() beyond the end is an error and never a short answer", async (storage) => {
    const file = handleOf("0123456789");
    await storage.save(file, [bytesOf("0123456789")]);
    await rejects("storage.truncated", () => storage.load(file, { offset: 8, lengthBytes: 3 }));
    await rejects("storage.truncated", () => storage.load(file, { offset: 11 }));
    await rejects("storage.truncated", () => storage.load(file, { lengthBytes: 11 }));
  });

  contract("many ranges of many files at once all come out right", async (storage) => {
    const texts = Array.from({ length: 40 }, (_, index) => `${index}`.padStart(50, "."));
    await Promise.all(texts.map((text) => storage.save(handleOf(text), [bytesOf(text)])));
    const loads = texts.flatMap((text) =>
      [0, 17, 48].map(async (offset) => {
        const found = textOf(await storage.load(handleOf(text), { offset, lengthBytes: 2 }));
        assert.equal(found, text.slice(offset, offset + 2));
      }),
    );
    await Promise.all(loads);
  });

  contract(
    "a file that is not there is storage.not-found to load, stat and remove",
    async (storage) => {
      const file = handleOf("nothing");
      await rejects("storage.not-found", () => storage.load(file));
      await rejects("storage.not-found", () => storage.stat(file));
      await rejects("storage.not-found", () => storage.remove(file));
    },
  );

  contract("a removed file is gone, also after it was read", async (storage) => {
    const file = handleOf("gone");
    await storage.save(file, [bytesOf("gone")]);
    await storage.load(file, { lengthBytes: 1 });
    await storage.remove(file);
    await rejects("storage.not-found", () => storage.load(file));
    await rejects("storage.not-found", () => storage.remove(file));
    assert.deepEqual(await namesOf(storage, "data"), []);
  });
}

function listing(contract: Contract): void {
  contract(
    "list() gives every file of a type with its size and none of another",
    async (storage) => {
      const types: readonly FileType[] = ["key", "lock", "snapshot", "index", "data"];
      for (const type of types) {
        assert.deepEqual(await namesOf(storage, type), []);
        await storage.save(handleOf("a", type), [bytesOf("a")]);
        await storage.save(handleOf(`of ${type}`, type), [bytesOf(`of ${type}`)]);
      }
      for (const type of types) {
        const found: string[] = [];
        for await (const { name, sizeBytes } of storage.list(type))
          found.push(`${name} ${sizeBytes}`);
        const expected = ["a", `of ${type}`].map((text) => `${handleOf(text).name} ${text.length}`);
        assert.deepEqual(found.toSorted(), expected.toSorted());
      }
    },
  );

  contract("files may be removed while they are listed", async (storage) => {
    const texts = Array.from({ length: 20 }, (_, index) => `file ${index}`);
    for (const text of texts) await storage.save(handleOf(text, "snapshot"), [bytesOf(text)]);
    const seen: string[] = [];
    for await (const { name } of storage.list("snapshot")) {
      seen.push(name);
      if (seen.length === 1) {
        for (const text of texts) {
          if (handleOf(text).name !== name) await storage.remove(handleOf(text, "snapshot"));
        }
      }
    }
    assert.equal(new Set(seen).size, seen.length);
    assert.equal((await namesOf(storage, "snapshot")).length, 1);
  });
}

/** A handle as a repository makes it: the name is the hash of something. */
export function handleOf(text: string, type: FileType = "data"): FileHandle {
  return { type, name: createHash("sha256").update(text).digest("hex") };
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text));
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

export async function namesOf(
  storage: Storage,
  type: FileType,
  signal?: AbortSignal,
): Promise<string[]> {
  const names: string[] = [];
  const options = signal === undefined ? {} : { signal };
  for await (const { name } of storage.list(type, options)) names.push(name);
  return names;
}

export async function rejects(code: StorageErrorCode, work: () => Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof StorageError, `not a StorageError: ${String(error)}`);
    assert.equal(error.code, code);
    return true;
  });
}
