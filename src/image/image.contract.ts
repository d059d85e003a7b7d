import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Image } from "./image.ts";
import { ImageError } from "./image-error.ts";
import type { MemoryNodes } from "./memory-image.ts";
import { type RawName, rawPathFromText, rawParent, type RawPath, rootPath } from "./raw-path.ts";
import { readAll } from "./read-all.ts";
import { walkImage } from "./walk.ts";

export type ImageContractOptions = {
  /** Whether the adapter is expected to have extended attributes (of user.*). */
  readonly extendedAttributes: boolean;
};

/** An Image of the nodes, and whatever must be cleaned up after it. */
export type MakeImage = (nodes: MemoryNodes) => Promise<Image>;

const oddNames = [
  "plain",
  "with space",
  "line\nbreak",
  "\u0080\u00ff invalid utf-8",
  rawPathFromText("Grüße ✉"),
  ".&BB0EMA-",
  "<&>\u2028".replace("\u2028", rawPathFromText("\u2028")),
  '"quoted" \\ backslash',
  "__proto__x",
  "1700000000.M1P2.host,S=3:2,FS",
  "-leading-dash",
  "\x01\x7f",
] as const;

const mtimeNs = 1_500_000_000_000_000_000n;
const longBytes = Buffer.alloc(3 * 1024 * 1024 + 17, "0123456789abcdef");

const nodes: MemoryNodes = {
  ...Object.fromEntries(oddNames.map((name) => [`odd/${name}`, `bytes of ${name}`])),
  "mail/cur/1:2,S": { bytes: "From: a\r\n\r\nbody", mode: 0o640, mtimeNs },
  "mail/empty": { bytes: "", mode: 0o600, mtimeNs },
  "mail/long": { bytes: longBytes, mtimeNs },
  "mail/link": { linkTarget: "cur/1:2,S" },
  "mail/folder-link": { linkTarget: "cur" },
  "mail/dangling": { linkTarget: "/nowhere/\u00ff" },
  "mail/none": { type: "directory", mode: 0o711, mtimeNs },
};

/** What every Image does. `make` is called once a test. */
export function imageContract(name: string, make: MakeImage, options: ImageContractOptions): void {
  describe(`${name} keeps the Image contract`, () => {
    listingContract(make);
    readingContract(make);
    entryContract(make);
    test(
      "attributes of an entry are those that were given",
      { skip: reasonToSkip(options) },
      async () => {
        const attributed = {
          bytes: "x",
          extendedAttributes: { "user.b": "2", "user.a": "", "user.c": "\0" },
        };
        await using image = await make({ file: attributed, bare: "y" });
        const found = await image.extendedAttributes("file" as RawPath);
        const shown = found.map((attribute) => [
          attribute.name,
          Buffer.from(attribute.value).toString("latin1"),
        ]);
        assert.deepEqual(
          shown.filter(([key]) => key?.startsWith("user.")),
          [
            ["user.a", ""],
            ["user.b", "2"],
            ["user.c", "\0"],
          ],
        );
        assert.deepEqual(await image.extendedAttributes("bare" as RawPath), []);
      },
    );
    test("fingerprints differ for different files of one Image", async () => {
      await using image = await make({ a: "one", b: "two!" });
      const a = await image.fingerprint("a" as RawPath);
      assert.equal(a, await image.fingerprint("a" as RawPath));
      if (a !== undefined) assert.notEqual(a, await image.fingerprint("b" as RawPath));
      assert.equal(typeof image.fingerprintScope, "string");
    });
    partsContract(make);
    test("it says when it was taken, how it hangs together and which volumes it has", async () => {
      await using image = await make(nodes);
      assert.ok(image.at.fromNs <= image.at.toNs);
      assert.ok(image.volumes.length > 0);
      assert.ok(["offline", "application", "crash", "fuzzy"].includes(image.consistency));
    });
    test("nothing works after it was closed", async () => {
      const image = await make({ a: "one" });
      await image[Symbol.asyncDispose]();
      await rejects(() => image.list(rootPath), "image.closed");
      await rejects(() => readAll(image, "a" as RawPath), "image.closed");
      await image[Symbol.asyncDispose]();
    });
  });
}

