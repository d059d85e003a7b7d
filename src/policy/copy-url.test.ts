import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { copyLocationText, parseCopyUrl, sshDestination } from "./copy-url.ts";

test("a url names user, host, port and folder", () => {
  assert.deepEqual(parseCopyUrl("ssh://dr@vault.example.net/srv/recovery"), {
    user: "dr",
    host: "vault.example.net",
    path: "/srv/recovery",
  });
  assert.deepEqual(parseCopyUrl("ssh://a.b-c@10.0.0.1:22/x//"), {
    user: "a.b-c",
    host: "10.0.0.1",
    port: 22,
    path: "/x",
  });
  assert.deepEqual(parseCopyUrl("ssh://u@[2001:db8::1]:2200/größe/mit raum@home"), {
    user: "u",
    host: "2001:db8::1",
    port: 2200,
    path: "/größe/mit raum@home",
  });
});

test("what is no such url is told what is wrong with it", () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ["", "config.url", /no url/],
    ["/srv/recovery", "config.url", /a folder/],
    ["ssh://vault/x", "config.url", /lacks the user/],
    ["ssh://u@vault", "config.url", /lacks the folder/],
    ["ssh://u@vault/", "config.url", /lacks the folder/],
    ["ssh://u@vault//x", "config.url", /detours/],
    ["ssh://u@vault/a/../b", "config.url", /detours/],
    ["ssh://u@vault/~/x", "config.url", /root on/],
    ["ssh://u@vault/a%2fb", "config.url", /% \? #/],
    ["ssh://u@vault/a?b", "config.url", /% \? #/],
    ["ssh://u@vault/a#b", "config.url", /% \? #/],
    ["ssh://u@vault/a\nb", "config.url", /control/],
    ["ssh://-oProxyCommand=x@vault/a", "config.url", /user/],
    ["ssh://u@-oProxyCommand=x/a", "config.url", /host/],
    ["ssh://u@vau lt/a", "config.url", /host/],
    ["ssh://u@a@b/c", "config.url", /host/],
    ["ssh://u@/c", "config.url", /host/],
    ["ssh://u@vault:/c", "config.url", /host/],
    ["ssh://u@vault:0/c", "config.url", /port/],
    ["ssh://u@vault:65536/c", "config.url", /port/],
    ["ssh://u@[vault]/c", "config.url", /host/],
    ["ssh://u@[10.0.0.1]/c", "config.url", /brackets/],
    [`ssh://u@vault/${"x".repeat(5000)}`, "config.url", /too long/],
    ["SSH://u@vault/c", "config.url", /small letters/],
    ["s3://s3.example.net/bucket", "config.not-available", /s3:/],
    ["sftp://u@vault/c", "config.not-available", /sftp:/],
    ["sftp:u@vault:/c", "config.not-available", /sftp:/],
    ["file:///c", "config.not-available", /file:/],
  ];
  for (const [text, code, message] of cases) {
    const found = parseCopyUrl(text);
    assert.ok("code" in found, text);
    assert.equal(found.code, code, text);
    assert.match(found.message, message, text);
    assert.ok(found.hint !== undefined || found.suggestion !== undefined, text);
  }
});

test("a place as scp takes it is written as a url", () => {
  const found = parseCopyUrl("dr@vault.example.net:/srv/recovery");
  assert.equal("code" in found && found.suggestion, "ssh://dr@vault.example.net/srv/recovery");
});

test("a password is refused, wherever it stands, and never repeated", () => {
  for (const text of [
    "ssh://dr:hunter2@vault/srv",
    "ssh://dr:hun/ter2@vault/srv",
    "ssh://dr:hun@ter2@vault/srv",
    "ssh://:hunter2@vault/srv",
    "s3://dr:hunter2@vault/srv",
    "sftp:dr:hunter2@vault:/srv",
    "rest:https://dr:hunter2@vault/srv",
    "dr:hunter2@vault:/srv",
    "//dr:hunter2@vault/srv",
  ]) {
    const found = parseCopyUrl(text);
    assert.ok("code" in found, text);
    assert.equal(found.code, "config.inline-secret", text);
  }
  const word = fc.string({ unit: fc.constantFrom(...Array.from("abc12:@/[]%.-")), maxLength: 12 });
  fc.assert(
    fc.property(
      word,
      word,
      fc.constantFrom("", "ssh://", "s3://", "sftp:"),
      (left, right, scheme) => {
        const found = parseCopyUrl(`${scheme}${left}hunter2${right}`);
        if ("code" in found) {
          const isRepeated = JSON.stringify(found).includes("hunter2");
          // Only what is a user, a host and a folder without any password is shown again.
          if (isRepeated) assert.doesNotMatch(found.suggestion ?? "", /\/\/[^/]*:[^/]*@/);
          assert.doesNotMatch(`${found.message} ${found.hint ?? ""}`, /hunter2/);
        }
      },
    ),
  );
});

test("what was understood is written as it was, and read as the same", () => {
  const name = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,10}[a-z0-9])?$/);
  const host = fc.oneof(name, fc.constantFrom("2001:db8::1", "::1"));
  const folder = fc.stringMatching(/^(\/[a-zA-Z0-9 @_ü-]{1,8}){1,3}$/u);
  fc.assert(
    fc.property(
      name,
      host,
      fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
      folder,
      (user, at, port, path) => {
        const location = { user, host: at, ...(port === undefined ? {} : { port }), path };
        const text = copyLocationText({ at: "another host", ...location });
        assert.deepEqual(parseCopyUrl(text), location);
        assert.ok(text.startsWith(`${sshDestination(location)}/`));
      },
    ),
  );
});
