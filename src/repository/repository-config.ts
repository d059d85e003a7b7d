/** `config`: what makes a folder a repository (restic design: Repository Layout). */
import { randomBytes } from "node:crypto";
import { z } from "zod/mini";
import type { Storage } from "#storage";
import { isRecoveryError } from "#errors";
import type { Sealer } from "./crypto.ts";
import { notARepository } from "./key-file.ts";
import { isChunkerPolynomial, randomPolynomial } from "./polynomial.ts";
import { RepositoryError } from "./repository-error.ts";
import { parseJson } from "./unpacked-file.ts";

const configSchema = z.object({
  version: z.int(),
  id: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  chunker_polynomial: z.string().check(z.regex(/^[0-9a-f]{1,16}$/)),
});

export type RepositoryConfig = {
  readonly version: 1 | 2;
  readonly id: string;
  readonly polynomial: bigint;
};

const handle = { type: "config", name: "" } as const;

export async function saveConfig(storage: Storage, sealer: Sealer): Promise<RepositoryConfig> {
  const id = randomBytes(32).toString("hex");
  const polynomial = randomPolynomial(randomBytes);
  const json = JSON.stringify({ version: 2, id, chunker_polynomial: polynomial.toString(16) });
  await storage.save(handle, [sealer.seal(Buffer.from(json))]);
  return { version: 2, id, polynomial };
}

/** Whether there is a repository at all. */
export async function hasConfig(storage: Storage, signal?: AbortSignal): Promise<boolean> {
  try {
    await storage.stat(handle, signal === undefined ? {} : { signal });
    return true;
  } catch (error) {
    if (isRecoveryError(error) && error.code === "storage.not-found") return false;
    throw error;
  }
}

export async function loadConfig(
  storage: Storage,
  sealer: Sealer,
  signal?: AbortSignal,
): Promise<RepositoryConfig> {
  if (!(await hasConfig(storage, signal))) throw notARepository(storage.location);
  const sealed = await storage.load(handle, signal === undefined ? {} : { signal });
  const plain = sealer.open(sealed);
  const parsed = configSchema.safeParse(plain && parseJson(plain, "config"));
  if (!parsed.success) throw damagedConfig(storage.location);
  const { version, id, chunker_polynomial: polynomial } = parsed.data;
  if (version !== 1 && version !== 2) {
    throw new RepositoryError(
      "repository.unsupported",
      `Cannot open repository "${storage.location}": it is of version ${version}`,
      {
        hint: "Use a newer Restante or restic.",
      },
    );
  }
  // As restic: with another polynomial chunks would not repeat, or never end.
  if (!isChunkerPolynomial(BigInt(`0x${polynomial}`))) throw damagedConfig(storage.location);
  return { version, id, polynomial: BigInt(`0x${polynomial}`) };
}

function damagedConfig(location: string): RepositoryError {
  return new RepositoryError(
    "repository.damaged",
    `Cannot open repository "${location}": its config is not one`,
    {
      hint: "Take the config file from another copy of the repository.",
    },
  );
}
