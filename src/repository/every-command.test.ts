/** Every command under every fault of its storage: it is said, nothing that was promised is lost, the next run succeeds. */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { inspect } from "node:util";
import { isRecoveryError } from "#errors";
import {
  type FaultRule,
  faultyStorage,
  type FaultyStorageOptions,
  fileTypes,
  seededNumbers,
  type Storage,
} from "#storage";
import { contentOf, filesOf, reopen } from "./duplicate.fixture.ts";
import {
  branchOf,
  type Command,
  type CommandScene,
  commands,
  commandScene,
} from "./every-command.fixture.ts";
import type { Repository } from "./repository.ts";

const template = await commandScene();

type Fault = {
  readonly name: string;
  /** What a command that writes nothing but locks need not meet. */
  readonly isForWriters?: boolean;
  readonly at: (at: number) => FaultyStorageOptions;
};

const faults: readonly Fault[] = [
  {
    name: "fails once",
    at: (at) => ({ rules: [{ kind: "fail", at, when: "before", retryable: true }] }),
  },
  { name: "loses an answer", at: (at) => ({ rules: [{ kind: "fail", at, when: "after" }] }) },
  {
    name: "ends before",
    isForWriters: true,
    at: (at) => ({ rules: [dies(at, "before")], kill: () => undefined }),
  },
  {
    name: "ends after",
    isForWriters: true,
    at: (at) => ({ rules: [dies(at, "after")], kill: () => undefined }),
  },
  {
    name: "keeps a part of a file and says so",
    isForWriters: true,
    at: (at) => ({
      rules: [{ kind: "truncate", action: "save", at, keepBytes: 20, report: "failure" }],
    }),
  },
];

function dies(at: number, when: "before" | "after"): FaultRule {
  return { kind: "kill", at, when };
}

for (const command of commands) {
  test(`${command.name}: storage that answers slowly, and in another order than it was asked`, async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const scene = await branchOf(template, command);
      const random = seededNumbers(seed);
      const until = async (): Promise<void> => {
        for (let turns = Math.floor(random() * 6); turns > 0; turns--) await setImmediate();
      };
      const storage = faultyStorage(scene.storage, { rules: [{ kind: "delay", until }] });
      assert.equal(await failureOf(command, storage, scene), undefined, `seed ${seed}`);
      await assertGoesOn(command, scene, `seed ${seed}`);
    }
  });

  for (const fault of faults) {
    if (fault.isForWriters === true && command.isReader === true) continue;
    test(`${command.name}: storage that ${fault.name}, at each of its operations`, async () => {
      for (let at = 1; ; at++) {
        const scene = await branchOf(template, command);
        const storage = faultyStorage(scene.storage, fault.at(at));
        const error = await failureOf(command, storage, scene);
        const where = `${command.name} ${fault.name} ${at}: ${inspect(error)}`;
        assert.ok(error === undefined || isRecoveryError(error), where);
        await assertGoesOn(command, scene, where);
        const operations = storage.operations.filter(
          ({ action }) => fault.name !== "keeps a part of a file and says so" || action === "save",
        );
        if (operations.length < at) {
          assert.equal(error, undefined, where);
          break;
        }
      }
    });
  }

  if (command.isReader === true) continue;
  test(`${command.name}: storage that is full, whatever room it had`, async () => {
    for (let capacityBytes = 0; ; capacityBytes += 700) {
      const scene = await branchOf(template, command);
      const error = await failureOf(
        command,
        faultyStorage(scene.storage, { capacityBytes }),
        scene,
      );
      const where = `${command.name} with ${capacityBytes} bytes`;
      if (error !== undefined)
        assert.ok(
          isRecoveryError(error) && error.code === "storage.full",
          `${where}: ${inspect(error)}`,
        );
      await assertGoesOn(command, scene, where);
      if (error === undefined) break;
    }
  });
}

async function failureOf(
  command: Command,
  storage: Storage,
  scene: CommandScene,
): Promise<unknown> {
  return await command.run(storage, scene).then(
    () => undefined,
    (error: unknown) => error ?? new Error("nothing was thrown"),
  );
}

/** What each command went on from, byte by byte: where it stopped before it wrote, that is where it began. */
const goneOnFrom = new Map<Command, Set<string>>(commands.map((command) => [command, new Set()]));

async function assertGoesOn(command: Command, scene: CommandScene, where: string): Promise<void> {
  const { storage } = scene;
  const state = await stateOf(storage);
  if (goneOnFrom.get(command)?.has(state) === true) return;
  if (command.damage === undefined) {
    await using repository = await reopen(storage);
    await assertPromised(repository, scene, where);
  }
  // This process lives on, so its lock cannot be told from one that is in use: test/crash*.test.ts kills real ones.
  for (const name of await filesOf(storage, "lock")) await storage.remove({ type: "lock", name });
  await command
    .run(storage, scene)
    .catch((error: unknown) => assert.fail(`${where}, then ${inspect(error)}`));
  {
    await using repository = await reopen(storage);
    await assertPromised(repository, scene, `${where}, after the next run`);
    await repository.prune({ now: () => template.tagged.timeNs, maxUnusedShare: 0 });
  }
  await using repository = await reopen(storage);
  await assertPromised(repository, scene, `${where}, after a prune`);
  assert.deepEqual((await repository.verify({ readData: true })).findings, [], where);
  assert.deepEqual(await filesOf(storage, "lock"), [], where);
  goneOnFrom.get(command)?.add(state);
}

/** Every file and its bytes, but for locks. */
async function stateOf(storage: Storage): Promise<string> {
  const files: string[] = [];
  for (const type of fileTypes.filter((one) => one !== "lock")) {
    for await (const { name } of storage.list(type)) {
      const bytes = await storage.load({ type, name });
      files.push(`${type} ${name} ${hash("sha256", bytes)}`);
    }
  }
  return files.toSorted().join("\n");
}

async function assertPromised(
  repository: Repository,
  { promised, tagged }: CommandScene,
  where: string,
): Promise<void> {
  const all = await repository.snapshots();
  for (const [id, content] of promised) {
    const found = all.find((snapshot) => snapshot.id === id);
    assert.ok(found !== undefined, `${where}: moment ${id} is lost`);
    assert.deepEqual(await contentOf(repository, found), content, where);
  }
  assert.ok(
    all.some(({ id, original }) => id === tagged.id || original === tagged.id),
    `${where}: the moment whose tags change is lost`,
  );
}
