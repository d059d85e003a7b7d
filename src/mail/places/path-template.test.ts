import assert from "node:assert/strict";
import { test } from "node:test";
import {
  expandFrom,
  expandTemplate,
  matchTemplate,
  staticFolder,
  withHome,
} from "./path-template.ts";

const ann = { name: "Ann@Example.org", home: "/home/ann" };

for (const [template, path] of [
  ["~/Maildir", "/home/ann/Maildir"],
  ["%h/x", "/home/ann/x"],
  ["%{home}/x", "/home/ann/x"],
  ["/v/%d/%n", "/v/Example.org/Ann"],
  ["/v/%Ld/%Ln", "/v/example.org/ann"],
  ["/v/%u", "/v/Ann@Example.org"],
  ["/v/%{user | domain | lower}/%{user | username | lower}", "/v/example.org/ann"],
  ["/v/100%%/%u", "/v/100%/Ann@Example.org"],
  // What only the server computes.
  ["/v/%2.1Hu/%u", undefined],
  ["/v/%{user | md5}", undefined],
  ["/v/%-1n", undefined],
  ["/v/%1Ln/%1.2n", "/v/a/nn"],
] as const) {
  test(`${template} is ${path ?? "known to the server alone"}`, () => {
    assert.equal(expandTemplate(template, ann), path);
  });
}

test("a home that is not known makes a path unknown", () => {
  assert.equal(expandTemplate("~/x", { name: "a" }), undefined);
  assert.equal(expandTemplate("/v/%u", { name: "a" }), "/v/a");
});

for (const [template, folder] of [
  ["/var/vmail/%d/%n", "/var/vmail"],
  ["/var/vmail/x%n/y", "/var/vmail"],
  ["/srv/mail", "/srv/mail"],
  ["/%u", "/"],
  ["~/Maildir", undefined],
  ["%{user}/x", undefined],
] as const) {
  test(`the folder of ${template} for all users is ${folder ?? "not known"}`, () => {
    assert.equal(staticFolder(template), folder);
  });
}

for (const [template, path, other, expanded] of [
  ["/v/%d/%n", "/v/example.org/ann", "/i/%u", "/i/ann@example.org"],
  ["/v/%u/mdbox", "/v/ann@example.org/mdbox", "/i/%d/%1n/%n", "/i/example.org/a/ann"],
  ["/v/%n", "/v/ann", "/i/%n/", "/i/ann/"],
  ["/v/%{user | domain}/%{user | username | lower}", "/v/x.org/ann", "/i/%{user}", "/i/ann@x.org"],
  ["/v/%1n/%n", "/v/a/ann", "/i/%u", "/i/ann"],
  ["/v/%2.1Hu/%u", "/v/f3/ann", "/i/%u", "/i/ann"],
  ["/v/100%%/%u", "/v/100%/ann", "/i/%u", "/i/ann"],
  ["/v/shared", "/v/shared", "/i/shared", "/i/shared"],
  // What the first does not tell, or what is of another form.
  ["/v/%n", "/v/ann", "/i/%d/%n", undefined],
  ["/v/%2.1Hu/%n", "/v/f3/ann", "/i/%2.1Hu/%n", undefined],
  ["/v/%n/%n", "/v/ann/bob", "/i/%n", undefined],
  ["/v/%d/%n", "/v/ann", "/i/%n", undefined],
  ["/v/%d/%n", "/v/example.org/ann/Archive", "/i/%n", undefined],
  ["/v.d/%n", "/vxd/ann", "/i/%n", undefined],
] as const)
  test(`of ${path} in ${template}, ${other} is ${expanded ?? "not known"}`, () => {
    const values = matchTemplate(template, path);
    assert.equal(values === undefined ? undefined : expandFrom(other, values), expanded);
  });

test("a template that a stranger wrote costs no time", () => {
  assert.equal(matchTemplate(`/${"%n".repeat(1000)}`, `/${"a".repeat(2000)}`), undefined);
});

test("the home's template stands in for the home", () => {
  assert.equal(withHome("~/mdbox", "/v/%d/%n/"), "/v/%d/%n/mdbox");
  assert.equal(withHome("%h/x/%{home}", "/h"), "/h/x//h");
  assert.equal(withHome("/abs/%u", "/h"), "/abs/%u");
});
