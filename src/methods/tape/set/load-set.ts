/** A set as its tapes tell it: the manifest, and every member by the index, or by the data where the index is damaged. */
import { createHash } from "node:crypto";
import type { ImageProblem, RawPath } from "#image";
import type { Barcode } from "../drive/index.ts";
import {
  type IndexedMember,
  longestManifestBytes,
  manifestName,
  parseManifest,
  parseMemberLine,
  type SetManifest,
  type TarMember,
} from "../format/index.ts";
import { FieldError } from "../json-fields.ts";
import { isTapeError, tapeError } from "../tape-error.ts";
import type { TapeReader } from "./tape-reader.ts";
import { type FoundMember, readTar, sha256OfMember, type TarFile } from "./tar-reader.ts";

const longestPieceBytes = 64 * 1024 * 1024;

export type LoadedSet = {
  readonly manifest: SetManifest;
  /** Whole members in the order of the tapes. */
  readonly members: readonly IndexedMember[];
  /** What the index could not tell. */
  readonly problems: readonly ImageProblem[];
};

export type IndexPlace = {
  readonly reader: TapeReader;
  readonly barcode: Barcode;
  readonly file: number;
  readonly blockBytes: number;
  readonly signal?: AbortSignal | undefined;
};

/** The first member of an index file. Throws `methods.tape-index-damaged`. */
export async function readManifest(place: IndexPlace): Promise<SetManifest> {
  for await (const step of readTar(place)) {
    if (step.kind !== "member" || !step.member.path.endsWith("/manifest.json")) continue;
    if (step.member.sizeBytes > longestManifestBytes) break;
    try {
      const manifest = parseManifest((await contentOf(place, step)).toString("utf8"));
      if (manifestName(manifest.set) === step.member.path) return manifest;
    } catch (error) {
      if (!isDamage(error)) throw error;
      throw indexDamaged(place, error);
    }
    break;
  }
  throw indexDamaged(place);
}

