/**
 * One operation on a repository in a process of its own, which may be killed at a storage operation:
 *   node repository-child.ts '{"action": "capture", …}'
 * Prints each storage operation as a line of JSON when it begins, and at the end what came of it.
 */
import { writeSync } from "node:fs";
import { type CaptureResult, initRepository, openRepository } from "#repository";
import { directoryStorage, type FaultRule, faultyStorage } from "#storage";
import { systemClock } from "#time";
import { captureStore, password } from "./recovery-site.ts";

export type ChildRequest = {
  readonly action:
    | "init"
    | "capture"
    | "remove"
    | "retag"
    | "duplicate"
    | "prune"
    | "verify"
    | "key-change";
  readonly repository: string;
  readonly cache: string;
  readonly store: string;
  readonly rules?: readonly FaultRule[];
  readonly workers?: number;
  readonly group?: string;
  /** Of remove and retag. */
  readonly snapshots?: readonly string[];
  /** Of duplicate: the repository that all is copied from. `rules` are the target's. */
  readonly from?: string;
};

export type ChildOutcome = {
  readonly done?: string;
  /** Of a capture. */
  readonly result?: Pick<
    CaptureResult,
    "partial" | "problems" | "filesTotal" | "bytesRead" | "sequence" | "consistency"
  >;
  readonly maxRssBytes?: number;
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
};

/** Of key-change. */
export const newPassword = "another horse";

async function perform(request: ChildRequest): Promise<Pick<ChildOutcome, "done" | "result">> {
  const storage = faultyStorage(directoryStorage(request.repository), {
    rules: request.rules ?? [],
    onOperation: (operation) => print({ operation }),
  });
  if (request.action === "init") return { done: (await initRepository(storage, { password })).id };
  await using repository = await openRepository(storage, { password, cacheFolder: request.cache });
  const { workers = 0, snapshots: wanted = [] } = request;
  switch (request.action) {
    case "capture": {
      const options = { workers, ...(request.group === undefined ? {} : { group: request.group }) };
      const { snapshot, ...result } = await captureStore(repository, request.store, options);
      return { done: snapshot.id, result };
    }
    case "remove":
      await repository.removeSnapshots(wanted);
      return { done: "removed" };
    case "duplicate": {
      const storage = directoryStorage(request.from ?? "");
      await using from = await openRepository(storage, { password });
      const snapshots = await from.snapshots();
      const { copied } = await from.duplicateTo(repository, { snapshots, now: systemClock() });
      return { done: `${copied.length} copied` };
    }
    case "prune": {
      const { bytesFreed } = await repository.prune({ now: systemClock(), maxUnusedShare: 0 });
      return { done: `${bytesFreed} bytes freed` };
    }
    case "key-change": {
      const { added } = await repository.changePassword({
        password: newPassword,
        now: systemClock(),
      });
      return { done: added.id };
    }
    case "verify": {
      const { findings } = await repository.verify({ readData: true });
      return { done: JSON.stringify(findings) };
    }
    case "retag": {
      const snapshot = (await repository.snapshots()).find(({ id }) => id === wanted[0]);
      if (snapshot === undefined) throw new Error("no such snapshot");
      return { done: (await repository.replaceTags(snapshot, [...snapshot.tags, "held"])).id };
    }
  }
}

// Written at once: a killed process flushes nothing.
function print(line: unknown): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

async function report(request: ChildRequest): Promise<ChildOutcome> {
  try {
    return { ...(await perform(request)), maxRssBytes: process.resourceUsage().maxRSS * 1024 };
  } catch (error) {
    const { code, message, hint } = error as { code?: string; message: string; hint?: string };
    return { error: { code: code ?? "bug", message, hint: hint ?? "" } };
  }
}

if (import.meta.main)
  print({ outcome: await report(JSON.parse(process.argv[2] as string) as ChildRequest) });
