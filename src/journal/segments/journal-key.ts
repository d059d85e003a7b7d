/**
 * The journal's key, random, in key files of the repository's form beside the segments: any password
 * that opens one of them opens the journal.
 */
import { randomBytes } from "node:crypto";
import { mkdir, readdir } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import type { ScryptCost } from "#derivation";
import { isRecoveryError, systemErrorCode } from "#errors";
import { syncFolder } from "#files";
import { findMasterKey, masterKeyFromBytes, masterKeyToBytes, saveKey } from "#repository";
import { directoryStorage, type Storage } from "#storage";
import { JournalError } from "../journal-error.ts";
import { writeFailure } from "./journal-failure.ts";

/** What opens a journal. */
export type JournalSecret =
  /** Of a key file beside the segments. */
  | { readonly password: string }
  /** The 64 bytes of the key itself, kept by whoever opens it; no key file is made. */
  | { readonly key: Uint8Array };

export const journalKeyBytes = 64;
const keyFolder = "keys";
const keyName = /^[0-9a-f]{64}$/;

export type NewJournalKey = {
  readonly nowNs: bigint;
  /** How hard the password is to guess. Only tests choose another. */
  readonly cost?: ScryptCost;
};

/** Undefined where there is none yet. */
export async function findJournalKey(
  folder: string,
  secret: JournalSecret,
): Promise<Uint8Array | undefined> {
  if ("key" in secret) return checkedKey(folder, secret.key);
  if (!(await hasKeyFiles(folder))) return undefined;
  try {
    await using storage = directoryStorage(folder);
    const { masterKey } = await findMasterKey(storage, { password: secret.password });
    return masterKeyToBytes(masterKey);
  } catch (error) {
    throw keyError(folder, error);
  }
}

/** Makes the key of a new journal, and its first key file. */
export async function createJournalKey(
  folder: string,
  secret: JournalSecret,
  { nowNs, cost }: NewJournalKey,
): Promise<Uint8Array> {
  if ("key" in secret) return checkedKey(folder, secret.key);
  const key = randomBytes(journalKeyBytes);
  try {
    await makeKeyFolder(folder);
    await using storage = directoryStorage(folder);
    await addKeyFile(storage, key, { password: secret.password, nowNs, cost });
  } catch (error) {
    throw isFull(error) ? writeFailure(error.cause, folder) : error;
  }
  return key;
}

export type PasswordChange = {
  readonly password: string;
  readonly newPassword: string;
  readonly nowNs: bigint;
  readonly cost?: ScryptCost;
};

/**
 * From now on the new password opens a journal, and the old one does not: for when that of its copy
 * is changed. The journal may be open meanwhile. Throws `journal.wrong-password`, `journal.unreadable`.
 * Killed in between, both open it: the same call again ends it.
 */
export async function changeJournalPassword(
  folder: string,
  { password, newPassword, nowNs, cost }: PasswordChange,
): Promise<void> {
  if (password === newPassword) return;
  await using storage = directoryStorage(folder);
  try {
    const { masterKey } = await findMasterKey(storage, { password });
    await addKeyFile(storage, masterKeyToBytes(masterKey), { password: newPassword, nowNs, cost });
    await findMasterKey(storage, { password: newPassword });
    for (;;) {
      const old = await findMasterKey(storage, { password }).catch(() => undefined);
      if (old === undefined) return;
      await storage.remove({ type: "key", name: old.keyId });
    }
  } catch (error) {
    throw keyError(folder, error);
  }
}

async function addKeyFile(
  storage: Storage,
  key: Uint8Array,
  options: {
    readonly password: string;
    readonly nowNs: bigint;
    readonly cost: ScryptCost | undefined;
  },
): Promise<void> {
  await saveKey(storage, {
    ...options,
    masterKey: masterKeyFromBytes(key),
    username: userName(),
    hostname: hostname(),
  });
}

async function makeKeyFolder(folder: string): Promise<void> {
  try {
    await mkdir(join(folder, keyFolder), { mode: 0o700 });
    await syncFolder(folder);
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
  }
}

/** What a killed start has left half written is no key file. */
async function hasKeyFiles(folder: string): Promise<boolean> {
  try {
    return (await readdir(join(folder, keyFolder))).some((name) => keyName.test(name));
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return false;
    throw error;
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user without a line in passwd, as containers have them.
    return "";
  }
}

function checkedKey(folder: string, key: Uint8Array): Uint8Array {
  if (key.length === journalKeyBytes) return key;
  throw new JournalError(
    "journal.wrong-password",
    `Cannot open journal "${folder}": its key has ${key.length} bytes instead of ${journalKeyBytes}`,
  );
}

/** Storage speaks of a repository then, of which nobody has said anything. */
function isFull(error: unknown): error is Error {
  return isRecoveryError(error) && error.code === "storage.full";
}

function keyError(folder: string, error: unknown): unknown {
  if (isFull(error)) return writeFailure(error.cause, folder);
  if (!isRecoveryError(error)) return error;
  const isWrong = error.code === "repository.wrong-password";
  return new JournalError(
    isWrong ? "journal.wrong-password" : "journal.unreadable",
    isWrong
      ? `Cannot open journal "${folder}": no key fits this password`
      : `Cannot open journal "${folder}": its key files cannot be read`,
    {
      hint: isWrong
        ? "A journal is opened with the password that it was begun with; without it nothing in it can be read."
        : 'Take the folder "keys" of the journal from a backup of it; without a key nothing in it can be read.',
      cause: error,
    },
  );
}
