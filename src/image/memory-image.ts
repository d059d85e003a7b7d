import { createHash } from "node:crypto";
import { type Entry, type EntryType, type ExtendedAttribute, statModeOf } from "./entry.ts";
import type {
  Consistency,
  Image,
  ImageMoment,
  ImageProblem,
  ReadOptions,
  Volume,
} from "./image.ts";
import { closed, notAFile, notAFolder, notFound, unlistable, unreadable } from "./image-error.ts";
import { type Listing, ListingBuilder } from "./listing.ts";
import { ProblemLog } from "./problem-log.ts";
import { rawBaseName, rawParent, type RawPath } from "./raw-path.ts";

/** One entry. What is left out gets a plain value; a type is guessed from `bytes` and `linkTarget`. */
export type MemoryNode = {
  readonly type?: EntryType;
  /** A file's bytes; text is taken as UTF-8. */
  readonly bytes?: Uint8Array | string;
  readonly linkTarget?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly user?: string;
  readonly group?: string;
  readonly mtimeNs?: bigint;
  readonly ctimeNs?: bigint;
  readonly inode?: bigint;
  readonly deviceId?: bigint;
  readonly links?: number;
  readonly device?: bigint;
  readonly extendedAttributes?: Readonly<Record<string, Uint8Array | string>>;
  /** The listing of this folder, or the reading of this file, fails with this. */
  readonly failure?: Error;
};

/** Raw path (one character per byte) → what is there. Bytes or text alone mean a file. Folders on the way need not be named. */
export type MemoryNodes = Readonly<Record<string, Uint8Array | string | MemoryNode>>;

export type MemoryImageOptions = {
  readonly at?: Partial<ImageMoment>;
  /** Default "offline". */
  readonly consistency?: Consistency;
  /** Default: one volume "memory" with everything in it. */
  readonly volumes?: readonly Volume[];
  /** Default "memory": fingerprints are of content, so they compare across memory images. */
  readonly fingerprintScope?: string;
  readonly problems?: readonly ImageProblem[];
};

type Held = {
  readonly entry: Entry;
  readonly bytes: Uint8Array;
  readonly attributes: readonly ExtendedAttribute[];
  readonly failure: Error | undefined;
};

/** An Image of what is written down in the call. For tests and demonstrations. */
export function memoryImage(nodes: MemoryNodes, options: MemoryImageOptions = {}): Image {
  return new MemoryImage(nodes, options);
}

class MemoryImage implements Image {
  readonly at: ImageMoment;
  readonly consistency: Consistency;
  readonly volumes: readonly Volume[];
  readonly fingerprintScope: string;
  readonly #held = new Map<string, Held>();
  readonly #children = new Map<string, Held[]>();
  readonly #problems = new ProblemLog();
  #closed = false;