function partsContract(make: MakeImage): void {
  test("parts that have equal fingerprints have equal bytes", async () => {
    const one = Buffer.alloc(300_000, "one part of many. ");
    await using image = await make({
      a: Buffer.concat([one, longBytes]),
      b: Buffer.concat([longBytes, one]),
    });
    const seen = new Map<string, Buffer>();
    for (const path of ["a", "b"] as readonly string[] as readonly RawPath[]) {
      for (const [offset, lengthBytes] of [
        [0, one.length],
        [0, 10],
        [1, 10],
        [one.length, 4096],
        [longBytes.length, one.length],
        [0, one.length + longBytes.length],
      ] as const) {
        const range = { offset, lengthBytes };
        const fingerprint = await image.rangeFingerprint?.(path, range);
        if (fingerprint === undefined) continue;
        const bytes = Buffer.concat(await Array.fromAsync(image.read(path, range)));
        const same = seen.get(fingerprint);
        assert.ok(same === undefined || same.equals(bytes), `${path} ${offset} ${lengthBytes}`);
        seen.set(fingerprint, bytes);
      }
    }
    const beyond = { offset: 0, lengthBytes: one.length + longBytes.length + 1 };
    assert.equal(await image.rangeFingerprint?.("a" as RawPath, beyond), undefined);
  });
  test("many files read at once are what each is", async () => {
    await using image = await make(nodes);
    if (image.readFiles === undefined) return;
    const asked = [
      ...Object.keys(nodes),
      "mail/nothing",
    ] as readonly string[] as readonly RawPath[];
    const answers = new Map<RawPath, unknown>();
    for await (const { path, bytes, error } of image.readFiles(asked))
      answers.set(path, error ?? Buffer.from(bytes));
    assert.deepEqual([...answers.keys()].sort(), [...asked].sort());
    for (const path of asked) {
      const expected = await readAll(image, path).then(
        (bytes) => Buffer.from(bytes),
        (error: unknown) => error,
      );
      const answer = answers.get(path);
      if (expected instanceof ImageError) {
        assert.ok(answer instanceof ImageError, path);
        assert.equal(answer.code, expected.code, path);
      } else assert.deepEqual(answer, expected);
    }
  });
}

function reasonToSkip(options: ImageContractOptions): string | false {
  return options.extendedAttributes ? false : "this adapter has no extended attributes here";
}

function listingContract(make: MakeImage): void {
  test("names come back byte for byte in ascending order of bytes", async () => {
    await using image = await make(nodes);
    const listing = await image.list("odd" as RawPath);
    const expected = [...oddNames].sort((a, b) =>
      Buffer.compare(Buffer.from(a, "latin1"), Buffer.from(b, "latin1")),
    );
    assert.deepEqual([...listing.names], expected);
    for (const odd of oddNames) {
      assert.equal(
        Buffer.from(await readAll(image, `odd/${odd}` as RawPath)).toString(),
        `bytes of ${odd}`,
      );
    }
  });
  test("entries have type, size, mode, time and link target", async () => {
    await using image = await make(nodes);
    const root = await image.list(rootPath);
    assert.deepEqual(
      [...root].map((entry) => [entry.name, entry.type]),
      [
        ["mail", "directory"],
        ["odd", "directory"],
      ],
    );
    const mail = await image.list("mail" as RawPath);
    const get = (name: string) => mail.entry(mail.indexOf(name as RawName));
    assert.equal(get("empty").sizeBytes, 0);
    assert.equal(get("long").sizeBytes, longBytes.length);
    assert.equal(get("long").mtimeNs, mtimeNs);
    assert.equal(get("none").type, "directory");
    assert.equal(get("none").mode, 0o711);
    assert.equal(get("link").type, "symlink");
    assert.equal(get("link").linkTarget, "cur/1:2,S");
    assert.equal(get("dangling").linkTarget, "/nowhere/\u00ff");
    const [message] = await image.list("mail/cur" as RawPath);
    assert.equal(message?.mode, 0o640);
    assert.equal((await image.list("mail/none" as RawPath)).length, 0);
  });
  test("a walk finds everything once, folders before what they hold", async () => {
    await using image = await make(nodes);
    const seen: string[] = [];
    for await (const { path } of walkImage(image, rootPath)) {
      assert.ok(rawParent(path) === "" || seen.includes(rawParent(path)));
      seen.push(path);
    }
    assert.deepEqual(
      seen.toSorted(),
      [...Object.keys(nodes), "mail", "mail/cur", "odd"].toSorted(),
    );
  });
  test("a folder that is not there, and a file, cannot be listed", async () => {
    await using image = await make(nodes);
    await rejects(() => image.list("mail/absent" as RawPath), "image.not-found");
    await rejects(() => image.list("absent/absent" as RawPath), "image.not-found");
    await rejects(() => image.list("mail/empty" as RawPath), "image.not-a-folder");
  });
  test("symbolic links are not followed", async () => {
    await using image = await make(nodes);
    await rejects(() => image.list("mail/folder-link" as RawPath), "image.not-a-folder");
    await rejects(
      () => image.list("mail/folder-link/1:2,S" as RawPath),
      "image.not-found",
      "image.not-a-folder",
    );
    await rejects(() => readAll(image, "mail/link" as RawPath), "image.not-a-file");
    await rejects(() => readAll(image, "mail/folder-link/1:2,S" as RawPath), "image.not-found");
  });
  test("a path cannot leave the Image", async () => {
    await using image = await make(nodes);
    for (const path of ["..", "mail/../..", "./mail", "mail//cur", "/", "mail/", "mail\0"]) {
      await rejects(() => image.list(path as RawPath), "image.not-found");
      await rejects(() => readAll(image, `${path}/x` as RawPath), "image.not-found");
    }
  });
  test("a listing stops when it is told to", async () => {
    await using image = await make(nodes);
    await assert.rejects(image.list(rootPath, AbortSignal.abort()), { name: "AbortError" });
  });
}

