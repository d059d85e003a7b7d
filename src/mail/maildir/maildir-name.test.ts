import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { RawName } from "#image";
import { formatMaildirName, parseMaildirName } from "#mail";

const base = "1723596865.M091728P29308V0000000000000801I0009fc5e_11.mx1,S=19109,W=19654" as RawName;

test("a name tells base, flags, keywords and sizes", () => {
  assert.deepEqual(parseMaildirName(`${base}:2,DFPRSTab` as RawName), {
    baseName: base,
    flags: ["\\Draft", "\\Flagged", "$Forwarded", "\\Answered", "\\Seen", "\\Deleted"],
    keywordLetters: "ab",
    sizeBytes: 19109,
    virtualSizeBytes: 19654,
  });
});

test("a name in new has no flags", () => {
  assert.deepEqual(parseMaildirName("1.2.host" as RawName), {
    baseName: "1.2.host",
    flags: [],
    keywordLetters: "",
  });
});

test("odd names are understood as far as they go", () => {
  const parse = (name: string): unknown => parseMaildirName(name as RawName);
  assert.deepEqual(parse("1.h:1,S"), { baseName: "1.h", flags: [], keywordLetters: "" });
  assert.deepEqual(parse("1.h:2,SS,x"), { baseName: "1.h", flags: ["\\Seen"], keywordLetters: "" });
  assert.deepEqual(parse("1.h:2,S!"), {
    baseName: "1.h",
    flags: ["\\Seen"],
    keywordLetters: "",
    otherLetters: "!",
  });
  assert.deepEqual(parse("1.h,S=1e9,W=-1"), {
    baseName: "1.h,S=1e9,W=-1",
    flags: [],
    keywordLetters: "",
  });
  assert.deepEqual(parse(`1.h,S=${"9".repeat(400)}`), {
    baseName: `1.h,S=${"9".repeat(400)}`,
    flags: [],
    keywordLetters: "",
  });
});

test("formatting sorts the letters and leaves out what has none", () => {
  const name = {
    baseName: "1.h" as RawName,
    flags: ["\\Seen", "\\Draft", "\\Recent"],
    keywordLetters: "ba",
  };
  assert.equal(formatMaildirName(name), "1.h:2,DSab");
});

test("property: a formatted name parses to what it was made of", () => {
  const flags = ["\\Draft", "\\Flagged", "$Forwarded", "\\Answered", "\\Seen", "\\Deleted"];
  fc.assert(
    fc.property(
      fc.subarray(flags),
      fc.subarray(["a", "b", "c", "x", "y", "z"]),
      (some, letters) => {
        const parsed = parseMaildirName(
          formatMaildirName({ baseName: base, flags: some, keywordLetters: letters.join("") }),
        );
        assert.deepEqual(parsed.flags, some);
        assert.equal(parsed.keywordLetters, letters.join(""));
        assert.equal(parsed.baseName, base);
      },
    ),
  );
});
