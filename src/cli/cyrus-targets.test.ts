import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { rawPathFromText, writeMemoryNodes } from "#image";
import { directoryStorage } from "#storage";
import { cyrusNodes } from "../mail/cyrus/cyrus.fixture.ts";
import { all } from "../mail/cyrus/cyrus-summary.fixture.ts";
import { documents } from "./story.fixture.ts";
import { LentRepositories, runForTest } from "./surroundings.fixture.ts";

type Scope = {
  readonly folders: readonly { readonly mailbox: string; readonly name: string }[];
  readonly messages: readonly { readonly uid: number }[];
};

describe("a Cyrus of several owners with a shared folder, out of a copy", () => {
  let folder = "";
  const repositories = new LentRepositories((location) => directoryStorage(location));

  const json = async (argv: readonly string[]): Promise<Record<string, unknown>> => {
    const result = await runForTest([...argv, "--json"], {
      environment: {
        RESTANTE_PASSWORD: "correct horse",
        RESTANTE_REPOSITORY: join(folder, "copy"),
        XDG_CACHE_HOME: join(folder, "cache"),
        XDG_STATE_HOME: join(folder, "state"),
      },
      workingFolder: folder,
      openRepository: repositories.open,
    });
    assert.equal(result.exitCode, 0, result.messages + result.output);
    return documents(result).at(-1) as Record<string, unknown>;
  };
  const scopes = async (path: string): Promise<readonly Scope[]> =>
    (await json(["ls", join(folder, "store", path)]))["scopes"] as readonly Scope[];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "restante-cyrus-"));
    mkdirSync(join(folder, "store"));
    await writeMemoryNodes(rawPathFromText(join(folder, "store")), cyrusNodes(all));
    await json(["init"]);
    await json(["capture", join(folder, "store")]);
  });
  after(async () => {
    await repositories[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  test("the store and its spool list the mailboxes of all", async () => {
    for (const path of ["", "spool"]) {
      const folders = (await scopes(path)).flatMap((scope) => scope.folders);
      assert.deepEqual(
        folders.map(({ mailbox, name }) => `${mailbox} ${name}`),
        ["spool public/news", "cass INBOX", "cass Sent", "john.doe@example.org INBOX"],
        path,
      );
    }
  });

  test("a mailbox's folder lists its messages, whoever owns it", async () => {
    for (const [id, uids] of [
      ["a1inbox", [1, 2]],
      ["b2sent", [7]],
      ["d4news", [5, 6]],
    ] as const) {
      const messages = (await scopes(`spool/uuid/${id[0]}/${id[1]}/${id}`)).flatMap(
        (scope) => scope.messages,
      );
      assert.deepEqual(
        messages.map(({ uid }) => uid),
        uids,
      );
    }
  });
});
