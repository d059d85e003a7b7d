import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type ContentKind, cutLookbackBytes, cutWhole, openCutter } from "#mail";

const trace = [
  "Return-Path: <a@example.test>",
  "delivered-to: b@example.test",
  "X-Original-To: b@example.test",
  "Envelope-To: b@example.test",
  "Received: from mx.example.test\n\tby store.example.test with LMTP\n\tid 1234",
  "Received: from x by y with ESMTP for\n <b@example.test>; Mon, 1 Jan 2024 00:00:00 +0000",
  "",
].join("\n");

function lines(sizeBytes: number, seed = "x"): string {
  const line = `${seed.repeat(70).slice(0, 70)}\n`;
  return line.repeat(Math.ceil(sizeBytes / line.length)).slice(0, sizeBytes - 1) + "\n";
}

function pieces(kind: ContentKind, text: string | Buffer): readonly string[] {
  const bytes = Buffer.from(text as string, "latin1");
  const cuts = [0, ...cutWhole(kind, bytes), bytes.length];
  return cuts.slice(1).map((end, index) => bytes.toString("latin1", cuts[index], end));
}

function cutInChunks(kind: ContentKind, bytes: Buffer, sizes: readonly number[]): number[] {
  const cutter = openCutter(kind);
  const cuts: number[] = [];
  let position = 0;
  for (let index = 0; position < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    cuts.push(...cutter.push(bytes.subarray(position, position + size)));
    position += size;
    assert.ok(cutter.heldBytes < cutLookbackBytes);
  }
  cuts.push(...cutter.end());
  return cuts;
}

describe("a message", () => {
  test("is cut after the delivery trace where 1 KiB follows", () => {
    const rest = `Subject: x\n\n${lines(1500)}`;
    assert.deepEqual(pieces("message", trace + rest), [trace, rest]);
    assert.deepEqual(cutWhole("message", Buffer.from(`${trace}Subject: x\n\nshort\n`)), []);
  });

  test("has the same trace with CRLF", () => {
    const crlf = trace.replaceAll("\n", "\r\n");
    const rest = `Subject: x\r\n\r\n${lines(1500)}`;
    assert.deepEqual(pieces("message", crlf + rest), [crlf, rest]);
  });

  test("keeps a Received of an earlier hop out of the trace", () => {
    const hop = "Received: from a by b with ESMTPS; Mon, 1 Jan 2024 00:00:00 +0000\n";
    const rest = `${hop}Subject: x\n\n${lines(1500)}`;
    assert.deepEqual(pieces("message", trace + rest), [trace, rest]);
  });

  test("is cut between header and body where both are large enough", () => {
    const header = `Subject: x\nX-Padding: ${lines(1200)}\n`;
    const body = lines(5000, "body ");
    assert.deepEqual(pieces("message", trace + header + body), [trace, header, body]);
    assert.deepEqual(pieces("message", `Subject: x\n\n${body}`).length, 1);
  });

  const boundaries = {
    quoted: 'boundary="=_a b"',
    folded: '\n\tboundary="=_a b"',
    "after a comment": '(comment; boundary=no) charset=x; boundary = "=_a b" (end)',
    "in pieces (RFC 2231)": 'boundary*0="=_a";\n boundary*1=" b"',
    "encoded (RFC 2231)": "boundary*=us-ascii''=_a%20b",
  };
  for (const [name, parameter] of Object.entries(boundaries)) {
    test(`comes apart at large MIME parts, boundary ${name}`, () => {
      const picture = lines(20_000, "QUJD");
      const type = "content-TYPE: Multipart/mixed; ";
      const head = `${type}${parameter}\n\npreamble\n--=_a b\nContent-Type: text/plain\n\nsmall\n--=_a b\nContent-Type: image/png\n\n`;
      const text = `${head}${picture}--=_a b--\nepilogue\n`;
      assert.deepEqual(pieces("message", text), [head, picture, "--=_a b--\nepilogue\n"]);
    });
  }

  test("comes apart within nested multiparts and forwarded messages", () => {
    const first = lines(20_000, "first");
    const second = lines(20_000, "second");
    const text = [
      "Content-Type: multipart/mixed; boundary=outer\n\n--outer\nContent-Type: message/rfc822\n\n",
      "Subject: inner\nContent-Type: multipart/alternative; boundary=outer-inner\n\n--outer-inner\n\n",
      `${first}--outer-inner\nContent-Type: text/html\n\n${second}--outer-inner--\n--outer--\n`,
    ].join("");
    const found = pieces("message", text);
    assert.ok(found.includes(first));
    assert.ok(found.includes(second));
  });

  test("keeps small parts and remainders together", () => {
    const part = `--b\nContent-Type: text/plain\n\n${lines(300)}`;
    const text = `Content-Type: multipart/mixed; boundary=b\n\n${part.repeat(20)}--b--\n`;
    assert.deepEqual(cutWhole("message", Buffer.from(text)), []);
  });

  test("that is compressed is left alone", () => {
    const packed = Buffer.concat([
      Buffer.from([0x1f, 0x8b, 8, 0]),
      Buffer.from(`\n\n${lines(90_000)}`),
    ]);
    assert.deepEqual(cutWhole("message", packed), []);
    assert.deepEqual(cutWhole("other", Buffer.from(trace + lines(9000))), []);
  });
});

