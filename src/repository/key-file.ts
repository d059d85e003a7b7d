/**
 * Key files (restic design: Keys): plain JSON, named by the sha256 of their bytes, holding the
 * master key encrypted under scrypt(password). Any one of them opens the repository.
 */
import { randomBytes } from "node:crypto";
import { z } from "zod/mini";
import { deriveKey, isSafeCost, type ScryptCost } from "#derivation";
import { asError } from "#errors";
import { toRfc3339Nano } from "#time";
import type { Storage } from "#storage";
import { type MasterKey, masterKeyFromBytes, openSealer, sha256Hex } from "./crypto.ts";
import { keyCost } from "./key-cost.ts";
import { RepositoryError } from "./repository-error.ts";
import { parseJson } from "./unpacked-file.ts";

const saltBytes = 64;
/** restic tries at most this many keys too. */
export const maxKeysTried: number = 20;

const keyFileSchema = z.object({
  created: z.optional(z.string()),
  username: z.optional(z.string()),
  hostname: z.optional(z.string()),
  kdf: z.string(),
  N: z.int(),
  r: z.int(),
  p: z.int(),
  salt: z.string(),
  data: z.string(),
});

export type KeyFile = {
  readonly created?: string | undefined;
  readonly username?: string | undefined;
  readonly hostname?: string | undefined;
  readonly kdf: string;
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: string;
  readonly data: string;
};

const masterKeySchema = z.object({
  mac: z.object({ k: z.string(), r: z.string() }),
  encrypt: z.string(),
});

export type NewKeyOptions = {
  readonly password: string;
  readonly masterKey: MasterKey;
  readonly username: string;
  readonly hostname: string;
  readonly nowNs: bigint;
  /** How hard the password is to guess. Only tests choose another. */
  readonly cost?: ScryptCost | undefined;
};

export async function saveKey(storage: Storage, options: NewKeyOptions): Promise<string> {
  const salt = randomBytes(saltBytes);
  const cost = options.cost ?? keyCost();
  const derived = await derive(options.password, { ...cost, salt });
  const { masterKey } = options;
  const plain = JSON.stringify({
    mac: { k: base64(masterKey.macK), r: base64(masterKey.macR) },
    encrypt: base64(masterKey.encrypt),
  });
  const file = {
    created: toRfc3339Nano(options.nowNs),
    username: options.username,
    hostname: options.hostname,
    kdf: "scrypt",
    ...cost,
    salt: base64(salt),
    data: base64(openSealer(derived).seal(Buffer.from(plain))),
  };
  const bytes = Buffer.from(JSON.stringify(file));
  const name = sha256Hex(bytes);
  await storage.save({ type: "key", name }, [bytes]);
  return name;
}

/** Tries the password on each key file. Throws `repository.wrong-password` where none opens. */
export async function findMasterKey(
  storage: Storage,
  options: { readonly password: string; readonly signal?: AbortSignal },
): Promise<{ readonly masterKey: MasterKey; readonly keyId: string }> {
  const optionalSignal = options.signal === undefined ? {} : { signal: options.signal };
  const names: string[] = [];
  for await (const file of storage.list("key", optionalSignal)) names.push(file.name);
  if (names.length === 0) throw withoutKeys(storage.location);
  let firstProblem: Error | undefined;
  for (const name of names.toSorted().slice(0, maxKeysTried)) {
    try {
      const bytes = await storage.load({ type: "key", name }, optionalSignal);
      const masterKey = await openKeyFile(parseKeyFile(bytes, name), options.password);
      if (masterKey !== undefined) return { masterKey, keyId: name };
      // A flipped bit in the sealed key looks like a wrong password; its name tells the difference.
      if (sha256Hex(bytes) !== name)
        firstProblem ??= damagedKey(name, "its bytes do not match its name");
    } catch (error) {
      if (options.signal?.aborted === true) throw error;
      // One damaged key file must not keep another from opening the repository.
      firstProblem ??= asError(error);
    }
  }
  if (firstProblem !== undefined && names.length === 1) throw firstProblem;
  throw new RepositoryError(
    "repository.wrong-password",
    `Cannot open repository "${storage.location}": no key fits this password`,
    {
      hint: "Check RESTANTE_PASSWORD or the password file; without the password nothing in the repository can be read.",
      ...(firstProblem === undefined ? {} : { cause: firstProblem }),
    },
  );
}

function withoutKeys(location: string): RepositoryError {
  return new RepositoryError(
    "repository.damaged",
    `Cannot open repository "${location}": it has no key file`,
    {
      hint: 'Take the folder "keys" from another copy of the repository; without a key nothing in it can be read.',
    },
  );
}

export function notARepository(location: string): RepositoryError {
  return new RepositoryError(
    "repository.not-found",
    `Cannot open repository "${location}": there is none`,
    {
      hint: `Create it with \`restante init --copy ${location}\`, or check that the disk is mounted.`,
    },
  );
}

export function parseKeyFile(bytes: Uint8Array, name: string): KeyFile {
  const what = `key ${name.slice(0, 8)}`;
  const parsed = keyFileSchema.safeParse(jsonOf(bytes));
  if (!parsed.success) throw damagedKey(name, "it lacks fields of a key file");
  const { kdf, N, r, p } = parsed.data;
  if (kdf !== "scrypt" || !isSafeCost({ N, r, p })) {
    throw new RepositoryError(
      "repository.unsupported",
      `Cannot use ${what}: its key derivation (${kdf}, N=${N}, r=${r}, p=${p}) is not one that is safe to run`,
      {
        hint: "Add a new key with restic and remove this one.",
      },
    );
  }
  return parsed.data;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}

export function damagedKey(name: string, state: string): RepositoryError {
  return new RepositoryError(
    "repository.damaged",
    `Cannot read key ${name.slice(0, 8)}: ${state}`,
    {
      hint: "Another key file of the repository may still open it; otherwise take this file from another copy.",
    },
  );
}

/** Undefined where the password is not this key's. */
export async function openKeyFile(file: KeyFile, password: string): Promise<MasterKey | undefined> {
  const { N, r, p } = file;
  const derived = await derive(password, { N, r, p, salt: Buffer.from(file.salt, "base64") });
  const plain = openSealer(derived).open(Buffer.from(file.data, "base64"));
  if (plain === undefined) return undefined;
  const parsed = masterKeySchema.safeParse(parseJson(plain, "master key"));
  if (!parsed.success) return undefined;
  const { mac, encrypt } = parsed.data;
  return {
    encrypt: exactly(encrypt, 32),
    macK: exactly(mac.k, 16),
    macR: exactly(mac.r, 16),
  };
}

function exactly(text: string, length: number): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length === length) return bytes;
  throw new RepositoryError(
    "repository.damaged",
    `Cannot use master key: a part of it has ${bytes.length} bytes instead of ${length}`,
    {
      hint: "Take the key file from another copy of the repository.",
    },
  );
}

async function derive(
  password: string,
  cost: ScryptCost & { readonly salt: Uint8Array },
): Promise<MasterKey> {
  return masterKeyFromBytes(await deriveKey({ password, ...cost }));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
