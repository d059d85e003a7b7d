/** How a blob that cannot be had is told. */
import type { BlobType } from "./pack-format.ts";
import { RepositoryError } from "./repository-error.ts";

export function blobMissing(id: Uint8Array, type: BlobType): RepositoryError {
  const name = Buffer.from(id).toString("hex", 0, 4);
  return new RepositoryError(
    "repository.blob-missing",
    `Cannot read ${type} blob ${name}: no index of the repository knows it`,
    {
      hint: "The moment may have been forgotten while it was open: list the moments again. If it is still listed, run `restante verify`.",
    },
  );
}

export function blobDamaged(id: Uint8Array, packId: string, cause?: unknown): RepositoryError {
  const name = Buffer.from(id).toString("hex", 0, 4);
  return new RepositoryError(
    "repository.damaged",
    `Cannot read blob ${name} of pack ${packId.slice(0, 8)}: its bytes are damaged`,
    {
      hint: "Other messages are not affected; run `restante verify --read-data` to see what is.",
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
