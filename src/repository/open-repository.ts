import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import { isRecoveryError } from "#errors";
import type { Image, RawPath } from "#image";
import type { Storage } from "#storage";
import { systemClock } from "#time";
import { type BlobReader, openBlobReader } from "./blob-reader.ts";
import { captureImage } from "./capture.ts";
import { FolderCache } from "./folder-cache.ts";
import { findCapturedRoot } from "./captured-root.ts";
import { duplicateSnapshots } from "./duplicate.ts";
import { type MasterKey, masterKeyFromBytes, openSealer } from "./crypto.ts";
import { findMasterKey, notARepository, saveKey } from "./key-file.ts";
import { addKey, changePassword, listKeys, removeKey } from "./keys.ts";
import { listSnapshots, type ListSnapshotsOptions } from "./list-snapshots.ts";
import { noCache, openLocalCache } from "./local-cache.ts";
import { awaitTurn, takeLock, underLock } from "./lock.ts";
import { ownUser } from "./process-identity.ts";
import { pruneRepository } from "./prune.ts";
import { hasConfig, loadConfig, saveConfig } from "./repository-config.ts";
import { coreOf, type HasCore, type RepositoryCore } from "./repository-core.ts";
import { RepositoryError } from "./repository-error.ts";
import { ownTag } from "./manifest.ts";
import { manifestFolder } from "./snapshot-tree.ts";
import { hasServerFacts, readServerFacts } from "./server-facts.ts";
import { RepositoryImage } from "./repository-image.ts";
import type {
  LockKind,
  NewPassword,
  OpenRepositoryOptions,
  Repository,
  Snapshot,
} from "./repository.ts";
import { repairRepository } from "./repair.ts";
import { saveSnapshot } from "./snapshot-file.ts";
import { heldLocks, removeLocks } from "./unlock.ts";
import { withWarmSealer } from "./warm-sealer.ts";
import { rollSnapshot } from "./roll-snapshot.ts";
import { verifyRepository } from "./verify.ts";

/** Makes a new repository (version 2) in an empty place. Throws `repository.exists` where there is one. */
export async function initRepository(
  storage: Storage,
  options: { readonly password: string; readonly signal?: AbortSignal },
): Promise<{ readonly id: string }> {
  if (options.password === "") {
    throw new RepositoryError(
      "repository.empty-password",
      `Cannot create repository "${storage.location}": the password is empty`,
      {
        hint: "Set RESTANTE_PASSWORD or RESTANTE_PASSWORD_FILE.",
      },
    );
  }
  await storage.create();
  if (await hasConfig(storage, options.signal)) throw repositoryExists(storage.location);
  const leftover = await leftoverMasterKey(storage, options);
  const masterKey = leftover ?? masterKeyFromBytes(randomBytes(64));
  const identity = { username: ownUser().username, hostname: hostname(), nowNs: systemClock()() };
  const keyId =
    leftover === undefined
      ? await saveKey(storage, { password: options.password, masterKey, ...identity })
      : undefined;
  try {
    // The config last: it makes the place a repository, and by then its key is there.
    const { id } = await saveConfig(storage, openSealer(masterKey));
    return { id };
  } catch (error) {
    if (!isRecoveryError(error) || error.code !== "storage.exists") throw error;
    if (keyId !== undefined) await removeForeignKey(storage, { masterKey, keyId });
    throw repositoryExists(storage.location);
  }
}

/** Another run was faster. A key of ours is removed where it would open that repository with the wrong master key. */
async function removeForeignKey(
  storage: Storage,
  { masterKey, keyId }: { readonly masterKey: MasterKey; readonly keyId: string },
): Promise<void> {
  try {
    await loadConfig(storage, openSealer(masterKey));
  } catch (error) {
    if (!isRecoveryError(error) || error.code !== "repository.damaged") throw error;
    await storage.remove({ type: "key", name: keyId });
  }
}

/**
 * The master key of an interrupted creation, which is then finished: a second key file beside it
 * would open the repository with the wrong master key. Undefined where the place is empty.
 */
