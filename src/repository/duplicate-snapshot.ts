/** A snapshot on its way to another repository: whether it is there already, and as what it arrives. */
import { isRecoveryError } from "#errors";
import { tagOf, tagPrefixes } from "./manifest.ts";
import type { RepositoryCore } from "./repository-core.ts";
import type { Snapshot } from "./repository.ts";
import { loadSnapshot } from "./snapshot-file.ts";

/** What stays the same wherever a moment is copied to (restic design: `original` is a persistent ID). */
function identityOf(snapshot: Snapshot): string {
  const { tree, timeNs, paths, hostname } = snapshot;
  return JSON.stringify([snapshot.original ?? snapshot.id, tree, String(timeNs), paths, hostname]);
}

/** The snapshots of the target, by what they are copies of. Tags may differ: a person releases or holds a moment. */
export class ArrivedSnapshots {
  readonly #core: RepositoryCore;
  readonly #names = new Set<string>();
  readonly #byIdentity = new Map<string, Snapshot>();

  constructor(core: RepositoryCore) {
    this.#core = core;
  }

  find(snapshot: Snapshot): Snapshot | undefined {
    return this.#byIdentity.get(identityOf(snapshot));
  }

  add(snapshot: Snapshot): void {
    this.#names.add(snapshot.id);
    this.#byIdentity.set(identityOf(snapshot), snapshot);
  }

  /** Looks for those that came since: another run may copy the same ones. One that is damaged there is none. */
  async refresh(signal: AbortSignal): Promise<void> {
    const { context } = this.#core;
    for await (const { name } of context.storage.list("snapshot", { signal })) {
      if (this.#names.has(name)) continue;
      this.#names.add(name);
      try {
        this.add(await loadSnapshot(context, name, signal));
      } catch (error) {
        const isPassedOver =
          isRecoveryError(error) &&
          (error.code === "storage.not-found" || error.code === "repository.damaged");
        if (!isPassedOver) throw error;
      }
    }
  }
}

/** As `restic copy` writes it: without a parent, `original` its ID where it was taken. Beside its tags, where that was. */
export function arrivingSnapshot(
  { id, parent: _parent, ...snapshot }: Snapshot,
  sourceId: string,
): Omit<Snapshot, "id"> {
  const { tags } = snapshot;
  const isMarked = tagOf(tags, tagPrefixes.from) !== undefined;
  return {
    ...snapshot,
    original: snapshot.original ?? id,
    tags: isMarked ? tags : [...tags, `${tagPrefixes.from}${sourceId.slice(0, 8)}`],
  };
}
