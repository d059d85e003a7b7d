import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { debianDoveconf, virtualUsers24 } from "./configurations.fixture.ts";
import { mailPlaces, parseMailLocation } from "./mail-place.ts";
import { listOf, parseDoveconf, parseDovecotText, sectionsOf, settingOf } from "./settings-text.ts";

test("what doveconf prints is read: settings, quotes, hidden values, sections with names", () => {
  const root = parseDoveconf(debianDoveconf);
  assert.equal(settingOf(root, "mail_location"), "mbox:~/mail:INBOX=/var/mail/%u");
  assert.equal(settingOf(root, "ssl_key"), undefined);
  assert.deepEqual(listOf(root, "protocols"), ["imap", "lmtp"]);
  const [inbox] = sectionsOf(root, "namespace");
  assert.equal(inbox?.name, "inbox");
  assert.deepEqual(
    inbox.sections.map(({ name }) => name),
    ["Drafts", "Sent Messages"],
  );
  assert.deepEqual(mailPlaces(root), [
    {
      namespace: "",
      kind: "private",
      place: { driver: "mbox", path: "~/mail", inbox: "/var/mail/%u" },
    },
  ]);
});

test("2.4: drivers, paths and lists; a namespace overrides what is said for all", () => {
  const root = parseDoveconf(virtualUsers24["/etc/dovecot/dovecot.conf"] ?? "");
  assert.deepEqual(listOf(root, "mail_plugins"), ["acl", "notify", "mail_log", "sieve"]);
  assert.deepEqual(mailPlaces(root), [
    {
      namespace: "",
      kind: "private",
      place: {
        driver: "sdbox",
        path: "~/mail",
        index: "/var/indexes/%{user | lower}",
        alt: "/srv/archive/%{user}",
        attachments: "/srv/attachments",
      },
    },
    {
      namespace: "public",
      kind: "public",
      place: {
        driver: "maildir",
        path: "/srv/public",
        index: "/var/indexes/%{user | lower}",
        alt: "/srv/archive/%{user}",
        attachments: "/srv/attachments",
      },
    },
  ]);
});

for (const [written, place] of [
  ["", undefined],
  ["maildir:~/Maildir", { driver: "maildir", path: "~/Maildir" }],
  ["/var/mail/%u", { driver: "auto", path: "/var/mail/%u" }],
  ["auto:~/mail", { driver: "auto", path: "~/mail" }],
  [
    "mdbox:~/mdbox:ALT=/slow/%u:DIRNAME=x:UTF-8",
    { driver: "mdbox", path: "~/mdbox", alt: "/slow/%u", directoryName: "x" },
  ],
  [
    "maildir:~/M:LAYOUT=FS:INDEX=MEMORY:CONTROL=/c",
    { driver: "maildir", path: "~/M", control: "/c", layout: "fs" },
  ],
  ["maildir:/srv/a::b:INDEX=/i", { driver: "maildir", path: "/srv/a:b", index: "/i" }],
] as const) {
  test(`mail_location = ${written === "" ? "(nothing)" : written}`, () => {
    assert.deepEqual(parseMailLocation(written), place);
  });
}

test("lines go on after a backslash, comments end values, and quotes keep them", () => {
  const text = 'a = one \\\n  two # three\nb = "x # y \\" z"\n# c = d\ne=f\n';
  assert.deepEqual(
    parseDovecotText(text).flatMap((one) => (one.kind === "set" ? [[one.key, one.value]] : [])),
    [
      ["a", "one  two"],
      ["b", 'x # y " z'],
      ["e", "f"],
    ],
  );
});

test("a value refers to what the key was before, in its own section first", () => {
  const root = parseDoveconf(
    "mail_plugins = quota\nprotocol imap {\n mail_plugins = $mail_plugins imap_quota\n}\n",
  );
  assert.equal(sectionsOf(root, "protocol")[0]?.settings.get("mail_plugins"), "quota imap_quota");
});

test("sections with a name are one, those without are each their own", () => {
  const root = parseDoveconf(
    "namespace a {\n x = 1\n}\nnamespace a {\n y = 2\n}\nuserdb {\n}\nuserdb {\n}\n",
  );
  assert.equal(sectionsOf(root, "namespace").length, 1);
  assert.equal(sectionsOf(root, "userdb").length, 2);
});

test("any text is read within bounds, whatever braces it has", () => {
  const piece = fc.constantFrom("a {\n", "}\n", "k = $k $k\n", "!include x\n", "\\\n", '"', "x");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 200 }), (pieces) => {
      const root = parseDoveconf(pieces.join(""));
      const depth = (section: typeof root): number =>
        1 + Math.max(0, ...section.sections.map(depth));
      assert.ok(depth(root) <= 34);
      assert.ok((root.settings.get("k") ?? "").length <= 64 * 1024);
    }),
  );
});
