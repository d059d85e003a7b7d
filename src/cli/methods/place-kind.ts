import { readdirSync } from "node:fs";
import { isRecoveryError, systemErrorCode } from "#errors";
import { rawPathFromText } from "#image";
import { replicasMethodOf } from "#methods";
import type { CopyKind } from "#policy";
import type { CopyPlace } from "../copy-access.ts";
import { isElsewhere } from "../local-folder.ts";
import { diskMethod, methodNamed, type MethodWords } from "./method-words.ts";

/**
 * What lies in a folder that no configuration knows: replicas have a mark, a tape library has tapes. Anything else, also
 * what cannot be looked at, is taken for a repository, whose opening says what is wrong with it.
 */
export function kindAt({ kind, folder }: CopyPlace): CopyKind {
  if (kind !== undefined) return kind;
  if (isElsewhere(folder)) return "repository";
  if (markedMethod(folder) !== undefined) return "replicas";
  return hasTapes(folder) ? "tape library" : "repository";
}

/** The method that fills a folder that no configuration knows. */
export function methodAt(place: CopyPlace): MethodWords {
  switch (kindAt(place)) {
    case "repository":
      return diskMethod;
    case "tape library":
      return "backup to tape";
    case "replicas":
      return methodNamed(markedMethod(place.folder) ?? "rotation of clones");
  }
}

export function markedMethod(folder: string): string | undefined {
  try {
    return replicasMethodOf(rawPathFromText(folder));
  } catch (error) {
    if (isRecoveryError(error)) return undefined;
    throw error;
  }
}

/** A library whose tapes are all away still has its record of them. */
function hasTapes(folder: string): boolean {
  try {
    const names = readdirSync(folder);
    if (names.some((name) => name.endsWith(".tap"))) return true;
    return names.includes("state") && names.includes("outside");
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}
