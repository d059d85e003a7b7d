import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { memoryImage, type MemoryNodes, rootPath, type Validation } from "#image";
import {
  type MailServer,
  protectedKinds,
  serverActions,
  type ServerKind,
  serverKinds,
  volumePlaces,
} from "./mail-server.ts";
import { isServerError } from "./server-error.ts";

/** What is known of a server by other means than its adapter. */
export type KnownServer = {
  readonly kind: ServerKind;
  /** Absolute folders of its mail, in any order. */
  readonly mailFolders: readonly string[];
  /** Ascending; undefined where nobody can tell. */
  readonly accounts?: readonly string[];
};

/** What every MailServer does. */
export function mailServerContract(
  name: string,
  {
    server: open,
    known,
  }: { readonly server: () => Promise<MailServer>; readonly known: KnownServer },
): void {
  describe(`${name} keeps the MailServer contract`, () => {
    test("it says what it is, and why it is thought to be there", async () => {
      const server = await open();
      assert.equal(server.kind, known.kind);
      assert.ok(serverKinds.includes(server.kind));
      assert.notEqual(server.title, "");
      assert.ok(server.evidence.length > 0);
    });

    test("its volumes are absolute folders with place and role, the mail's own first", async () => {
      const { volumes } = await open();
      for (const { path, place, role } of volumes) {
        assert.match(path, /^\/./);
        assert.ok(volumePlaces.includes(place));
        assert.ok(["database", "log", "mixed"].includes(role));
      }
      assert.equal(volumes[0]?.place, "mail");
      const mail = volumes.filter(({ place }) => place === "mail").map(({ path }) => path);
      assert.deepEqual(mail.toSorted(), known.mailFolders.toSorted());
    });

    test("its accounts have names of their own, and a list without anybody is never whole", async () => {
      const server = await open();
      const { accounts, isComplete, origin } = await server.accounts();
      const names = accounts.map((account) => account.name);
      assert.equal(new Set(names).size, names.length);
      if (accounts.length === 0) assert.equal(isComplete, false);
      if (known.accounts !== undefined) assert.deepEqual(names.toSorted(), known.accounts);
      assert.notEqual(origin, "");
      for (const { home, mail } of accounts)
        for (const path of [home, mail]) assert.match(path ?? "/", /^\//);
    });

    test("what else belongs to its state has a place and a reason", async () => {
      const server = await open();
      for (const { kind, path, why } of await server.alsoProtect()) {
        assert.ok(protectedKinds.includes(kind));
        assert.match(path, /^\/./);
        assert.match(why, /^[A-Z].*\.$/s);
      }
    });

    test("commands come in pairs, each with a time limit", async () => {
      const { commands } = await open();
      assert.equal(commands.stop === undefined, commands.start === undefined);
      assert.equal(commands.quiesce === undefined, commands.resume === undefined);
      for (const command of Object.values(commands)) {
        assert.ok(command.words.length > 0);
        assert.ok(command.timeoutMs > 0);
      }
    });

    test("an action without a command is refused by name", async () => {
      const server = await open();
      for (const action of serverActions) {
        if (server.commands[action] !== undefined) continue;
        await assert.rejects(server.run(action), (error) =>
          isServerError(error, "server.no-command"),
        );
      }
    });

    test("it finds a whole image usable, and rejects one without mail and one with an empty message", async () => {
      const server = await open();
      const message = "From: a@example.test\n\nhello\n";
      assert.deepEqual((await validated(server, { "cur/1:2,S": message, new: {} })).findings, []);
      assert.equal((await validated(server, {})).valid, false);
      assert.equal((await validated(server, { "cur/1:2,S": "", new: {} })).valid, false);
    });

    test("every way back has its steps, and says what it keeps", async () => {
      const { putBack } = await open();
      for (const { name: way, steps, keeps } of putBack) {
        assert.ok(steps.length > 0, way);
        assert.equal(new Set(keeps).size, keeps.length);
      }
    });

    test("it ends when it is told to", async () => {
      const server = await open();
      const signal = AbortSignal.abort();
      await assert.rejects(server.accounts(signal), { name: "AbortError" });
      await assert.rejects(server.alsoProtect(signal), { name: "AbortError" });
    });
  });
}

async function validated(server: MailServer, nodes: MemoryNodes): Promise<Validation> {
  await using image = memoryImage(nodes);
  return await server.validate({
    image,
    path: rootPath,
    writableCopy: async () => assert.fail("nothing writes"),
    clock: () => 1n,
  });
}
