import assert from "node:assert/strict";
import { test } from "node:test";
import { applyXclient } from "./xclient.ts";

test("what an MTA says of its client replaces what was known", () => {
  assert.deepEqual(
    applyXclient("ADDR=192.0.2.7 PORT=2525 NAME=mx+2Eexample.org PROTO=ESMTP", {
      address: "127.0.0.1",
    }),
    {
      address: "192.0.2.7",
      port: 2525,
      name: "mx.example.org",
    },
  );
  assert.deepEqual(applyXclient("ADDR=IPV6:2001:db8::1 HELO=x", {}), {
    address: "2001:db8::1",
    greeting: "x",
  });
  assert.deepEqual(
    applyXclient("NAME=[UNAVAILABLE] ADDR=[TEMPUNAVAIL]", {
      name: "x",
      address: "192.0.2.1",
      port: 1,
    }),
    { port: 1 },
  );
});

test("what cannot be understood changes nothing", () => {
  for (const text of [
    "",
    "ADDR",
    "ADDR=x",
    "PORT=abc",
    "FOO=1",
    "NAME=+0A",
    "NAME=+zz",
    `NAME=${"x".repeat(999)}`,
  ])
    assert.equal(applyXclient(text, {}), undefined, text);
});
