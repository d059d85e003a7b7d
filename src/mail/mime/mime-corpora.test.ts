/** The fixtures of other projects' MIME readers: odd ones by hand, all of them damaged at random. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { decodePart, extractText, type MimePart, readMime } from "#mail";

const archive = join(import.meta.dirname, "../../../../shared/corpora/corpora.tar.xz");
const hasXz = spawnSync("xz", ["--version"]).status === 0;
const skip = existsSync(archive) && hasXz ? false : "the corpora or xz are missing";

type Expected = {
  readonly subject?: string;
  readonly names: readonly string[];
  /** "section type bytes". */
  readonly leaves: readonly string[];
  readonly text?: RegExp;
};

/** Read by eye, file beside result. */
const odd: Readonly<Record<string, Expected>> = {
  // Each delimiter stands there twice.
  "2002_06_12_doublebound.msg": {
    subject: "MIME handling bug demo",
    names: ["The Mutt E-Mail Client.html"],
    leaves: ["1 text/plain 110", "2 text/html 10957"],
    text: /The plot was designed in a light vein/,
  },
  // A message in base64 within a message in base64.
  "base64encoded-rfc822message-nested.msg": {
    names: [],
    leaves: ["1.1.1 text/plain 12"],
    text: /a simple rfc822 message encoded in a base64 body\.\n\nText body$/,
  },
  // Names with paths, encoded words within words, and of excessive length.
  "multi-2evil.msg": {
    names: [
      "3d-compress.gif",
      "3d-eye-is-an-evil-filename because of excessive length and verbosity. Unfortunately what can we do given an idiotic situation such as this?",
    ],
    leaves: ["1 text/plain 430", "2 image/gif 419", "3 image/gif 357"],
  },
  // Forwards within forwards, the last without its end.
  "frag.msg": {
    names: ["aprilfools.jpg"],
    leaves: [
      "1 text/plain 2",
      "2.1 text/plain 38",
      "2.2.1 text/plain 2",
      "2.2.2.1 text/plain 409",
      "2.2.2.2 image/jpeg 60896",
    ],
    text: /FW: Another Priceless {2}Moment/,
  },
  // Parts encoded with uuencode.
  "m2010.txt": {
    subject: "The Hare and the Tortoise",
    names: ["greenball.png", "blueball.png"],
    leaves: ["1 text/plain 764", "2 image/png 1298", "3 image/png 1325"],
  },
  // Files uuencoded within text.
  "uu-zeegee.msg": {
    names: ["up.gif", "zeegee.gif"],
    leaves: ["1 text/plain 7051"],
    text: /^\s*I've uuencoded the ZeeGee logo and another GIF file below\.$/,
  },
  // "The header is not properly terminated; the “blank line” actually has a space in it."
  "hdr-fakeout.msg": {
    subject: "test message 1",
    names: [],
    leaves: ["1 text/plain 89"],
    text: /^The header is not properly terminated/,
  },
  "russian.msg": { subject: "Greetings", names: ["Список.doc"], leaves: ["1 text/plain 17"] },
  "japanese_attachment.eml": {
    names: ["てすと.txt"],
    leaves: ["1 text/plain 70", "2 text/plain 33"],
  },
  // No inner start of a multipart/alternative.
  "missing-inner-start-boundary.msg": {
    names: [],
    leaves: ["1 text/plain 5", "2 multipart/alternative 25"],
    text: /^Foo\n\nAAA/,
  },
  "malformedHeader-nocrlfcrlf.msg": {
    subject: "this is a subject",
    names: [],
    leaves: ["1 text/plain 11"],
    text: /^Body text$/,
  },
};

describe("the fixtures of other readers", { skip }, () => {
  let folder = "";
  let files: readonly string[] = [];
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "restante-mime-"));
    const unpacked = spawnSync("tar", ["-xJf", archive, "-C", folder, "--wildcards", "./mime/*"]);
    assert.equal(unpacked.status, 0, String(unpacked.stderr));
    files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    assert.ok(files.length > 500);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [name, expected] of Object.entries(odd)) {
    test(`${name} is read as it is meant`, () => {
      const bytes = readFileSync(files.find((path) => basename(path) === name) ?? name);
      const known = extractText(bytes);
      assert.deepEqual(leavesOf(readMime(bytes).root), expected.leaves);
      assert.deepEqual(known.attachmentNames, expected.names);
      if (expected.subject !== undefined) assert.equal(known.subject, expected.subject);
      if (expected.text !== undefined) assert.match(known.bodyText, expected.text);
    });
  }

  test("line ends make no difference: one identity, one text", () => {
    for (const file of files) {
      const lineFeeds = readFileSync(file).toString("latin1").replaceAll("\r\n", "\n");
      assert.deepEqual(
        extractText(Buffer.from(lineFeeds.replaceAll("\n", "\r\n"), "latin1")),
        extractText(Buffer.from(lineFeeds, "latin1")),
        file,
      );
    }
  });

  test("property: however a message is damaged, its parts lie within it and its text within the limit", () => {
    const damage = fc.record({
      file: fc.nat(),
      edits: fc.array(
        fc.record({
          at: fc.double({ min: 0, max: 1, noNaN: true }),
          length: fc.nat(200),
          how: fc.constantFrom("remove", "repeat", "flip", "cut"),
        }),
        { maxLength: 6 },
      ),
    });
    fc.assert(
      fc.property(damage, ({ file, edits }) => {
        let bytes: Buffer = readFileSync(files[file % files.length] as string).subarray(0, 100_000);
        for (const edit of edits) bytes = damaged(bytes, edit);
        const { root } = readMime(bytes);
        assertWithin(root, bytes);
        const { bodyText } = extractText(bytes, { textLimit: 1000 });
        assert.ok(bodyText.length <= 1000);
      }),
      { numRuns: 300 },
    );
  });
});

function leavesOf(part: MimePart): readonly string[] {
  if (part.parts.length > 0) return part.parts.flatMap(leavesOf);
  return [`${part.section} ${part.type} ${decodePart(part).length}`];
}

type Edit = { readonly at: number; readonly length: number; readonly how: string };

function damaged(bytes: Buffer, { at, length, how }: Edit): Buffer {
  const from = Math.floor(at * bytes.length);
  const piece = bytes.subarray(from, from + length);
  switch (how) {
    case "remove":
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + length)]);
    case "repeat":
      return Buffer.concat([bytes.subarray(0, from), piece, piece, bytes.subarray(from)]);
    case "cut":
      return bytes.subarray(0, from);
    default:
      return Buffer.concat([
        bytes.subarray(0, from),
        piece.map((byte) => byte ^ 0x5a),
        bytes.subarray(from + length),
      ]);
  }
}

function assertWithin(part: MimePart, message: Buffer): void {
  assert.ok(part.start <= part.bodyStart && part.bodyStart <= part.end);
  assert.ok(part.end <= part.source.length);
  for (const inner of part.parts) {
    if (inner.source === part.source)
      assert.ok(part.bodyStart <= inner.start && inner.end <= part.end, inner.section);
    else assert.ok(inner.source.length <= message.length);
    assertWithin(inner, message);
  }
}
