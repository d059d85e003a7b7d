/** A set as an Image: listed from the index, read from the tapes at the places that the index names. */
import { createHash } from "node:crypto";
import {
  type Consistency,
  displayPath,
  type ExtendedAttribute,
  type ExtractRequest,
  type ExtractResult,
  type Image,
  ImageError,
  type ImageMoment,
  type ImageProblem,
  type Listing,
  type RawPath,
  type ReadOptions,
  type ServerFacts,
  type Volume,
} from "#image";
import { isRecoveryError } from "#errors";
import type { Barcode } from "../drive/index.ts";
import {
  type IndexedMember,
  memberOfHeaders,
  type MemberPlace,
  parseUstar,
  tarBlockBytes,
} from "../format/index.ts";
import { tapeError } from "../tape-error.ts";
import { extractMembers } from "./extract-members.ts";
import type { LoadedSet } from "./load-set.ts";
import { MemberTree } from "./member-tree.ts";
import type { TapeReader } from "./tape-reader.ts";

/** Up to this size a file is read whole and compared with its digest before its bytes are handed out. */
const wholeBytes = 4 * 1024 * 1024;
const pieceBytes = 1024 * 1024;

export type SetImageOptions = LoadedSet & {
  readonly reader: TapeReader;
  /** Gives the drive back. */
  readonly onClosed: () => Promise<void>;
};

type MemberOnTape = IndexedMember & { readonly place: MemberPlace };

export class SetImage implements Image {
  readonly at: ImageMoment;
  readonly consistency: Consistency;
  readonly volumes: readonly Volume[];
  readonly fingerprintScope = "sha256";
  readonly serverFacts: () => Promise<ServerFacts | undefined>;
  readonly #options: SetImageOptions;
  readonly #tree: MemberTree;
  readonly #problems: ImageProblem[];
  #isClosed = false;

  constructor(options: SetImageOptions) {
    const { manifest, members, problems } = options;
    const { group, sequence, generation, fromNs, atNs, consistency, volumes } = manifest;
    this.serverFacts = async () => manifest.serverFacts;
    this.#options = options;
    this.#tree = new MemberTree(members);
    this.#problems = [...manifest.problems, ...problems];
    this.at = { group, sequence, generation, fromNs, toNs: atNs };
    // Nobody can say how it hangs together: no better than a walk of a living store.
    this.consistency = consistency === "unknown" ? "fuzzy" : consistency;
    this.volumes =
      volumes.length > 0 ? volumes : [{ id: "tape", role: "mixed", root: "" as RawPath }];
  }

  get problems(): readonly ImageProblem[] {
    return this.#problems;
  }

  async list(path: RawPath, signal?: AbortSignal): Promise<Listing> {
    this.#ensureOpen();
    signal?.throwIfAborted();
    return this.#tree.list(path);
  }

  async extendedAttributes(path: RawPath): Promise<readonly ExtendedAttribute[]> {
    this.#ensureOpen();
    return path === "" ? [] : this.#tree.get(path).attributes;
  }

  async *read(
    path: RawPath,
    options: ReadOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    this.#ensureOpen();
    const { member, shown } = this.#fileOf(path);
    const { sizeBytes } = member;
    const { signal } = options;
    const offset = Math.min(options.offset ?? 0, sizeBytes);
    const end = Math.min(sizeBytes, offset + (options.lengthBytes ?? sizeBytes));
    if (end === offset) return;
    try {
      await this.#checkHeaders(member, signal);
      if (sizeBytes <= wholeBytes) {
        const bytes = await this.#bytes(member, { from: 0, to: sizeBytes, signal });
        this.#checkDigest(member, createHash("sha256").update(bytes).digest("hex"));
        yield bytes.subarray(offset, end);
        return;
      }
      const hash = createHash("sha256");
      for (let from = offset; from < end; from += pieceBytes) {
        this.#ensureOpen();
        const to = Math.min(end, from + pieceBytes);
        const bytes = await this.#bytes(member, { from, to, signal });
        hash.update(bytes);
        yield bytes;
      }
      if (offset === 0 && end === sizeBytes) this.#checkDigest(member, hash.digest("hex"));
    } catch (error) {
      throw this.#unreadable(shown, error);
    }
  }

  async fingerprint(path: RawPath): Promise<string | undefined> {
    this.#ensureOpen();
    return path === "" ? undefined : this.#tree.get(path).sha256;
  }

