/** A folder for the commands of one test file: a copy to be made, a state and a cache of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { directoryStorage } from "#storage";
import { LentRepositories, runForTest, type TestRun } from "./surroundings.fixture.ts";

export type CommandSite = {
  readonly folder: string;
  readonly run: (argv: readonly string[], signal?: AbortSignal) => Promise<TestRun>;
};

/** A cache and a state in that folder, and the password of every copy. */
export function environmentIn(folder: string, password: string): Record<string, string> {
  return {
    RESTANTE_PASSWORD: password,
    XDG_CACHE_HOME: join(folder, "cache"),
    XDG_STATE_HOME: join(folder, "state"),
  };
}

/** Removed when the file's tests are over. */
export async function commandSite(name: string): Promise<CommandSite> {
  const folder = await mkdtemp(join(tmpdir(), `restante-${name}-`));
  const repositories = new LentRepositories((location) => directoryStorage(location));
  after(async () => {
    await repositories[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  const environment = {
    ...environmentIn(folder, "correct horse"),
    RESTANTE_REPOSITORY: join(folder, "copy"),
  };
  const run = async (argv: readonly string[], signal?: AbortSignal): Promise<TestRun> =>
    await runForTest(argv, {
      environment,
      workingFolder: folder,
      openRepository: repositories.open,
      ...(signal === undefined ? {} : { signal }),
    });
  return { folder, run };
}
