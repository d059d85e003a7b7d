/**
 * What we know of a moment beyond restic's nodes, as a file in the snapshot, because extra fields
 * of a snapshot are dropped by `restic tag` and extra fields of a node break `restic rewrite`.
 */
import {
  type Consistency,
  displayPath,
  type Image,
  type ImageProblem,
  type ServerFacts,
  serverFactsJson,
} from "#image";
import { toRfc3339Nano } from "#time";

/** So many problems are listed; all are counted. */
const maxProblems = 1000;

export type ManifestFacts = {
  readonly image: Image;
  readonly group: string;
  readonly sequence: number;
  readonly generation: string;
  readonly consistency: Consistency;
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
  readonly problems: readonly ImageProblem[];
  readonly serverFacts?: ServerFacts | undefined;
};

export function encodeManifest(facts: ManifestFacts): Uint8Array {
  const { image } = facts;
  const manifest = {
    format: "restante manifest 1",
    group: facts.group,
    sequence: facts.sequence,
    generation: facts.generation,
    from: toRfc3339Nano(image.at.fromNs),
    to: toRfc3339Nano(image.at.toNs),
    consistency: facts.consistency,
    path: facts.path,
    volumes: image.volumes.map((volume) => ({
      id: volume.id,
      role: volume.role,
      root: displayPath(volume.root),
    })),
    ...(facts.serverFacts === undefined ? {} : { server: serverFactsJson(facts.serverFacts) }),
    files: facts.files,
    bytes: facts.bytes,
    problem_count: facts.problems.length,
    problems: facts.problems.slice(0, maxProblems).map((problem) => ({
      path: displayPath(problem.path),
      code: problem.code,
      message: problem.message,
    })),
  };
  return Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`);
}

/** Tags by which a moment is told without opening its tree. */
export const tagPrefixes = {
  group: "group:",
  sequence: "sequence:",
  generation: "generation:",
  consistency: "consistency:",
  volume: "volume:",
  /** The kind of server whose places the manifest has. */
  server: "server:",
  files: "files:",
  bytes: "bytes:",
  /** Of a snapshot of a journal's segments: the group, which has no `group:` there. */
  journal: "journal:",
  /** Of a duplicate: the repository in which the moment was taken. */
  from: "from:",
} as const;
export const ownTag = "restante";
/** Of a snapshot that holds segments of a journal: no moment of mail. */
export const shippedTag = "restante:journal";

/** Whether a snapshot is a moment of mail, and not what Restante keeps beside them. */
export function isMoment({ tags }: { readonly tags: readonly string[] }): boolean {
  return !tags.includes(shippedTag);
}

// restic splits tags at commas on its command line, so a comma in a tag could not be named there.
export function tagValue(text: string): string {
  return text.replace(/[,\s]+/gu, "_");
}

export function momentTags(facts: ManifestFacts, extra: readonly string[]): readonly string[] {
  return [
    ownTag,
    `${tagPrefixes.group}${tagValue(facts.group)}`,
    `${tagPrefixes.sequence}${facts.sequence}`,
    `${tagPrefixes.generation}${facts.generation}`,
    `${tagPrefixes.consistency}${facts.consistency}`,
    ...new Set(facts.image.volumes.map((volume) => `${tagPrefixes.volume}${tagValue(volume.id)}`)),
    ...(facts.serverFacts === undefined
      ? []
      : [`${tagPrefixes.server}${tagValue(facts.serverFacts.server)}`]),
    `${tagPrefixes.files}${facts.files}`,
    `${tagPrefixes.bytes}${facts.bytes}`,
    ...extra,
  ];
}

export function tagOf(tags: readonly string[], prefix: string): string | undefined {
  for (const tag of tags) if (tag.startsWith(prefix)) return tag.slice(prefix.length);
  return undefined;
}
