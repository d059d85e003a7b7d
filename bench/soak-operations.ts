import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { text } from "node:stream/consumers";
import type { FaultRule } from "#storage";
import type { Random } from "../src/cli/demo/index.ts";
import { password, type Site } from "../test/support/recovery-site.ts";
import type { ChildRequest } from "../test/support/repository-child.ts";
import { runChild } from "../test/support/start-child.ts";
import type { Contents, Promises } from "./soak-promises.ts";

export type SoakState = {
  readonly random: Random;
  readonly site: Site;
  /** The second repository, that moments are duplicated to. */
  readonly second: Site;
  readonly promises: Promises;
  readonly secondPromises: Promises;
  readonly counts: Record<string, number>;
  /** What was done, for whoever looks into a failure. */
  readonly journal: string[];
  /** Most storage operations that an action was seen to make: where a kill may fall. */
  readonly lengths: Map<string, number>;
  /** Moments that an operation of this batch removes or changes: no other may. */
  readonly busy: Set<string>;
  /** Of the store as it is now. */
  now: Contents;
  /** A killed restic's lock may be in the way: restic itself waits for a person, so does whoever finds it. */
  resticWasKilled: boolean;
};

export type Operation = {
  readonly name: string;
  readonly run: (state: SoakState, options: { readonly kill: boolean }) => Promise<void>;
};

type Kill = { readonly kill: boolean };
type Action = ChildRequest["action"];

const KEPT_MOMENTS = 4;

/** Runs an action in a child, to its end or to a kill at a random storage operation. */
async function ours(
  state: SoakState,
  action: Action,
  { kill, ...request }: Partial<ChildRequest> & { readonly kill: boolean },
): Promise<string | undefined> {
  const { random, lengths, site, second } = state;
  const at = 1 + random.integer(lengths.get(action) ?? 24);
  const when = random.fraction() < 0.5 ? "before" : "after";
  const rules: readonly FaultRule[] = kill ? [{ kind: "kill", at, when }] : [];
  const end = await runChild(action === "duplicate" ? second : site, { action, rules, ...request });
  lengths.set(action, Math.max(lengths.get(action) ?? 0, end.operations.length));
  const { done, error } = end.outcome;
  const result = end.wasKilled ? `killed ${when} ${at}` : (error?.code ?? "done");
  note(state, `${action} ${result}`);
  if (end.wasKilled) count(state, "kills");
  else if (error?.code === "repository.locked") count(state, "refusals");
  else if (done === undefined) {
    throw new Error(`${action} failed: ${JSON.stringify(end.outcome)} ${end.messages}`);
  }
  return done;
}

/** restic itself, killed after a random time or not. */
async function restic(
  state: SoakState,
  argv: readonly string[],
  { kill }: Kill,
): Promise<string | undefined> {
  const { site, random } = state;
  const delayMs = 20 + random.integer(700);
  const child = spawn("restic", ["--no-cache", "-r", site.repository, ...argv], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], HOME: site.folder, RESTIC_PASSWORD: password },
  });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.once("exit", (code, signal) => resolve({ code, signal })),
  );
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const timer = new AbortController();
  if (kill) {
    void sleep(delayMs, undefined, { signal: timer.signal }).then(
      () => child.kill("SIGKILL"),
      () => undefined,
    );
  }
  const { code, signal } = await ended;
  timer.abort();
  const output = (await said).join("");
  const verb = argv.find((word) => !word.startsWith("-")) ?? "";
  note(state, `restic ${verb} ${signal ?? code}`);
  if (signal === "SIGKILL") {
    state.resticWasKilled = true;
    count(state, "kills");
    return undefined;
  }
  if (code === 0) return output;
  if (!/already locked|unable to create lock/.test(output))
    throw new Error(`restic ${argv.join(" ")}: ${output}`);
  count(state, "refusals");
  return undefined;
}

/** Removes what dead restics locked, as its manual asks a person to. */
export async function unlockAfterRestic(state: SoakState): Promise<void> {
  if (!state.resticWasKilled) return;
  await restic(state, ["unlock"], { kill: false });
  state.resticWasKilled = false;
}

/** Some moments that nobody else is at, and never all of them. */
function takeMoments(state: SoakState, most: number): readonly string[] {
  const { promises, random, busy } = state;
  const free = promises.moments.filter((id) => !busy.has(id));
  const wanted = Math.min(free.length - 1, most);
  const taken: string[] = [];
  while (taken.length < wanted) taken.push(...free.splice(random.integer(free.length), 1));
  for (const id of taken) busy.add(id);
  return taken;
}

