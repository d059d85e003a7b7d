/** Starts repository-child.ts and waits for its end. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { StorageOperation } from "#storage";
import type { Site } from "./recovery-site.ts";
import type { ChildOutcome, ChildRequest } from "./repository-child.ts";

/** Children run the same program over and over: compiling it once halves what each costs. */
const compiled = mkdtempSync(join(tmpdir(), "restante-compiled-"));
process.once("exit", () => rmSync(compiled, { recursive: true, force: true }));

export type ChildEnd = {
  readonly wasKilled: boolean;
  readonly operations: readonly StorageOperation[];
  readonly outcome: ChildOutcome;
  readonly messages: string;
};

export async function runChild(
  site: Site,
  {
    user,
    ...request
  }: Pick<ChildRequest, "action"> & Partial<ChildRequest> & { readonly user?: number },
): Promise<ChildEnd> {
  const whole = { repository: site.repository, cache: site.cache, store: site.store, ...request };
  const script = join(import.meta.dirname, "repository-child.ts");
  const child = spawn(process.execPath, [script, JSON.stringify(whole)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
    ...(user === undefined ? {} : { uid: user, gid: user }),
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once("exit", (_code, signal) => resolve(signal)),
  );
  const [output, messages, signal] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    ended,
  ]);
  const lines = output.split("\n").filter((line) => line !== "");
  const parsed = lines.map(
    (line) => JSON.parse(line) as { operation?: StorageOperation; outcome?: ChildOutcome },
  );
  return {
    wasKilled: signal === "SIGKILL",
    operations: parsed.flatMap(({ operation }) => operation ?? []),
    outcome: parsed.find(({ outcome }) => outcome !== undefined)?.outcome ?? {},
    messages,
  };
}