/** Every member. A piece of the index that is damaged is made up for by reading the data files. */
export async function loadSet(
  manifest: SetManifest,
  place: Pick<IndexPlace, "reader" | "signal">,
): Promise<LoadedSet> {
  const { barcode } = manifest.parts.at(-1) as { readonly barcode: Barcode };
  const { blockBytes, indexFile: file } = manifest;
  const index: IndexPlace = { ...place, barcode, file, blockBytes };
  const members: IndexedMember[] = [];
  const wanted = new Map(manifest.pieces.map((piece) => [piece.name, piece]));
  try {
    for await (const step of readTar(index)) {
      if (step.kind !== "member" || step.member.sizeBytes > longestPieceBytes) continue;
      const piece = wanted.get(step.member.path);
      if (piece === undefined) continue;
      const lines = await readPiece(index, { found: step, sha256: piece.sha256 });
      if (lines === undefined) continue;
      members.push(...lines);
      wanted.delete(step.member.path);
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  if (wanted.size === 0) return { manifest, members: wholeOf(members), problems: [] };
  const lost = [...wanted.values()].reduce((sum, piece) => sum + piece.members, 0);
  return await makeUp(manifest, { ...place, members, lost });
}

/** Members of data files without an index: what a set's tapes hold that lost it. */
export async function salvageMembers(
  parts: SetManifest["parts"],
  place: Pick<IndexPlace, "reader" | "signal" | "blockBytes">,
): Promise<{
  readonly members: readonly IndexedMember[];
  readonly problems: readonly ImageProblem[];
}> {
  const members = new Map<RawPath, IndexedMember>();
  const problems: ImageProblem[] = [];
  for (const [part, { barcode, data }] of parts.entries()) {
    for (const { file } of data) {
      const tar: TarFile = { ...place, barcode, file };
      for await (const step of readTar(tar)) {
        if (step.kind === "damage") {
          problems.push({
            path: "" as RawPath,
            code: "unreadable",
            message: `Between the bytes ${step.offset} and ${step.offset + step.lengthBytes} of file ${file} of tape ${barcode} nothing can be read; what lay there is not known.`,
          });
        }
        if (step.kind !== "member") continue;
        const found = await salvaged(tar, { found: step, part });
        // A member that was torn or void comes again, whole.
        if (found.member !== undefined) members.set(found.member.path, found.member);
        else problems.push(found.problem);
      }
    }
  }
  return {
    members: resolveLinks([...members.values()]),
    problems: problems.filter(({ path }) => path === "" || !members.has(path)),
  };
}

async function makeUp(
  manifest: SetManifest,
  known: Pick<IndexPlace, "reader" | "signal"> & {
    readonly members: readonly IndexedMember[];
    readonly lost: number;
  },
): Promise<LoadedSet> {
  const { blockBytes, parts } = manifest;
  const salvage = await salvageMembers(parts, { ...known, blockBytes });
  const whole = wholeOf(known.members);
  const paths = new Set(whole.map(({ path }) => path));
  const spoiled = new Set(
    known.members.filter(({ state }) => state === "void").map(({ path }) => path),
  );
  const found = salvage.members.filter(({ path }) => !paths.has(path) && !spoiled.has(path));
  const message = `${known.lost} lines of the index are damaged; ${found.length} members were found again by reading the data. Whether their bytes are those that were written cannot be said.`;
  return {
    manifest,
    members: [...whole, ...found].sort(byPlace),
    problems: [{ path: "" as RawPath, code: "unreadable", message }, ...salvage.problems],
  };
}

type Salvaged =
  | { readonly member: IndexedMember }
  | { readonly member?: undefined; readonly problem: ImageProblem };

async function salvaged(
  tar: TarFile,
  { found, part }: { readonly found: FoundMember; readonly part: number },
): Promise<Salvaged> {
  const { member, offset, dataOffset } = found;
  const place = { part, file: tar.file, offset, dataOffset };
  if (member.type !== "file") return { member: { ...indexedOf(member), place } };
  try {
    const sha256 = await sha256OfMember(tar, found);
    return { member: { ...indexedOf(member), sha256, place } };
  } catch (error) {
    if (!isDamage(error)) throw error;
    const message = `Its bytes on tape ${tar.barcode}, file ${tar.file}, cannot be read: ${(error as Error).message}.`;
    return { problem: { path: member.path, code: "unreadable", message } };
  }
}

function indexedOf(member: TarMember): IndexedMember {
  const { type, linkTarget, ctimeNs, ...rest } = member;
  const isLink = type === "hard-link";
  return {
    ...rest,
    type: isLink ? "file" : type,
    ctimeNs: ctimeNs ?? member.mtimeNs,
    links: 1,
    ...(linkTarget === undefined ? {} : isLink ? { hardLinkTo: linkTarget } : { linkTarget }),
    state: "whole",
  };
}

/** Sizes and digests of further names of a file are those of the first. */
function resolveLinks(members: readonly IndexedMember[]): readonly IndexedMember[] {
  const byPath = new Map(members.map((member) => [member.path, member]));
  const names = Map.groupBy(members, ({ path, hardLinkTo }) => hardLinkTo ?? path);
  return members.map((member) => {
    const first = byPath.get(member.hardLinkTo ?? member.path) ?? member;
    const links = names.get(first.path)?.length ?? 1;
    const { sizeBytes, sha256 } = first;
    return { ...member, links, sizeBytes, ...(sha256 === undefined ? {} : { sha256 }) };
  });
}

async function readPiece(
  place: IndexPlace,
  { found, sha256 }: { readonly found: FoundMember; readonly sha256: string },
): Promise<readonly IndexedMember[] | undefined> {
  try {
    const bytes = await contentOf(place, found);
    if (createHash("sha256").update(bytes).digest("hex") !== sha256) return undefined;
    const lines = bytes.toString("utf8").split("\n");
    return lines.filter((line) => line !== "").map(parseMemberLine);
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}

async function contentOf(place: IndexPlace, { dataOffset, member }: FoundMember): Promise<Buffer> {
  const { reader, barcode, file, signal } = place;
  return await reader.read({
    barcode,
    file,
    offset: dataOffset,
    lengthBytes: member.sizeBytes,
    signal,
  });
}

/** Of what comes twice the last one counts, as tar has it. */
function wholeOf(members: readonly IndexedMember[]): readonly IndexedMember[] {
  return members.filter(({ state }) => state === "whole");
}

function byPlace(a: IndexedMember, b: IndexedMember): number {
  const [one, two] = [a.place, b.place];
  if (one === undefined || two === undefined)
    return Number(one === undefined) - Number(two === undefined);
  return one.part - two.part || one.file - two.file || one.offset - two.offset;
}

function isDamage(error: unknown): boolean {
  return (
    error instanceof FieldError ||
    isTapeError(error, "methods.tape-block-damaged", "methods.tape-end-of-data")
  );
}

function indexDamaged({ barcode, file }: IndexPlace, cause?: unknown): Error {
  const reason = cause instanceof Error ? `: ${cause.message}` : "";
  return tapeError(
    "methods.tape-index-damaged",
    `Cannot read the index in file ${file} of tape ${barcode}${reason || ": it has no manifest"}`,
    {
      hint: "The data can still be had: rebuild the catalogue, which then reads the data files.",
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
