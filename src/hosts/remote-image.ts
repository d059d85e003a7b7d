import {
  type Consistency,
  displayPath,
  type ExtendedAttribute,
  type Image,
  ImageError,
  type ImageErrorCode,
  type ImageMoment,
  type ImageProblem,
  type Listing,
  ListingBuilder,
  type RawPath,
  type ReadOptions,
  systemClockNs,
  type Volume,
} from "#image";
import { asImageError } from "./carried-error.ts";
import type { Header } from "./frame.ts";
import { HeaderFields } from "./header-fields.ts";
import type { OpenFolderOptions } from "./host.ts";
import { brokenProtocol } from "./host-error.ts";
import type { Received } from "./link-call.ts";
import { decodeEntries } from "./listing-codec.ts";
import type { PeerConnector } from "./peer-connector.ts";
import type { PeerLink } from "./peer-link.ts";
import { RemoteFolder } from "./remote-folder.ts";
import { RepeatedCall } from "./repeated-call.ts";

/** Items that the peer sends ahead of us. */
const ahead = 4;
/** Entries of one folder, and problems of all, that are taken from a peer. */
const mostEntries = 10_000_000;
const mostProblems = 1_000_000;
const problemCodes: readonly ImageProblem["code"][] = [
  "vanished",
  "changed",
  "unreadable",
  "unlistable",
  "unsupported",
  "still-changing",
];

/** A folder of another host that stands still, as an Image. */
export async function openRemoteImage(
  connector: PeerConnector,
  path: RawPath,
  options: OpenFolderOptions,
): Promise<Image> {
  const folder = new RemoteFolder(connector, path);
  await folder.attempt(async () => undefined, options.signal);
  return new RemoteImage(folder, { ...options, group: options.group ?? displayPath(path) });
}

class RemoteImage implements Image {
  readonly consistency: Consistency;
  readonly volumes: readonly Volume[];
  readonly fingerprintScope: string;
  readonly problems: ImageProblem[] = [];
  readonly #folder: RemoteFolder;
  #at: ImageMoment;
  /** What the peer's Image has told of its problems on the present link. */
  #known = { link: undefined as PeerLink | undefined, count: 0 };
  readonly #seen = new Set<string>();
  #isClosed = false;

  constructor(folder: RemoteFolder, options: OpenFolderOptions & { readonly group: string }) {
    this.#folder = folder;
    this.volumes = folder.opened.volumes;
    this.fingerprintScope = folder.opened.scope;
    this.consistency = options.consistency ?? "crash";
    const { group, sequence = 1, generation = "" } = options;
    // Our clock labels all moments of a lineage, not that of whichever host a store is on.
    const nowNs = systemClockNs();
    this.#at = { group, sequence, generation, fromNs: nowNs, toNs: nowNs };
  }

  get at(): ImageMoment {
    return this.#at;
  }