describe("containers", () => {
  const body = (seed: string): string => `Subject: ${seed}\n\n${lines(3000, seed)}`;

  test("an mbox comes apart at each From line after a blank line", () => {
    const from = "From a@example.test Mon Jan  1 00:00:00 2024\n";
    const text = `${from}${trace}${body("one")}\n${from}${trace}${body("two")}in text\nFrom here on\n`;
    assert.deepEqual(pieces("mbox", text), [
      from + trace,
      body("one"),
      `\n${from}${trace}`,
      `${body("two")}in text\nFrom here on\n`,
    ]);
  });

  test("a dbox file holds the same blobs as a Maildir", () => {
    const record = (message: string): string =>
      `\x01\x02N          ${message.length.toString(16).toUpperCase().padStart(16, "0")}\n${message}\n\x01\x03\nR66bc0041\nV4cc6\n\n`;
    const big = `Subject: x\nX-Pad: ${lines(1100)}\n${lines(9000, "big")}`;
    const text = `2 M1e C6b0396a9\n${record(trace + body("one"))}${record(big)}${record("tiny\n")}`;
    const found = new Set(pieces("dbox", text));
    for (const piece of pieces("message", trace + body("one")).slice(1))
      assert.ok(found.has(piece));
    for (const piece of pieces("message", big)) assert.ok(found.has(piece));
    assert.equal(pieces("dbox", text).join(""), text);
  });

  test("a dbox file with a damaged header is cut again from the next record on", () => {
    const message = trace + body("one");
    const size = message.length.toString(16).padStart(16, "0");
    const good = `\x01\x02N          ${size}\n${message}\n\x01\x03\nR1\n\n`;
    const text = `2 M1e C1\n${good.replace(size, "zz".repeat(8))}${good}`;
    assert.ok(pieces("dbox", text).includes(body("one")));
  });
});

describe("hostile bytes", () => {
  const big = lines(20_000);
  const cases: Record<string, string> = {
    empty: "",
    "no header": `\n${big}`,
    "only a header": `Subject: x\nX: ${"y".repeat(50_000)}`,
    "only a trace": "Received: from a by b for <c>\n\t".repeat(3000),
    "no line end at all": "x".repeat(100_000),
    "lone carriage returns": `Subject: x\r\r${"a\r".repeat(20_000)}`,
    "NUL bytes": `Content-Type: multipart/mixed; boundary=b\n\n${"\0".repeat(9000)}\n--b\n\n${"\0".repeat(9000)}`,
    "8-bit": `Subject: \xff\xfe\n\n${"\xff\n".repeat(9000)}`,
    "an empty boundary": `Content-Type: multipart/mixed; boundary=""\n\n--\n\n${big}--\n`,
    "a boundary of 1 MB": `Content-Type: multipart/mixed; boundary="${"b".repeat(1_000_000)}"\n\n${big}`,
    "a boundary with an encoded line end": `Content-Type: multipart/mixed; boundary*=''a%0Ab\n\n--a\nb\n\n${big}`,
    "no end": `Content-Type: multipart/mixed; boundary=b\n\n--b\n\n${big}`,
    "a delimiter at the very end": `Content-Type: multipart/mixed; boundary=b\n\n--b\n\n${big}--b`,
    "nothing but dashes": `Content-Type: multipart/mixed; boundary=-\n\n${"-".repeat(50_000)}`,
    "nothing but delimiters": `Content-Type: multipart/mixed; boundary=b\n\n${"--b\n".repeat(20_000)}`,
    "the same boundary again and again":
      `Content-Type: multipart/mixed; boundary=b\n\n--b\n`.repeat(2000) + big,
    "boundaries that begin with each other":
      Array.from(
        { length: 40 },
        (_, depth) =>
          `Content-Type: multipart/mixed; boundary=${"b".repeat(depth + 1)}\n\n--${"b".repeat(depth + 1)}\n`,
      ).join("") + big,
    "a fold without a field": ` \n\t\n ${big}`,
    "From lines only": "From a\n\n".repeat(5000),
    "a dbox size beyond the end": `2 M1e C1\n\x01\x02N          7FFFFFFFFFFFFFFF\n${big}`,
    "a dbox of magic bytes": "\n\x01\x02".repeat(9000),
  };
  for (const [name, text] of Object.entries(cases)) {
    test(`${name}: cuts are ascending, few, and the same in chunks`, () => {
      const bytes = Buffer.from(text, "latin1");
      for (const kind of ["message", "mbox", "dbox"] as const) {
        const cuts = [...cutWhole(kind, bytes)];
        assertFewAndAscending(cuts, bytes.length);
        assert.deepEqual(cutInChunks(kind, bytes, [bytes.length > 10_000 ? 997 : 3]), cuts, kind);
        assert.deepEqual(cutInChunks(kind, bytes, [32_768, 1, 33_000]), cuts, kind);
      }
    });
  }
});