/** Down to a handful, so that each round can read all of them. */
function takeForRemoval(state: SoakState): readonly string[] {
  const over = state.promises.moments.length - KEPT_MOMENTS;
  return takeMoments(state, Math.max(over, 1 + state.random.integer(2)));
}

async function capture(state: SoakState, options: Kill): Promise<void> {
  const workers = state.random.integer(3);
  const id = await ours(state, "capture", { ...options, workers, store: state.site.store });
  if (id !== undefined) state.promises.expect(id);
}

async function remove(state: SoakState, options: Kill): Promise<void> {
  const moments = takeForRemoval(state);
  if (moments.length === 0) return;
  const snapshots = state.promises.snapshotsOf(moments);
  state.promises.beginRemoval(moments);
  await ours(state, "remove", { ...options, snapshots });
}

async function retag(state: SoakState, options: Kill): Promise<void> {
  const snapshots = state.promises.snapshotsOf(takeMoments(state, 1)).slice(0, 1);
  if (snapshots.length > 0) await ours(state, "retag", { ...options, snapshots });
}

async function duplicate(state: SoakState, options: Kill): Promise<void> {
  await ours(state, "duplicate", { ...options, from: state.site.repository });
}

async function resticBackup(state: SoakState, options: Kill): Promise<void> {
  const argv = ["backup", "--json", "--host", "mx1", "--tag", "restic", state.site.store];
  const output = await restic(state, argv, options);
  const id = /"snapshot_id":"([0-9a-f]+)"/.exec(output ?? "")?.[1];
  if (id !== undefined) state.promises.expect(id);
}

async function resticForget(state: SoakState, options: Kill): Promise<void> {
  const moments = takeForRemoval(state);
  if (moments.length === 0) return;
  const snapshots = state.promises.snapshotsOf(moments);
  state.promises.beginRemoval(moments);
  const prune = state.random.fraction() < 0.5 ? ["--prune"] : [];
  await restic(state, ["forget", ...prune, ...snapshots], options);
}

/** A second password comes and goes; the first must open the repository all the time. */
async function changeKey(state: SoakState, options: Kill): Promise<void> {
  const file = `${state.site.folder}/another-password`;
  await restic(state, ["key", "add", "--new-password-file", file], options);
  const listed = await restic(state, ["key", "list", "--json"], { kill: false });
  const keys = JSON.parse(listed ?? "[]") as readonly { current: boolean; id: string }[];
  for (const { current, id } of keys)
    if (!current) await restic(state, ["key", "remove", id], { kill: false });
}

/** Weighted by how often they stand here. */
export const operations: readonly Operation[] = [
  { name: "capture", run: capture },
  { name: "capture", run: capture },
  { name: "capture", run: capture },
  { name: "remove", run: remove },
  { name: "remove", run: remove },
  { name: "prune", run: async (state, options) => void (await ours(state, "prune", options)) },
  { name: "prune", run: async (state, options) => void (await ours(state, "prune", options)) },
  { name: "prune", run: async (state, options) => void (await ours(state, "prune", options)) },
  { name: "retag", run: retag },
  { name: "verify", run: verify },
  { name: "duplicate", run: duplicate },
  { name: "restic backup", run: resticBackup },
  { name: "restic forget", run: resticForget },
  {
    name: "restic prune",
    run: async (state, options) => void (await restic(state, ["prune"], options)),
  },
  {
    name: "restic check",
    run: async (state, options) => void (await restic(state, ["check"], options)),
  },
  { name: "key", run: changeKey },
];

/** Without a kill, what it finds must be no error. */
async function verify(state: SoakState, options: Kill): Promise<void> {
  const done = await ours(state, "verify", options);
  const findings = JSON.parse(done ?? "[]") as readonly { severity: string; message: string }[];
  const wrong = findings.filter(({ severity }) => severity === "error");
  if (wrong.length > 0) throw new Error(`verify: ${JSON.stringify(wrong)}`);
}

export function count(state: SoakState, name: string): void {
  state.counts[name] = (state.counts[name] ?? 0) + 1;
}

export function note(state: SoakState, line: string): void {
  state.journal.push(line);
}