async function leftoverMasterKey(
  storage: Storage,
  options: { readonly password: string; readonly signal?: AbortSignal },
): Promise<MasterKey | undefined> {
  const optional = options.signal === undefined ? {} : { signal: options.signal };
  for (const type of ["snapshot", "index", "data"] as const) {
    for await (const _file of storage.list(type, optional)) {
      throw new RepositoryError(
        "repository.damaged",
        `Cannot create repository "${storage.location}": there is one that lacks its config`,
        {
          hint: "Take the config file from another copy of the repository, or name another folder.",
        },
      );
    }
  }
  const keys: string[] = [];
  for await (const { name } of storage.list("key", optional)) keys.push(name);
  if (keys.length === 0) return undefined;
  try {
    return (await findMasterKey(storage, options)).masterKey;
  } catch (cause) {
    if (
      !isRecoveryError(cause) ||
      !["repository.wrong-password", "repository.damaged"].includes(cause.code)
    )
      throw cause;
    throw new RepositoryError(
      "repository.exists",
      `Cannot create repository "${storage.location}": a key of an interrupted creation is there, and this password does not open it`,
      {
        hint: 'Give the password of that time, or remove the files in its folder "keys"; nothing else is in the repository.',
        cause,
      },
    );
  }
}

function repositoryExists(location: string): RepositoryError {
  return new RepositoryError(
    "repository.exists",
    `Cannot create repository "${location}": there is one already`,
    {
      hint: "Use it as it is, or name another folder.",
    },
  );
}

/** Throws `repository.not-found`, `repository.wrong-password`, `repository.unsupported`, `repository.damaged`. */
export async function openRepository(
  storage: Storage,
  options: OpenRepositoryOptions,
): Promise<Repository> {
  if (!(await hasConfig(storage, options.signal))) throw notARepository(storage.location);
  const { masterKey, keyId } = await withWarmSealer(findMasterKey(storage, options));
  const sealer = openSealer(masterKey);
  const config = await loadConfig(storage, sealer, options.signal);
  const cache =
    options.cacheFolder === undefined
      ? noCache
      : openLocalCache(join(options.cacheFolder, config.id));
  return new OpenRepository(
    {
      id: config.id,
      context: { storage, sealer, version: config.version, lockWait: options.lockWait },
      masterKey,
      polynomial: config.polynomial,
      cache,
    },
    { ...options, keyId },
  );
}

class OpenRepository implements Repository, HasCore {
  readonly #core: RepositoryCore;
  readonly #damage: Pick<ListSnapshotsOptions, "onDamaged">;
  /** Of the key that this repository was opened by. */
  #keyId: string;
  #reader: Promise<BlobReader> | undefined;
  readonly #folders = new FolderCache();

  constructor(
    core: RepositoryCore,
    { onDamagedSnapshot, keyId }: OpenRepositoryOptions & { readonly keyId: string },
  ) {
    this.#core = core;
    this.#keyId = keyId;
    this.#damage = onDamagedSnapshot === undefined ? {} : { onDamaged: onDamagedSnapshot };
  }

  get id(): string {
    return this.#core.id;
  }

  get version(): 1 | 2 {
    return this.#core.context.version;
  }

  get location(): string {
    return this.#core.context.storage.location;
  }

