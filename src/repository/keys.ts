/**
 * The keys of an open repository (restic design: Keys): several passwords for one master key. The order
 * is always new before old, and what is removed is never what the repository was opened by: whatever
 * ends a change in the middle leaves a password that opens.
 */
import { hostname } from "node:os";
import type { ScryptCost } from "#derivation";
import { isRecoveryError } from "#errors";
import { parseRfc3339, systemClock } from "#time";
import { type MasterKey, sha256Hex } from "./crypto.ts";
import {
  damagedKey,
  type KeyFile,
  maxKeysTried,
  openKeyFile,
  parseKeyFile,
  saveKey,
} from "./key-file.ts";
import { takeLock, underLock } from "./lock.ts";
import { ownUser } from "./process-identity.ts";
import type { RepositoryCore } from "./repository-core.ts";
import { RepositoryError } from "./repository-error.ts";
import type { NewPassword, RepositoryKey } from "./repository.ts";

type KeyMade = NewPassword & { readonly cost?: ScryptCost };
type Listing = { readonly currentId: string; readonly signal?: AbortSignal | undefined };

const optional = (signal: AbortSignal | undefined): { readonly signal?: AbortSignal } =>
  signal === undefined ? {} : { signal };

export async function listKeys(
  core: RepositoryCore,
  { currentId, signal }: Listing,
): Promise<readonly RepositoryKey[]> {
  const keys: RepositoryKey[] = [];
  for (const id of await keyIds(core, signal)) {
    const isCurrent = id === currentId;
    try {
      keys.push(keyOf(await loadKeyFile(core, id, signal), { id, isCurrent }));
    } catch (error) {
      if (!isRecoveryError(error)) throw error;
      if (error.code === "storage.not-found") continue;
      if (error.code !== "repository.damaged" && error.code !== "repository.unsupported")
        throw error;
      keys.push({ id, username: "", hostname: "", isCurrent, problem: error.message });
    }
  }
  return keys.toSorted((a, b) => {
    const [left, right] = [a.createdNs ?? 0n, b.createdNs ?? 0n];
    return left < right ? -1 : left > right ? 1 : a.id < b.id ? -1 : 1;
  });
}

/** Under a shared lock, as restic does. */
export async function addKey(core: RepositoryCore, options: KeyMade): Promise<RepositoryKey> {
  refuseEmpty(core, options.password);
  const locking = { exclusive: false, now: options.now, ...optional(options.signal) };
  const lock = await takeLock(core.context, locking);
  return await underLock(lock, async () => {
    const known = await keyIds(core, options.signal);
    if (known.length >= maxKeysTried) throw tooManyKeys(core, known.length);
    return await saveVerifiedKey(core, options);
  });
}

export async function removeKey(
  core: RepositoryCore,
  { named, currentId, signal }: Listing & { readonly named: string },
): Promise<RepositoryKey> {
  // What was typed wrong needs no lock to be refused.
  findKey(await listKeys(core, { currentId, signal }), { named, core });
  const locking = { exclusive: true, now: systemClock(), ...optional(signal) };
  const lock = await takeLock(core.context, locking);
  return await underLock(lock, async () => {
    const key = findKey(await listKeys(core, { currentId, signal }), { named, core });
    // The one that stays must be there, and whole: it may be the last that opens.
    await loadKeyFile(core, currentId, signal).catch((cause: unknown) => {
      throw currentKeyGone(core, { currentId, cause });
    });
    lock.signal.throwIfAborted();
    signal?.throwIfAborted();
    await lock.confirm();
    await removeKeyFile(core, key.id);
    return key;
  });
}

export async function changePassword(
  core: RepositoryCore,
  options: KeyMade & { readonly currentId: string },
): Promise<{ readonly added: RepositoryKey; readonly removed: RepositoryKey }> {
  refuseEmpty(core, options.password);
  const { currentId, signal } = options;
  const locking = { exclusive: true, now: options.now, ...optional(signal) };
  const lock = await takeLock(core.context, locking);
  return await underLock(lock, async () => {
    const known = await listKeys(core, { currentId, signal });
    const removed = known.find(({ isCurrent }) => isCurrent);
    if (removed === undefined) throw currentKeyGone(core, { currentId });
    if (known.length > maxKeysTried) throw tooManyKeys(core, known.length);
    const current = await loadKeyFile(core, currentId, signal);
    if ((await openKeyFile(current, options.password)) !== undefined) throw samePassword(core);
    const added = await saveVerifiedKey(core, options);
    try {
      lock.signal.throwIfAborted();
      await lock.confirm();
      await removeKeyFile(core, currentId);
    } catch (cause) {
      throw oldKeyLeft(core, { added, removed, cause });
    }
    return { added, removed };
  });
}

/** Stored, read back from where it is stored, and opened with the new password; else not there. */
async function saveVerifiedKey(
  core: RepositoryCore,
  { password, now, signal, cost }: KeyMade,
): Promise<RepositoryKey> {
  const { storage } = core.context;
  const identity = { username: ownUser().username, hostname: hostname(), nowNs: now() };
  signal?.throwIfAborted();
  const id = await saveKey(storage, { password, masterKey: core.masterKey, cost, ...identity });
  try {
    const file = await loadKeyFile(core, id, signal);
    const opened = await openKeyFile(file, password);
    if (opened === undefined || !isSameKey(opened, core.masterKey))
      throw damagedKey(id, "it does not open what it was made for");
    return keyOf(file, { id, isCurrent: false });
  } catch (cause) {
    await removeKeyFile(core, id).catch(() => undefined);
    signal?.throwIfAborted();
    throw new RepositoryError(
      "repository.key-not-verified",
      `Cannot add a key to repository "${storage.location}": what was stored does not read back as it was written`,
      { hint: "No other key was touched. Test the disk and memory, and run it again.", cause },
    );
  }
}

