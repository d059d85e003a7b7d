/** Starts repository-child.ts and waits for its end. */
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import type { StorageOperation } from "#storage";
import { builtProgram } from "./built-program.ts";
import type { Site } from "./recovery-site.ts";
import type { ChildOutcome, ChildRequest } from "./repository-child.ts";

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
  const program = await builtProgram("test/support/repository-child.ts");
  const child = spawn(process.execPath, [program.path, JSON.stringify(whole)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...program.environment },
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
