import {
  consistencies,
  type Consistency,
  type ImageProblem,
  parseServerFacts,
  type ServerFacts,
  serverFactsJson,
  type Volume,
} from "#image";
import { type Barcode, isBarcode } from "../drive/index.ts";
import {
  asObject,
  countField,
  FieldError,
  instantField,
  type JsonObject,
  objectsField,
  oneOfField,
  parseJsonObject,
  rawField,
  rawToJson,
  textField,
  textsField,
} from "../json-fields.ts";

/** A file of tar on a tape, with the number by which `mt fsf` finds it from the beginning of the tape. */
export type SetFile = { readonly file: number; readonly blocks: number };

/** What lies of a set on one tape. */
export type SetPart = {
  readonly barcode: Barcode;
  /** Number of the tape's file that the first label of this part stands in. */
  readonly firstFile: number;
  /** Where the next set may begin. */
  readonly endFile: number;
  readonly data: readonly SetFile[];
};

/** A piece of the index: so many lines of it, in a tar member of this name. */
export type IndexPiece = {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly members: number;
};

/** What is known of the moment before its bytes are read. */
export type SetFacts = {
  /** 32 hexadecimal digits: the moment's ID. */
  readonly set: string;
  readonly group: string;
  readonly sequence: number;
  readonly generation: string;
  readonly fromNs: bigint;
  readonly consistency: Consistency | "unknown";
  readonly hostname: string;
  readonly paths: readonly string[];
  readonly tags: readonly string[];
  /** Where the server kept what, where that was known. */
  readonly serverFacts?: ServerFacts;
};

export type SetManifest = SetFacts & {
  /** The instant that the moment stands for. */
  readonly atNs: bigint;
  readonly volumes: readonly Volume[];
  readonly files: number;
  readonly sizeBytes: number;
  readonly problemCount: number;
  /** The first thousand. */
  readonly problems: readonly ImageProblem[];
  readonly blockBytes: number;
  readonly parts: readonly SetPart[];
  /** File of the last tape that holds the index. */
  readonly indexFile: number;
  readonly pieces: readonly IndexPiece[];
};

const format = "restante tape set 1";
const longestBlockBytes = 16 * 1024 * 1024;
export const longestManifestBytes: number = 16 * 1024 * 1024;
export const mostProblems = 1000;
const problemCodes = [
  "vanished",
  "changed",
  "unreadable",
  "unlistable",
  "unsupported",
  "still-changing",
] as const satisfies readonly ImageProblem["code"][];
const consistencyWords = [...consistencies, "unknown"] as const;
const volumeRoles = ["database", "log", "mixed"] as const;

export function encodeSetFacts(facts: SetFacts): JsonObject {
  const { set, group, sequence, generation, fromNs, consistency, hostname, paths, tags } = facts;
  const from = String(fromNs);
  const { serverFacts } = facts;
  const server = serverFacts === undefined ? {} : { server: serverFactsJson(serverFacts) };
  return { set, group, sequence, generation, from, consistency, hostname, paths, tags, ...server };
}

/** Throws FieldError. */
export function parseSetFacts(object: JsonObject): SetFacts {
  const set = textField(object, "set");
  if (!isSetId(set)) throw new FieldError('"set" is no ID of a set');
  const serverFacts = parseServerFacts(object["server"]);
  return {
    set,
    group: textField(object, "group"),
    sequence: countField(object, "sequence"),
    generation: textField(object, "generation"),
    fromNs: instantField(object, "from"),
    consistency: oneOfField(object, "consistency", consistencyWords),
    hostname: textField(object, "hostname"),
    paths: textsField(object, "paths"),
    tags: textsField(object, "tags"),
    ...(serverFacts === undefined ? {} : { serverFacts }),
  };
}

export function isSetId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text);
}

export function encodeManifest(manifest: SetManifest): Buffer {
  const document = {
    format,
    ...encodeSetFacts(manifest),
    at: String(manifest.atNs),
    volumes: manifest.volumes.map(({ id, role, root }) => ({ id, role, root: rawToJson(root) })),
    files: manifest.files,
    bytes: manifest.sizeBytes,
    problem_count: manifest.problemCount,
    problems: manifest.problems
      .slice(0, mostProblems)
      .map(({ path, code, message }) => ({ path: rawToJson(path), code, message })),
    block_bytes: manifest.blockBytes,
    tapes: manifest.parts.map(encodePart),
    index_file: manifest.indexFile,
    pieces: manifest.pieces.map(({ name, sizeBytes, sha256, members }) => ({
      name,
      bytes: sizeBytes,
      sha256,
      members,
    })),
  };
  return Buffer.from(`${JSON.stringify(document, undefined, 1)}\n`);
}

/** Throws FieldError. */
export function parseManifest(text: string): SetManifest {
  return manifestOf(parseJsonObject(text));
}

export function manifestOf(object: JsonObject): SetManifest {
  if (object["format"] !== format) throw new FieldError(`its format is not "${format}"`);
  const parts = objectsField(object, "tapes").map(parsePart);
  if (parts.length === 0) throw new FieldError('"tapes" is empty');
  const blockBytes = countField(object, "block_bytes");
  if (blockBytes === 0 || blockBytes > longestBlockBytes)
    throw new FieldError('"block_bytes" is no size of a block');
  return {
    ...parseSetFacts(object),
    atNs: instantField(object, "at"),
    volumes: objectsField(object, "volumes").map((volume) => ({
      id: textField(volume, "id"),
      role: oneOfField(volume, "role", volumeRoles),
      root: rawField(volume, "root"),
    })),
    files: countField(object, "files"),
    sizeBytes: countField(object, "bytes"),
    problemCount: countField(object, "problem_count"),
    problems: objectsField(object, "problems").map((problem) => ({
      path: rawField(problem, "path"),
      code: oneOfField(problem, "code", problemCodes),
      message: textField(problem, "message"),
    })),
    blockBytes,
    parts,
    indexFile: countField(object, "index_file"),
    pieces: objectsField(object, "pieces").map((piece) => ({
      name: textField(piece, "name"),
      sizeBytes: countField(piece, "bytes"),
      sha256: textField(piece, "sha256"),
      members: countField(piece, "members"),
    })),
  };
}

function encodePart({ barcode, firstFile, endFile, data }: SetPart): JsonObject {
  return { barcode, first_file: firstFile, end_file: endFile, data };
}

function parsePart(object: JsonObject): SetPart {
  const barcode = textField(object, "barcode");
  if (!isBarcode(barcode)) throw new FieldError('"barcode" is none');
  return {
    barcode,
    firstFile: countField(object, "first_file"),
    endFile: countField(object, "end_file"),
    data: objectsField(object, "data").map((each) => {
      const { file, blocks } = asObject(each, "a file") as { file?: unknown; blocks?: unknown };
      return {
        file: countField({ file }, "file"),
        blocks: countField({ blocks }, "blocks"),
      };
    }),
  };
}
