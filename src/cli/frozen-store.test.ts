import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { directoryStorage } from "#storage";
import { removeAll } from "../methods/replicas/replicas.fixture.ts";
import { type LoopKind, loopFilesystem, loopSkip } from "../snapshots/loop-filesystem.fixture.ts";
import { documents, hashes, writeSmallStore } from "./story.fixture.ts";
import { LentRepositories, runForTest, type TestRun } from "./surroundings.fixture.ts";

/** Mail in one folder, copies and configuration in another, which may be on another filesystem. */
type Place = AsyncDisposable & {
  readonly folder: string;
  readonly mail: string;
  run(argv: readonly string[]): Promise<TestRun>;
};

async function place(
  parent: string,
  configuration: (folders: { readonly folder: string; readonly mail: string }) => string,
): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "restante-frozen-"));
  const mail = join(await mkdtemp(join(parent, "restante-store-")), "mail");
  const repositories = new LentRepositories((location) => directoryStorage(location));
  await writeSmallStore(mail);
  await writeFile(join(folder, "password"), "secret\n");
  await writeFile(join(folder, "restante.yaml"), configuration({ folder, mail }));
  return {
    folder,
    mail,
    run: async (argv) =>
      await runForTest(argv, {
        environment: {
          XDG_CACHE_HOME: join(folder, "cache"),
          XDG_STATE_HOME: join(folder, "state"),
        },
        workingFolder: folder,
        openRepository: repositories.open,
      }),
    [Symbol.asyncDispose]: async () => {
      await repositories[Symbol.asyncDispose]();
      removeAll(folder);
      removeAll(join(mail, ".."));
    },
  };
}

const tier = (methods: string): string => `tiers:
  gold:
    operational: [${methods}]
lines_of_business:
  everyone: {mailboxes: ["*"], tier: gold}
`;
const disk = "{method: backup to disk, copy: here, lose_at_most: 1 hour, keep: [last 5]}";
const deltas = "{method: rotation of delta snapshots, copy: deltas, every: 4 hours, images: 2}";
const clones = "{method: rotation of clones, copy: clones, every: 12 hours, images: 2}";

for (const kind of ["btrfs", "xfs"] satisfies readonly LoopKind[])
  test(
    `on ${kind} one frozen image feeds the backup and the clone, and becomes the delta that shares its blocks`,
    { skip: loopSkip(kind) },
    async () => {
      using filesystem = loopFilesystem(kind, 400);
      await using here = await place(
        filesystem.folder,
        ({ folder, mail }) => `version: 1
servers:
  mx1: {type: maildir, path: ${mail}, data_source: hot split snapshot}
copies:
  here: {layer: operational, path: ${folder}/here, key: "file:${folder}/password"}
  clones: {layer: operational, kind: replicas, path: ${folder}/clones}
  deltas: {layer: operational, kind: replicas, path: ${filesystem.folder}/deltas}
${tier(`${disk}, ${deltas}, ${clones}`)}`,
      );
      for (const copy of ["here", "clones", "deltas"])
        assert.equal((await here.run(["init", "--copy", copy])).exitCode, 0);
      for (let round = 0; round < 3; round++) {
        const taken = await here.run(["capture", "--json"]);
        assert.equal(taken.exitCode, 0, taken.output);
        const captures = documents(taken).at(-1)?.["captures"] as readonly {
          readonly copy: string;
          readonly shared?: boolean;
          readonly provider?: string;
          readonly moment: { readonly at: string; readonly survives?: readonly string[] };
        }[];
        assert.deepEqual(
          captures.map(({ copy, shared }) => [copy, shared]),
          [
            ["here", undefined],
            ["clones", false],
            ["deltas", true],
          ],
        );
        assert.equal(captures[1]?.moment.at, captures[2]?.moment.at, "one image");
      }
      assert.deepEqual(
        await readdir(join(filesystem.folder, "deltas/.splits")),
        [],
        "nothing is left of the splits",
      );
      for (const from of ["here", "clones", "deltas"]) {
        const out = join(here.folder, `out-${from}`);
        const restored = await here.run(["restore", "mx1", "--from", from, "--to", out]);
        assert.equal(restored.exitCode, 0, restored.messages);
        assert.deepEqual(await hashes(out), await hashes(here.mail));
      }
      const listed = await here.run(["moments", "--from", "deltas"]);
      assert.match(listed.output, /: 2 moments\n/, "the rotation keeps two");
    },
  );