  snapshots(signal?: AbortSignal): Promise<readonly Snapshot[]> {
    return listSnapshots(this.#core, { signal, ...this.#damage });
  }

  async image(
    snapshot: Snapshot,
    options: { readonly root?: RawPath; readonly signal?: AbortSignal } = {},
  ): Promise<Image> {
    const reader = await this.#openReader(options.signal);
    const root = options.root ?? (await findCapturedRoot(reader, snapshot, options.signal));
    const parts = { core: this.#core, reader, folders: this.#folders, snapshot };
    // What Restante wrote beside several captured folders is none of them.
    const isOwn = options.root === undefined && root === "" && snapshot.tags.includes(ownTag);
    const whole = (): Image => new RepositoryImage({ ...parts, root: "" as RawPath });
    return new RepositoryImage({
      ...parts,
      root,
      ...(isOwn && snapshot.paths.length > 1 ? { hidden: manifestFolder } : {}),
      ...(options.root === undefined && hasServerFacts(snapshot)
        ? { serverFacts: async (signal) => await readServerFacts(whole(), signal) }
        : {}),
    });
  }

  // Loaded again after each capture: a reader knows only the index of its time.
  #openReader(signal?: AbortSignal): Promise<BlobReader> {
    this.#reader ??= openBlobReader(this.#core, signal);
    this.#reader.catch(() => (this.#reader = undefined));
    return this.#reader;
  }

  /** Images that are open go on with the one that they have. */
  #dropReader(): void {
    void this.#reader?.then(
      (reader) => reader.retire(),
      () => undefined,
    );
    this.#reader = undefined;
  }

  async capture(
    ...[image, options]: Parameters<Repository["capture"]>
  ): ReturnType<Repository["capture"]> {
    this.#ensureWritable();
    this.#dropReader();
    return captureImage(this.#core, image, options);
  }

  async roll(options: Parameters<Repository["roll"]>[0]): ReturnType<Repository["roll"]> {
    this.#ensureWritable();
    this.#dropReader();
    return await rollSnapshot(this.#core, options);
  }

  async removeSnapshots(ids: readonly string[], signal?: AbortSignal): Promise<void> {
    if (ids.length === 0) return;
    const optional = signal === undefined ? {} : { signal };
    const lock = await takeLock(this.#core.context, {
      exclusive: true,
      now: systemClock(),
      ...optional,
    });
    await underLock(lock, async () => {
      for (const name of ids) {
        signal?.throwIfAborted();
        lock.signal.throwIfAborted();
        await this.#core.context.storage.remove({ type: "snapshot", name }, optional);
      }
    });
  }

  async replaceTags(
    snapshot: Snapshot,
    tags: readonly string[],
    signal?: AbortSignal,
  ): Promise<Snapshot> {
    const optional = signal === undefined ? {} : { signal };
    const lock = await takeLock(this.#core.context, {
      exclusive: true,
      now: systemClock(),
      ...optional,
    });
    return underLock(lock, async () => {
      const { id, ...fields } = snapshot;
      const next = await saveSnapshot(
        this.#core.context,
        { ...fields, tags, original: snapshot.original ?? id },
        signal,
      );
      lock.signal.throwIfAborted();
      // The new one first: a crash in between leaves the moment twice, never not at all.
      if (next.id !== id)
        await this.#core.context.storage.remove({ type: "snapshot", name: id }, optional);
      return next;
    });
  }

  verify(options: Parameters<Repository["verify"]>[0] = {}): ReturnType<Repository["verify"]> {
    return verifyRepository(this.#core, options);
  }

  repair(options: Parameters<Repository["repair"]>[0]): ReturnType<Repository["repair"]> {
    this.#dropReader();
    return repairRepository(this.#core, options);
  }

  async prune(...[options]: Parameters<Repository["prune"]>): ReturnType<Repository["prune"]> {
    // Its index names packs that will be gone.
    this.#dropReader();
    return await pruneRepository(this.#core, options);
  }

  duplicateTo(
    ...[target, options]: Parameters<Repository["duplicateTo"]>
  ): ReturnType<Repository["duplicateTo"]> {
    if (!(coreOf in target)) throw new TypeError("the target only imitates a repository");
    return duplicateSnapshots(this.#core, { ...options, to: (target as HasCore)[coreOf]() });
  }

  keys(signal?: AbortSignal): ReturnType<Repository["keys"]> {
    return listKeys(this.#core, { currentId: this.#keyId, signal });
  }

  addKey({ password, now, signal }: NewPassword): ReturnType<Repository["addKey"]> {
    return addKey(this.#core, { password, now, ...(signal === undefined ? {} : { signal }) });
  }

  removeKey(named: string, signal?: AbortSignal): ReturnType<Repository["removeKey"]> {
    return removeKey(this.#core, { named, currentId: this.#keyId, signal });
  }

  async changePassword({
    password,
    now,
    signal,
  }: NewPassword): ReturnType<Repository["changePassword"]> {
    const given = { password, now, ...(signal === undefined ? {} : { signal }) };
    const changed = await changePassword(this.#core, { ...given, currentId: this.#keyId });
    this.#keyId = changed.added.id;
    return changed;
  }

  locks(options: Parameters<Repository["locks"]>[0]): ReturnType<Repository["locks"]> {
    return heldLocks(this.#core, options);
  }

  removeLocks(ids: readonly string[]): ReturnType<Repository["removeLocks"]> {
    return removeLocks(this.#core, ids);
  }

  awaitTurn(lock: LockKind): Promise<void> {
    return awaitTurn(this.#core.context, lock);
  }

  #ensureWritable(): void {
    if (this.version !== 1) return;
    throw new RepositoryError(
      "repository.unsupported",
      `Cannot capture to repository "${this.location}": it is of version 1, which is only read`,
      { hint: "Upgrade it with `restic migrate upgrade_repo_v2`." },
    );
  }

  // Whoever asks may store more than the index of the open reader knows.
  [coreOf](): RepositoryCore {
    this.#dropReader();
    return this.#core;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#dropReader();
    await this.#core.context.storage[Symbol.asyncDispose]();
  }
}
