import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hostOf, openStorageAt, repositoryFolder } from "./storage-at.ts";

test("repositoryFolder() refuses what is no folder, without telling a password", () => {
  assert.equal(repositoryFolder("copy", "/srv"), "/srv/copy");
  for (const url of [
    "s3:https://host/bucket",
    "sftp:user@host:/path",
    "rest:https://me:hunter2@host/",
    "me:hunter2@vault.example.net:/srv/recovery",
    "me@vault.example.net:/srv/recovery",
  ]) {
    assert.throws(
      () => repositoryFolder(url, "/srv"),
      (error) => error instanceof Error && !error.message.includes("hunter2"),
    );
  }
  // What scp takes for another host would be a folder here, and no copy elsewhere; ./ says that one is meant.
  assert.equal(repositoryFolder("./me@vault:/srv", "/srv"), "/srv/me@vault:/srv");
});

test("openStorageAt() opens a folder, and says of any other place that it is not here yet", async () => {
  const folder = mkdtempSync(join(tmpdir(), "restante-storage-at-"));
  try {
    await using storage = await openStorageAt(folder);
    assert.equal(storage.location, folder);
    await assert.rejects(
      openStorageAt("ssh://root:hunter2@vault.example.org/srv/recovery"),
      (error) => {
        assert.ok(error instanceof Error);
        assert.match(
          error.message,
          /"ssh:\/\/root@vault.example.org\/srv\/recovery": a copy lies in a folder/,
        );
        return true;
      },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a folder of another machine is one place however it is written, and nothing of it reaches a shell", () => {
  assert.equal(
    repositoryFolder("ssh://dr@vault.example.net:2222/srv//recovery/", "/"),
    "ssh://dr@vault.example.net:2222/srv/recovery",
  );
  for (const url of [
    "ssh://vault.example.net",
    "ssh:///srv/recovery",
    "ssh://a:b@vault/srv",
    "ssh://vault:port/srv",
    "ssh://vault:123456/srv",
  ])
    assert.throws(() => repositoryFolder(url, "/"), { code: "cli.no-copy" }, url);
});

test("the host of a location is named with its user and port", () => {
  assert.equal(hostOf("ssh://dr@[2001:db8::1]:2222/srv/a"), "dr@[2001:db8::1]:2222");
});

test("a wish to end is heard before a host that says nothing is", async () => {
  const environment = { RESTANTE_SSH_COMMAND: "sh -c cat" };
  const signal = AbortSignal.abort();
  await assert.rejects(openStorageAt("ssh://vault/srv", { environment, signal }), {
    name: "AbortError",
  });
});