  async *extract(
    requests: Iterable<ExtractRequest>,
    signal?: AbortSignal,
  ): AsyncGenerator<ExtractResult, void, undefined> {
    this.#ensureOpen();
    const image = this as Image;
    yield* extractMembers(requests, {
      placeOf: (path) => this.#fileOf(path).member.place,
      read: (path) => image.read(path, signal === undefined ? {} : { signal }),
      signal,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#options.onClosed();
  }

  /** The member that has the bytes of a name. Throws `image.not-a-file`. */
  #fileOf(path: RawPath): { readonly member: MemberOnTape; readonly shown: string } {
    const shown = path === "" ? "the top folder" : `"${displayPath(path)}"`;
    const named = path === "" ? undefined : this.#tree.get(path);
    if (named?.type !== "file") {
      throw new ImageError("image.not-a-file", `Cannot read ${shown}: it is not a plain file`, {
        hint: "Only plain files have bytes; symbolic links are not followed.",
      });
    }
    const { hardLinkTo } = named;
    try {
      const member = hardLinkTo === undefined ? named : this.#tree.get(hardLinkTo);
      const { place } = member;
      if (place !== undefined && member.type === "file")
        return { member: { ...member, place }, shown };
    } catch {
      // Its first name, which has the bytes, is lost.
    }
    throw new ImageError("image.unreadable", `Cannot read ${shown}: its bytes are lost`, {
      hint: "Look for the file in another moment.",
    });
  }

  async #bytes(
    { place }: MemberOnTape,
    range: { readonly from: number; readonly to: number; readonly signal: AbortSignal | undefined },
  ): Promise<Buffer> {
    const { reader } = this.#options;
    return await reader.read({
      barcode: this.#barcodeOf(place),
      file: place.file,
      offset: place.dataOffset + range.from,
      lengthBytes: range.to - range.from,
      signal: range.signal,
    });
  }

  /** A tape that was written over since holds something else at this place. */
  async #checkHeaders(member: MemberOnTape, signal: AbortSignal | undefined): Promise<void> {
    const { offset, dataOffset } = member.place;
    const headerBytes = dataOffset - offset;
    const bytes = await this.#bytes(member, { from: -headerBytes, to: 0, signal });
    const extended = parseUstar(bytes);
    const header = parseUstar(bytes.subarray(headerBytes - tarBlockBytes));
    const found =
      extended === undefined || header === undefined
        ? undefined
        : memberOfHeaders(
            header,
            bytes.subarray(tarBlockBytes, tarBlockBytes + extended.sizeBytes),
          );
    if (found?.path === member.path && found.sizeBytes === member.sizeBytes) return;
    throw tapeError(
      "methods.tape-unreadable",
      `Cannot read tape ${this.#barcodeOf(member.place)}: byte ${offset} of file ${member.place.file} is not where this file begins`,
      {
        hint: "The tape is damaged there, or was written over; look for the file in another moment.",
      },
    );
  }

  #checkDigest({ place, sha256 }: MemberOnTape, found: string): void {
    if (sha256 === undefined || sha256 === found) return;
    throw tapeError(
      "methods.tape-unreadable",
      `Cannot trust tape ${this.#barcodeOf(place)}: bytes of file ${place.file} are not those that were written`,
      { hint: "Look for the file in another moment, or on a duplicate of the tape." },
    );
  }

  #barcodeOf({ part }: MemberPlace): Barcode {
    const barcode = this.#options.manifest.parts[part]?.barcode;
    if (barcode !== undefined) return barcode;
    throw tapeError(
      "methods.tape-index-damaged",
      `Cannot find tape number ${part + 1} of the set: its manifest names fewer`,
      { hint: "Rebuild the catalogue." },
    );
  }

  /** Damage is this file's alone; a tape that is not at hand is everybody's. */
  #unreadable(shown: string, error: unknown): unknown {
    if (!isRecoveryError(error) || !damageCodes.has(error.code)) return error;
    return new ImageError("image.unreadable", `Cannot read ${shown}: ${error.message}`, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }

  #ensureOpen(): void {
    if (!this.#isClosed) return;
    throw new ImageError("image.closed", "Cannot use the image: it was closed", {
      hint: "Open it again.",
    });
  }
}

const damageCodes: ReadonlySet<string> = new Set([
  "methods.tape-block-damaged",
  "methods.tape-end-of-data",
  "methods.tape-unreadable",
  "methods.tape-index-damaged",
]);
