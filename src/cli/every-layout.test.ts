import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openDirectoryImage, rawPathFromText } from "#image";
import { messageIdentityOf, openMailStore } from "#mail";
import { directoryStorage } from "#storage";
import { documents } from "./story.fixture.ts";
import { LentRepositories, runForTest, type TestRun } from "./surroundings.fixture.ts";

const archive = join(import.meta.dirname, "../../../shared/corpora/corpora.tar.xz");
const hasTools =
  spawnSync("xz", ["--version"]).status === 0 && spawnSync("tar", ["--version"]).status === 0;
const skip = !existsSync(archive)
  ? "the corpora are not there"
  : hasTools
    ? false
    : "tar and xz are missing";

/** Stores of real servers, and a folder in each with a message that is looked at by hand. */
const stores = ["dovecot/sdbox-u00080", "dovecot/mdbox-gz-sis-u00080", "cyrus"];

type Row = { readonly target: string; readonly uid: number; readonly sizeBytes: number };
type Folder = { readonly mailbox: string; readonly name: string; readonly messages: number };

describe("a store of a real server, out of a copy", { skip }, () => {
  let folder = "";
  const repositories = new LentRepositories((location) => directoryStorage(location));
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "restante-layouts-"));
    const unpacked = spawnSync("tar", ["-xJf", archive, "-C", folder, "stores"]);
    const again =
      unpacked.status === 0 ? unpacked : spawnSync("tar", ["-xJf", archive, "-C", folder]);
    assert.equal(again.status, 0, String(again.stderr));
  });
  after(async () => {
    await repositories[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (argv: readonly string[]): Promise<TestRun> =>
    runForTest(argv, {
      environment: {
        RESTANTE_PASSWORD: "correct horse",
        RESTANTE_REPOSITORY: join(folder, "copy"),
        XDG_CACHE_HOME: join(folder, "cache"),
        XDG_STATE_HOME: join(folder, "state"),
      },
      workingFolder: folder,
      openRepository: repositories.open,
    });
  const json = async (argv: readonly string[]): Promise<Record<string, unknown>> => {
    const result = await run([...argv, "--json"]);
    assert.equal(result.exitCode, 0, result.messages + result.output);
    return documents(result).at(-1) as Record<string, unknown>;
  };

  for (const name of stores) {
    test(`${name}: ls, show and diff by messages`, async () => {
      const store = join(folder, "live", name);
      cpSync(join(folder, "stores", name), store, { recursive: true });
      if (!existsSync(join(folder, "copy"))) await json(["init"]);
      await json(["capture", store]);

      const listing = (await json(["ls", store]))["scopes"] as readonly { folders: Folder[] }[];
      const folders = listing.flatMap((scope) => scope.folders);
      const living = await readLiving(store);
      assert.deepEqual(
        folders.map((one) => `${one.name} ${one.messages}`).toSorted(),
        living.map((one) => `${one.name} ${one.digests.size}`).toSorted(),
      );

      const { path, digests } = living.find((one) => one.digests.size > 2) as LivingFolder;
      const scopes = (await json(["ls", path]))["scopes"] as readonly { messages: Row[] }[];
      const rows = scopes.flatMap((scope) => scope.messages);
      assert.equal(rows.length, digests.size);
      for (const { target, uid, sizeBytes } of rows.slice(0, 20)) {
        const shown = await run(["show", target]);
        assert.equal(shown.exitCode, 0, shown.messages);
        assert.equal(messageIdentityOf(shown.outputBytes), digests.get(uid));
        assert.equal(shown.outputBytes.length, sizeBytes);
      }
      const none = await run(["show", `${path}#4000000000`]);
      assert.equal(none.exitCode, 22);
      assert.match(none.messages, /has no message 4000000000/);

      const unchanged = await json(["diff", store, "--at", "latest"]);
      assert.deepEqual(unchanged["differences"], []);
    });
  }

  test("a whole mailbox restored elsewhere is read as it was", async () => {
    const store = join(folder, "live", "dovecot/mdbox-gz-sis-u00080");
    const to = join(folder, "restored");
    await json(["restore", store, "--to", to, "--yes"]);
    assert.deepEqual(await readLiving(to), (await readLiving(store)).map(movedTo(store, to)));
  });

  test("diff names the messages that are gone when a folder's files are", async () => {
    const store = join(folder, "live", "dovecot/sdbox-u00080");
    const inbox = join(store, "mailboxes/INBOX/dbox-Mails");
    const files = readdirSync(inbox).filter((file) => file.startsWith("u."));
    rmSync(join(inbox, files[0] as string));
    const found = await json(["diff", store, "--at", "latest"]);
    const differences = found["differences"] as readonly {
      kind: string;
      past?: { target: string };
    }[];
    assert.deepEqual(
      differences.map(({ kind, past }) => `${kind} ${past?.target.split("#")[1] ?? ""}`),
      [`removed ${files[0]?.slice("u.".length)}`],
    );
  });
});

type LivingFolder = {
  readonly name: string;
  readonly path: string;
  /** UID → identity. */
  readonly digests: ReadonlyMap<number, string>;
};

/** What the reader says of a folder on disk, without any copy. */
async function readLiving(store: string): Promise<LivingFolder[]> {
  await using image = await openDirectoryImage(rawPathFromText(store));
  const folders: LivingFolder[] = [];
  for (const account of (await openMailStore(image)).accounts) {
    for (const mailbox of await account.mailboxes()) {
      const digests = new Map<number, string>();
      for (const message of (await account.messages(mailbox)).messages) {
        const bytes = Buffer.concat(await Array.fromAsync(account.read(message)));
        digests.set(message.uid as number, messageIdentityOf(bytes));
      }
      folders.push({ name: mailbox.name, path: join(store, mailbox.path), digests });
    }
  }
  return folders;
}

function movedTo(from: string, to: string): (folder: LivingFolder) => LivingFolder {
  return (folder) => ({ ...folder, path: to + folder.path.slice(from.length) });
}
