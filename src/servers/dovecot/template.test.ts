import assert from "node:assert/strict";
import { test } from "node:test";
import { expandTemplate, staticFolder } from "./template.ts";

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
  ["/v/%1n", undefined],
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
