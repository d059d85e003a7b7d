import type { Copy } from "#copies";
import type { Image, RawPath } from "#image";
import type { JournalReader } from "#journal";
import type {
  ContinuousCopy,
  ReplicaCopy,
  Rotation,
  TakeOptions,
  TakeResult,
  TapeCopy,
} from "#methods";
import type { Repository } from "#repository";
import type { CopyPlace } from "../copy-access.ts";

/** What every method is told; each takes of it what it knows. */
export type TakeRequest = TakeOptions & {
  /** Absolute folder of this machine that the Image shows. */
  readonly path: RawPath;
  /** Where the Image is of several folders: these, absolute, and `path` is "/". */
  readonly paths?: readonly RawPath[];
  readonly hostname: string;
  readonly now: () => bigint;
  readonly workers?: number;
  /** Of clones and delta snapshots. Default: the paper's. */
  readonly rotation?: Rotation;
};

/** `notes` are what people ought to know of it beside the counts. */
export type Take = (
  image: Image,
  request: TakeRequest,
) => Promise<TakeResult & { readonly notes?: readonly string[] }>;

/** A copy of any kind, open. What it was opened with is closed with it. */
export type AnyCopy = AsyncDisposable & {
  readonly place: CopyPlace;
  readonly copy: Copy;
  /** Adds a moment. */
  readonly take: Take;
  /** Everything that it takes on its disk. A listing that fails throws: it is no small copy. */
  storedBytes(signal?: AbortSignal): Promise<number>;
  /** Of a repository. */
  readonly repository?: Repository;
  /** Of a folder of replicas: how each is verified. */
  readonly replicas?: ReplicaCopy;
  /** Of a tape library: what must be fetched. */
  readonly tapes?: TapeCopy;
  /** Of a journal: any moment, and what it covers. */
  readonly continuous?: ContinuousCopy;
  /** Of a journal: its events, and until when somebody watched though none came. */
  readonly journal?: { readonly reader: JournalReader; readonly watchedUntilNs?: bigint };
};