function readingContract(make: MakeImage): void {
  test("bytes come back, all of them or a range", async () => {
    await using image = await make(nodes);
    assert.deepEqual(Buffer.from(await readAll(image, "mail/long" as RawPath)), longBytes);
    assert.equal((await readAll(image, "mail/empty" as RawPath)).length, 0);
    const range = async (offset: number, lengthBytes?: number) => {
      const pieces: Uint8Array[] = [];
      const wanted = lengthBytes === undefined ? { offset } : { offset, lengthBytes };
      for await (const piece of image.read("mail/long" as RawPath, wanted)) pieces.push(piece);
      return Buffer.concat(pieces);
    };
    assert.deepEqual(await range(0, 10), longBytes.subarray(0, 10));
    assert.deepEqual(await range(1_048_570, 1_048_600), longBytes.subarray(1_048_570, 2_097_170));
    assert.deepEqual(await range(longBytes.length - 5), longBytes.subarray(-5));
    assert.deepEqual(await range(longBytes.length - 5, 100), longBytes.subarray(-5));
    assert.equal((await range(longBytes.length + 5)).length, 0);
    assert.equal((await range(7, 0)).length, 0);
  });
  test("what is no plain file cannot be read", async () => {
    await using image = await make(nodes);
    await rejects(() => readAll(image, "mail/absent" as RawPath), "image.not-found");
    await rejects(() => readAll(image, "mail/none" as RawPath), "image.not-a-file");
    await rejects(() => readAll(image, rootPath), "image.not-a-file");
  });
  test("a file above the limit is refused, not cut", async () => {
    await using image = await make(nodes);
    await rejects(
      () => readAll(image, "mail/long" as RawPath, { limitBytes: 1000 }),
      "image.too-large",
    );
  });
}

async function rejects(action: () => Promise<unknown>, ...codes: string[]): Promise<void> {
  await assert.rejects(action, (error) => {
    assert.ok(error instanceof ImageError, `an ImageError, not ${String(error)}`);
    assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`);
    return true;
  });
}

/** For the adapters that have it. */
function entryContract(make: MakeImage): void {
  test("one entry is the one that its folder lists, and nothing where there is none", async () => {
    await using image = await make(nodes);
    if (image.entry === undefined) return;
    for (const folder of ["odd", "mail", "mail/cur", ""] as RawPath[]) {
      for (const entry of await image.list(folder)) {
        const path = (folder === "" ? entry.name : `${folder}/${entry.name}`) as RawPath;
        assert.deepEqual(await image.entry(path), entry);
      }
    }
    for (const path of ["mail/nothing", "nothing/at/all", "mail/long/x", "../mail", "mail//cur"]) {
      assert.equal(await image.entry(path as RawPath), undefined, path);
    }
  });
}