  async list(path: RawPath, signal?: AbortSignal): Promise<Listing> {
    return await this.#do("image.unlistable", async () => {
      const listing = await this.#folder.attempt(async (link, folder) => {
        const builder = new ListingBuilder();
        await this.#collect(link, { what: "folder-list", folder, path }, signal, (item) => {
          const of = item.fields.text("of");
          if (of === "problems") builder.problems.push(...problemsOf(item));
          if (of === "entries") for (const entry of decodeEntries(item.body)) builder.add(entry);
          if (builder.length > mostEntries)
            throw brokenProtocol(`a folder has more than ${mostEntries} entries`);
        });
        return checkedListing(builder);
      }, signal);
      for (const problem of listing.problems) this.#note(problem);
      this.#looked();
      return listing;
    });
  }

  async extendedAttributes(path: RawPath): Promise<readonly ExtendedAttribute[]> {
    return await this.#do("image.unreadable", () =>
      this.#folder.attempt(async (link, folder) => {
        const found: ExtendedAttribute[] = [];
        await this.#collect(
          link,
          { what: "folder-attributes", folder, path },
          undefined,
          (item) => {
            if (item.fields.text("of") === "attribute")
              found.push({ name: item.fields.path("name"), value: Uint8Array.from(item.body) });
          },
        );
        return found;
      }),
    );
  }

  /** After a lost connection the reading goes on where it was, if the file is still the same. */
  async *read(
    path: RawPath,
    options: ReadOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { signal, offset = 0, lengthBytes } = options;
    let done = 0;
    let identity: { readonly fingerprint: string | undefined } | undefined;
    let folderId = 0;
    using call = new RepeatedCall((link) => {
      const header = {
        what: "folder-read",
        folder: folderId,
        path,
        known: this.#knownOn(link),
        offset: offset + done,
        ...(lengthBytes === undefined ? {} : { lengthBytes: lengthBytes - done }),
      };
      return link.begin({ header, credit: ahead, signal });
    });
    const nextPiece = async (link: PeerLink, folder: number): Promise<Uint8Array | undefined> => {
      folderId = folder;
      for (;;) {
        const item = await call.next(link, signal);
        if (item.kind === "done") return undefined;
        const of = item.fields.text("of");
        if (of === "bytes") return item.body;
        if (of === "seen") this.#takeSeen(link, item);
        if (of !== "file") continue;
        const fingerprint = item.fields.has("fingerprint")
          ? item.fields.text("fingerprint")
          : undefined;
        identity ??= { fingerprint };
        const isSame = fingerprint !== undefined && fingerprint === identity.fingerprint;
        if (done > 0 && !isSame) throw changedMeanwhile(path);
      }
    };
    for (;;) {
      const piece = await this.#do("image.unreadable", () =>
        this.#folder.attempt(nextPiece, signal),
      );
      if (piece === undefined) break;
      done += piece.length;
      if (lengthBytes !== undefined && done > lengthBytes)
        throw asImageError(brokenProtocol("more came than was asked for"), "image.unreadable");
      yield piece;
    }
    this.#looked();
  }

  async fingerprint(path: RawPath, signal?: AbortSignal): Promise<string | undefined> {
    return await this.#do("image.unlistable", () =>
      this.#folder.attempt(async (link, folder) => {
        const header = { what: "folder-fingerprint", folder, path };
        const { fields } = await link.ask({ header, signal });
        return fields.has("fingerprint") ? fields.text("fingerprint") : undefined;
      }, signal),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#folder[Symbol.asyncDispose]();
  }

  /** All items of a request, in order; those about problems are noted here. */
  async #collect(
    link: PeerLink,
    header: Header,
    signal: AbortSignal | undefined,
    take: (item: Received) => void,
  ): Promise<void> {
    using call = await link.begin({
      header: { ...header, known: this.#knownOn(link) },
      credit: ahead,
      signal,
    });
    for (;;) {
      const item = await call.next(signal);
      if (item.kind === "done") return;
      if (item.fields.text("of") === "seen") this.#takeSeen(link, item);
      else take(item);
    }
  }

  async #do<Result>(code: ImageErrorCode, work: () => Promise<Result>): Promise<Result> {
    if (this.#isClosed) {
      throw new ImageError("image.closed", "Cannot use the image: it was closed", {
        hint: "Open it again.",
      });
    }
    try {
      return await work();
    } catch (error) {
      throw asImageError(error, code);
    }
  }

  /** A new connection has a new Image, which begins to count anew. */
  #knownOn(link: PeerLink): number {
    if (this.#known.link !== link) this.#known = { link, count: 0 };
    return this.#known.count;
  }

  #takeSeen(link: PeerLink, item: Received): void {
    const problems = problemsOf(item);
    for (const problem of problems) this.#note(problem);
    const end = item.fields.count("from") + problems.length;
    if (this.#known.link === link) this.#known.count = Math.max(this.#known.count, end);
  }

  /** Each once, as an Image of this machine does. */
  #note(problem: ImageProblem): void {
    const key = `${problem.code} ${problem.path}`;
    if (this.#seen.has(key)) return;
    if (this.problems.length >= mostProblems)
      throw brokenProtocol(`a folder has more than ${mostProblems} problems`);
    this.#seen.add(key);
    this.problems.push(problem);
  }

  #looked(): void {
    const nowNs = systemClockNs();
    if (nowNs > this.#at.toNs) this.#at = { ...this.#at, toNs: nowNs };
  }
}

/** Two entries of one name cannot be: whoever sends them has something else in mind. */
function checkedListing(builder: ListingBuilder): Listing {
  const listing = builder.build();
  for (let index = 1; index < listing.length; index++) {
    if (listing.names[index] === listing.names[index - 1])
      throw brokenProtocol("a folder has two entries of one name");
  }
  return listing;
}

function problemsOf(item: Received): readonly ImageProblem[] {
  let problems: unknown;
  try {
    problems = JSON.parse(Buffer.from(item.body).toString("utf8"));
  } catch {
    throw brokenProtocol("a list of problems is not JSON");
  }
  return new HeaderFields({ problems }, "an item").objects("problems").map((fields) => ({
    path: fields.path("path"),
    code: fields.oneOf("code", problemCodes),
    message: fields.text("message"),
  }));
}

function changedMeanwhile(path: RawPath): ImageError {
  return new ImageError(
    "image.changed",
    `Cannot read "${displayPath(path)}": it is another file since the connection was lost`,
    {
      hint: "Read it again; what was read so far is not the file as it was at any moment.",
      retryable: true,
    },
  );
}