function isSameKey(left: MasterKey, right: MasterKey): boolean {
  return (["encrypt", "macK", "macR"] as const).every((part) =>
    Buffer.from(left[part]).equals(right[part]),
  );
}

async function keyIds(core: RepositoryCore, signal?: AbortSignal): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name } of core.context.storage.list("key", optional(signal))) names.push(name);
  return names;
}

async function loadKeyFile(
  core: RepositoryCore,
  id: string,
  signal?: AbortSignal,
): Promise<KeyFile> {
  const bytes = await core.context.storage.load({ type: "key", name: id }, optional(signal));
  if (sha256Hex(bytes) !== id) throw damagedKey(id, "its bytes do not match its name");
  return parseKeyFile(bytes, id);
}

/** One that is gone already, perhaps by a removal whose answer was lost on the way, is what was wanted. */
async function removeKeyFile(core: RepositoryCore, id: string): Promise<void> {
  try {
    await core.context.storage.remove({ type: "key", name: id });
  } catch (error) {
    if (!isRecoveryError(error) || error.code !== "storage.not-found") throw error;
  }
}

function keyOf(
  { created, username = "", hostname: host = "" }: KeyFile,
  { id, isCurrent }: Pick<RepositoryKey, "id" | "isCurrent">,
): RepositoryKey {
  const createdNs = instantOf(created);
  return {
    id,
    ...(createdNs === undefined ? {} : { createdNs }),
    username,
    hostname: host,
    isCurrent,
  };
}

function instantOf(text: string | undefined): bigint | undefined {
  try {
    return text === undefined ? undefined : parseRfc3339(text);
  } catch {
    return undefined;
  }
}

type Search = { readonly named: string; readonly core: RepositoryCore };

/** The key to be removed, by the beginning of its ID. */
function findKey(keys: readonly RepositoryKey[], { named, core }: Search): RepositoryKey {
  const begin = named.toLowerCase();
  const found = keys.filter(({ id }) => begin !== "" && id.startsWith(begin));
  const [key, ...others] = found;
  const what = `Cannot remove key "${named}" of repository "${core.context.storage.location}"`;
  if (key === undefined) {
    throw new RepositoryError("repository.key-not-found", `${what}: no key's ID begins so`, {
      hint: "See the IDs with `restante key list`.",
    });
  }
  if (others.length > 0) {
    const ids = found.map(({ id }) => id.slice(0, Math.max(8, begin.length + 4)));
    throw new RepositoryError(
      "repository.key-ambiguous",
      `${what}: ${found.length} keys begin so (${ids.join(", ")})`,
      { hint: "Give more digits of its ID." },
    );
  }
  if (key.isCurrent) {
    throw new RepositoryError("repository.key-in-use", `${what}: it is the one in use`, {
      hint:
        keys.length === 1
          ? "It is the only one: without it nobody could read the repository. `restante key change` gives it another password."
          : "Run it with the password of another key, or see `restante key change`.",
    });
  }
  return key;
}

function refuseEmpty({ context: { storage } }: RepositoryCore, password: string): void {
  if (password !== "") return;
  throw new RepositoryError(
    "repository.empty-password",
    `Cannot set a password of repository "${storage.location}": it is empty`,
    { hint: "Set RESTANTE_NEW_PASSWORD_FILE or RESTANTE_NEW_PASSWORD." },
  );
}

function tooManyKeys({ context: { storage } }: RepositoryCore, count: number): RepositoryError {
  return new RepositoryError(
    "repository.too-many-keys",
    `Cannot add a key to repository "${storage.location}": it has ${count}, and ${maxKeysTried} are tried when it is opened`,
    { hint: "Remove one that nobody needs first, with `restante key remove`." },
  );
}

function samePassword({ context: { storage } }: RepositoryCore): RepositoryError {
  return new RepositoryError(
    "repository.same-password",
    `Cannot change the password of repository "${storage.location}": the new one is the one in use`,
    { hint: "Give another. Nothing was changed." },
  );
}

function currentKeyGone(
  { context: { storage } }: RepositoryCore,
  { currentId, cause }: { readonly currentId: string; readonly cause?: unknown },
): RepositoryError {
  return new RepositoryError(
    "repository.key-gone",
    `Cannot change the keys of repository "${storage.location}": the key in use, ${currentId.slice(0, 8)}, is not there any more, or not whole`,
    {
      hint: "Somebody else changes keys, or the disk is damaged. Add a key with the password that you have before anything is removed.",
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

type Change = {
  readonly added: RepositoryKey;
  readonly removed: RepositoryKey;
  readonly cause: unknown;
};

function oldKeyLeft(
  { context: { storage } }: RepositoryCore,
  { added, removed, cause }: Change,
): RepositoryError {
  const id = removed.id.slice(0, 8);
  return new RepositoryError(
    "repository.old-key-left",
    `Cannot finish the change of password of repository "${storage.location}": the new key ${added.id.slice(0, 8)} opens it, and the old one, ${id}, could not be removed`,
    {
      hint: `Both passwords open it now. With the new one: \`restante key remove ${id}\`.`,
      cause,
    },
  );
}