  constructor(nodes: MemoryNodes, options: MemoryImageOptions) {
    this.at = {
      group: "memory",
      sequence: 1,
      generation: "1",
      fromNs: 0n,
      toNs: 0n,
      ...options.at,
    };
    this.consistency = options.consistency ?? "offline";
    this.volumes = options.volumes ?? [{ id: "memory", role: "mixed", root: "" as RawPath }];
    this.fingerprintScope = options.fingerprintScope ?? "memory";
    for (const problem of options.problems ?? []) this.#problems.add(problem);
    this.#children.set("", []);
    for (const [path, node] of Object.entries(nodes)) {
      this.#hold(
        path as RawPath,
        node instanceof Uint8Array || typeof node === "string" ? { bytes: node } : node,
      );
    }
  }

  get problems(): readonly ImageProblem[] {
    return this.#problems.all();
  }

  async list(path: RawPath, signal?: AbortSignal): Promise<Listing> {
    this.#ensureOpen();
    signal?.throwIfAborted();
    const held = path === "" ? this.#held.get("") : this.#get(path);
    const children = this.#children.get(path);
    if (children === undefined) throw notAFolder(path);
    if (held?.failure !== undefined) throw unlistable(path, held.failure);
    const builder = new ListingBuilder();
    for (const child of children) builder.add(child.entry);
    return builder.build();
  }

  async extendedAttributes(path: RawPath): Promise<readonly ExtendedAttribute[]> {
    this.#ensureOpen();
    return path === "" ? (this.#held.get("")?.attributes ?? []) : this.#get(path).attributes;
  }

  async *read(
    path: RawPath,
    options: ReadOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    this.#ensureOpen();
    options.signal?.throwIfAborted();
    if (path === "") throw notAFile(path);
    const { entry, bytes, failure } = this.#get(path);
    if (entry.type !== "file") throw notAFile(path);
    if (failure !== undefined) throw unreadable(path, failure);
    const offset = options.offset ?? 0;
    const piece = bytes.slice(offset, offset + (options.lengthBytes ?? bytes.length));
    if (piece.length > 0) yield piece;
  }

  async rangeFingerprint(
    path: RawPath,
    { offset, lengthBytes }: { readonly offset: number; readonly lengthBytes: number },
  ): Promise<string | undefined> {
    this.#ensureOpen();
    const { entry, bytes } = this.#get(path);
    if (entry.type !== "file" || offset + lengthBytes > bytes.length) return undefined;
    const part = bytes.subarray(offset, offset + lengthBytes);
    return createHash("sha256").update(part).digest("hex");
  }

  async fingerprint(path: RawPath): Promise<string | undefined> {
    this.#ensureOpen();
    if (path !== "" && this.#get(path).entry.type !== "directory") {
      const { entry, bytes } = this.#get(path);
      return entry.type === "file" ? createHash("sha256").update(bytes).digest("hex") : undefined;
    }
    const hash = createHash("sha256");
    const prefix = path === "" ? "" : `${path}/`;
    const below = [...this.#held].filter(([key]) => key.startsWith(prefix) && key !== "");
    for (const [key, { entry, bytes }] of below.sort(([a], [b]) => (a < b ? -1 : 1))) {
      const line = [
        key.slice(prefix.length),
        statModeOf(entry),
        entry.mtimeNs,
        entry.linkTarget ?? "",
        bytes.length,
      ];
      hash.update(`${line.join("\0")}\0`, "latin1").update(bytes);
    }
    return hash.digest("hex");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
  }

  #hold(path: RawPath, node: MemoryNode): void {
    const known = this.#held.get(path);
    if (path !== "") this.#holdParents(path);
    const held = holdNode(path, node, known?.entry.inode ?? BigInt(this.#held.size + 100));
    this.#held.set(path, held);
    if (held.entry.type === "directory" && !this.#children.has(path)) this.#children.set(path, []);
    if (path === "") return;
    const siblings = this.#children.get(rawParent(path)) as Held[];
    if (known === undefined) siblings.push(held);
    else siblings[siblings.indexOf(known)] = held;
  }

  #holdParents(path: RawPath): void {
    const missing: RawPath[] = [];
    for (let parent = rawParent(path); !this.#children.has(parent); parent = rawParent(parent))
      missing.push(parent);
    for (const parent of missing.reverse()) this.#hold(parent, { type: "directory" });
  }

  #get(path: RawPath): Held {
    const held = this.#held.get(path);
    if (held === undefined) throw notFound(path);
    return held;
  }

  #ensureOpen(): void {
    if (this.#closed) throw closed();
  }
}

function holdNode(path: RawPath, node: MemoryNode, inode: bigint): Held {
  const {
    bytes: content,
    type: typeGiven,
    linkTarget,
    extendedAttributes,
    failure,
    user,
    group,
    device,
  } = node;
  const type =
    typeGiven ??
    (linkTarget !== undefined ? "symlink" : content === undefined ? "directory" : "file");
  const bytes =
    typeof content === "string" ? Buffer.from(content, "utf8") : (content ?? new Uint8Array());
  const mtimeNs = node.mtimeNs ?? 1_000_000_000_000_000_000n;
  const attributes = Object.entries(extendedAttributes ?? {})
    .map(([name, value]) => ({
      name,
      value: typeof value === "string" ? Buffer.from(value) : value,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const entry: Entry = {
    name: rawBaseName(path),
    type,
    mode: node.mode ?? (type === "directory" ? 0o755 : type === "symlink" ? 0o777 : 0o600),
    uid: node.uid ?? 0,
    gid: node.gid ?? 0,
    ...(user === undefined ? {} : { user }),
    ...(group === undefined ? {} : { group }),
    sizeBytes: linkTarget?.length ?? bytes.length,
    mtimeNs,
    ctimeNs: node.ctimeNs ?? mtimeNs,
    inode: node.inode ?? inode,
    deviceId: node.deviceId ?? 1n,
    links: node.links ?? 1,
    ...(linkTarget === undefined ? {} : { linkTarget: linkTarget as RawPath }),
    ...(device === undefined ? {} : { device }),
  };
  return { entry, bytes, attributes, failure };
}