test("snapshots that the filesystem cannot make are refused with every reason, and nothing is left beside the store", async () => {
  await using here = await place(
    tmpdir(),
    ({ folder, mail }) => `version: 1
servers:
  mx1: {type: maildir, path: ${mail}, data_source: hot split snapshot, snapshots: btrfs}
copies:
  here: {layer: operational, path: ${folder}/here, key: "file:${folder}/password"}
${tier(disk)}`,
  );
  assert.equal((await here.run(["init"])).exitCode, 0);
  const { exitCode, messages } = await here.run(["capture"]);
  assert.equal(exitCode, 2);
  assert.match(messages, /Cannot freeze "mx1" for a hot split snapshot: btrfs snapshot in/);
  assert.deepEqual(await readdir(join(here.mail, "..")), ["mail"]);
});

test("a store whose frozen images are never usable is not captured, and says what was found", async () => {
  await using here = await place(
    tmpdir(),
    ({ folder, mail }) => `version: 1
servers:
  mx1: {type: maildir, path: ${mail}, data_source: hot split snapshot, repeat: 2}
copies:
  here: {layer: operational, path: ${folder}/here, key: "file:${folder}/password"}
  clones: {layer: operational, kind: replicas, path: ${folder}/clones}
${tier(`${disk}, ${clones}`)}`,
  );
  for (const copy of ["here", "clones"]) await here.run(["init", "--copy", copy]);
  const message = join(here.mail, "example.org/support/Maildir/cur/1700000900.M1.mx1,S=999:2,S");
  await writeFile(message, "Subject: cut off\n\nbody\n");
  const { exitCode, messages } = await here.run(["capture"]);
  assert.equal(exitCode, 1, messages);
  assert.match(messages, /frozen image 1 is rejected: .*its name says 999/);
  assert.match(messages, /all 2 were rejected/);
  const listed = await here.run(["moments"]);
  assert.match(listed.messages, /No copy has moments yet/);
});

test("an offline server is stopped once for all methods and groups, and not at all where no copy opens", async () => {
  await using here = await place(
    tmpdir(),
    ({ folder, mail }) => `version: 1
servers:
  mx1:
    type: maildir
    path: ${mail}
    data_source: offline
    stop: [/bin/sh, -c, "echo stop >> ${folder}/log"]
    start: [/bin/sh, -c, "echo start >> ${folder}/log"]
copies:
  clones: {layer: operational, kind: replicas, path: ${folder}/clones}
  deltas: {layer: operational, kind: replicas, path: ${folder}/deltas}
tiers:
  gold:
    operational: [${clones}, ${deltas}]
lines_of_business:
  sales: {mailboxes: ["sales@example.org"], tier: gold}
  everyone else: {mailboxes: ["*"], tier: gold}
`,
  );
  const log = async (): Promise<string> =>
    await readFile(join(here.folder, "log"), "utf8").catch(() => "");
  const none = await here.run(["capture"]);
  assert.equal(none.exitCode, 1, none.messages);
  assert.equal(await log(), "", "nothing was stopped for nothing");
  for (const copy of ["clones", "deltas"])
    assert.equal((await here.run(["init", "--copy", copy])).exitCode, 0);
  const taken = await here.run(["capture"]);
  assert.equal(taken.exitCode, 0, taken.messages);
  assert.equal(await log(), "stop\nstart\n");
  for (const from of ["clones", "deltas"]) {
    const sales = await here.run(["ls", "mx1/sales", "--from", from]);
    assert.match(sales.output, /sales@example\.org/, sales.messages);
    assert.doesNotMatch(sales.output, /support/);
    const others = await here.run(["ls", "support@example.org/INBOX", "--from", from]);
    assert.equal(others.exitCode, 0, others.messages);
  }
});

test("a server that cannot be captured does not keep the others from it", async () => {
  await using here = await place(
    tmpdir(),
    ({ folder, mail }) => `version: 1
servers:
  gone: {type: maildir, path: ${folder}/not-there, data_source: live application}
  mx1: {type: maildir, path: ${mail}, data_source: live application}
copies:
  here: {layer: operational, path: ${folder}/here, key: "file:${folder}/password"}
${tier(disk)}`,
  );
  const made = await here.run(["init"]);
  assert.equal(made.exitCode, 0, made.messages);
  const { exitCode, output, messages } = await here.run(["capture"]);
  assert.equal(exitCode, 3, messages);
  assert.match(output, /mx1\/everyone: moment .* in copy here/);
  assert.match(messages, /gone: .*not-there/);
});
