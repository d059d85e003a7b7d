import { resolve } from "node:path";
import type { CommandContext } from "../command.ts";
import { CliError } from "../cli-error.ts";
import { copyPlace } from "../copy-access.ts";
import { type Check, warn } from "../doctor/check.ts";
import { checkCopy } from "../doctor/copy.ts";
import { checkMachine } from "../doctor/machine.ts";
import { checkServers } from "../doctor/server.ts";
import { checkSnapshots } from "../doctor/snapshots.ts";
import { checkStore } from "../doctor/store.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { openHost } from "../found-store.ts";
import { openSite, type Site } from "../site.ts";
import { isElsewhere } from "../local-folder.ts";
import { foldersBeside } from "../server-places.ts";
import { plural } from "../text.ts";

export async function run(context: CommandContext): Promise<ExitCode> {
  const { output } = context;
  const checks: Check[] = [];
  for await (const check of allChecks(context)) {
    checks.push(check);
    await output.text(checkText(check, output));
  }
  const failed = checks.filter(({ state }) => state === "fail").length;
  const warned = checks.filter(({ state }) => state === "warn").length;
  await output.document({ type: "doctor", ok: failed === 0, failed, warned, checks });
  await output.text(
    failed === 0
      ? `Ready${warned === 0 ? "" : `, with ${plural(warned, "remark")}`}.\n`
      : `${plural(failed, "thing")} to mend first.\n`,
  );
  return failed === 0 ? exitCodes.done : exitCodes.failed;
}

async function* allChecks(context: CommandContext): AsyncGenerator<Check> {
  const { surroundings } = context;
  const site = await openSite(context);
  yield* checkMachine(surroundings);
  const stores = storesOf(context, site);
  for (const store of stores) yield* checkStore(store, surroundings.signal);
  if (stores.length === 0)
    yield warn(
      "store",
      "no mail store was named, so none was looked at",
      "Name its folder: restante doctor FOLDER",
    );
  {
    await using host = await openHost(surroundings);
    yield* checkServers({
      host,
      captured: [...stores, ...alsoCaptured(site, stores)],
      signal: surroundings.signal,
    });
  }
  try {
    const place = copyPlace(context, site);
    const [store] = stores;
    yield* checkCopy({ context, place, ...(store === undefined ? {} : { store }) });
    // Frozen images lie in a folder of this machine; a probe beside a copy elsewhere would tell nothing.
    if (store !== undefined && !isElsewhere(place.folder))
      yield* checkSnapshots({ store, copyFolder: place.folder, signal: surroundings.signal });
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== "cli.no-copy") throw error;
    yield warn(
      "copy",
      "no copy was named, so none was looked at",
      error.hint ?? "Say --copy REPO.",
    );
  }
}

/** The folder that was named, or the stores of the configuration's servers. */
function storesOf(
  { arguments: typed, surroundings }: CommandContext,
  { config }: Site,
): readonly string[] {
  const [named] = typed.positionals;
  const servers = config?.servers ?? [];
  if (named === undefined) return servers.map(({ path }) => path);
  const server = servers.find(({ name }) => name === named);
  return [server?.path ?? resolve(surroundings.workingFolder, named)];
}

/** Folders that the configuration captures beside these stores. */
function alsoCaptured({ config }: Site, stores: readonly string[]): readonly string[] {
  return (config?.servers ?? [])
    .filter(({ path }) => stores.includes(path))
    .flatMap((server) => [...foldersBeside(server), ...server.alsoProtect.folders]);
}

function checkText({ state, message, hint }: Check, output: CommandContext["output"]): string {
  const label = {
    ok: output.style("green", "ok  "),
    warn: output.style("yellow", "warn"),
    fail: output.style("red", "FAIL"),
  }[state];
  return hint === undefined ? `${label}  ${message}\n` : `${label}  ${message}\n      ${hint}\n`;
}