function assertFewAndAscending(cuts: readonly number[], length: number): void {
  let last = 0;
  for (const cut of cuts) {
    assert.ok(cut > last && cut < length, `${cut} after ${last} of ${length}`);
    last = cut;
  }
  assert.ok(cuts.length <= 2 + length / 512, `${cuts.length} cuts in ${length} bytes`);
}

const fragment = fc.oneof(
  fc.constantFrom(
    "\n",
    "\r\n",
    "\n\n",
    "\r\n\r\n",
    "--",
    "--a",
    "--a--",
    "--ab",
    "--ab--",
    "--a \n",
    "From x\n",
    "\nFrom x\n",
    "Content-Type: multipart/mixed; boundary=a\n",
    'Content-Type: multipart/mixed;\r\n boundary="ab"\r\n',
    "Content-Type: message/rfc822\n\n",
    "Received: by x with LMTP\n",
    "Received: x\n\tfor <y>\r\n",
    "Return-Path: <>\n",
    "Subject: x\n",
    " folded\n",
    "\x01\x02N          0000000000002000\n",
    "\n\x01\x03\n",
    "\x1f\x8b",
  ),
  fc
    .tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom(400, 1030, 4100, 17_000))
    .map(([seed, size]) => lines(size, String(seed))),
  fc.string({ maxLength: 20 }),
);

test("property: however a file is divided, the cuts are those of the whole file", () => {
  fc.assert(
    fc.property(
      fc.array(fragment, { maxLength: 40 }),
      fc.constantFrom("message", "mbox", "dbox"),
      fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 5 }),
      (fragments, kind, sizes) => {
        const bytes = Buffer.from(fragments.join(""), "latin1");
        const cuts = [...cutWhole(kind, bytes)];
        assertFewAndAscending(cuts, bytes.length);
        assert.deepEqual(cutInChunks(kind, bytes, sizes), cuts);
      },
    ),
    { numRuns: 150 },
  );
});

test("a message of 200 MB, and a line of 200 MB, are cut with little held in memory", () => {
  for (const [kind, head] of [
    ["message", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n"],
    ["message", "X-Endless: "],
    ["mbox", "From a\nSubject: x\n\n"],
    [
      "dbox",
      "2 M1e C1\n\x01\x02N          000000000FFFFFFF\nContent-Type: multipart/mixed; boundary=b\n\n",
    ],
  ] as const) {
    const cutter = openCutter(kind);
    cutter.push(Buffer.from(head));
    const chunk = Buffer.alloc(1024 * 1024, head.startsWith("X") ? "y" : lines(64 * 1024));
    let offset = head.length;
    for (let megabytes = 0; megabytes < 200; megabytes++) {
      for (const cut of cutter.push(chunk)) assert.ok(offset - cut < cutLookbackBytes);
      offset += chunk.length;
      assert.ok(cutter.heldBytes < cutLookbackBytes);
    }
    cutter.end();
  }
});
