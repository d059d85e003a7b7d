/** Runs an operation in a process of its own, killed with SIGKILL at each of its storage operations in turn. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import type { FaultRule } from "#storage";
import type { Site } from "./recovery-site.ts";
import type { ChildRequest } from "./repository-child.ts";
import { type ChildEnd, runChild } from "./start-child.ts";

export type Killed = { readonly name: string; readonly site: Site; readonly end: ChildEnd };

/** Which storage operations are counted. Nothing: all of them. */
export type Selection = Pick<FaultRule, "action">;
/** What changes something: between two of these a kill finds the same. */
const writes: readonly Selection[] = [{ action: "save" }, { action: "remove" }];

/**
 * Runs the operation over and over, killed at its first storage operation of a kind, its second, …,
 * until one completes; before that operation's effect, and after it where it has one.
 */
export async function killEverywhere(
  request: Pick<ChildRequest, "action"> & Partial<ChildRequest>,
  check: (killed: Killed) => Promise<void>,
  options: {
    readonly selections?: readonly Selection[];
    /** A site of its own for each run, to be broken. */
    readonly branch: (name: string) => Site;
  },
): Promise<number> {
  const { selections = writes, branch } = options;
  let kills = 0;
  const one = async (
    selection: Selection,
    at: number,
    when: "before" | "after",
  ): Promise<ChildEnd> => {
    const name = `${request.action} killed ${when} ${selection.action ?? "operation"} ${at}`;
    const site = branch(name.replaceAll(" ", "-"));
    const end = await runChild(site, {
      ...request,
      rules: [{ ...selection, kind: "kill", at, when }],
    });
    const last = end.operations.at(-1);
    if (end.wasKilled) kills++;
    else
      assert.notEqual(
        end.outcome.done,
        undefined,
        `${name}: ${JSON.stringify(end.outcome)} ${end.messages}`,
      );
    await check({ name: `${name} (${last?.action} ${last?.type})`, site, end });
    rmSync(site.folder, { recursive: true });
    return end;
  };
  const pending = [...selections];
  let next = 1;
  const lane = async (): Promise<void> => {
    for (let [selection] = pending; selection !== undefined; [selection] = pending) {
      const at = next++;
      const end = await one(selection, at, "before");
      const action = end.operations.at(-1)?.action ?? "";
      if (!end.wasKilled) {
        if (pending[0] === selection) [next] = [1, pending.shift()];
      } else if (["create", "save", "remove"].includes(action)) await one(selection, at, "after");
    }
  };
  await Promise.all([lane(), lane()]);
  return kills;
}
