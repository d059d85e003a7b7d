/**
 * The port of operational recovery (paper §3, Figure 1, middle column): a method turns Images, which a
 * source yields, into a Copy, and what it keeps opens as an Image again at any moment that it covers.
 */
import type { Copy, RecoveryPoint } from "#copies";
import type { Consistency, Image, ImageProblem } from "#image";

export type TakeProgress = {
  readonly phase: "scan" | "read" | "finish";
  readonly filesDone: number;
  /** 0 where it is not known yet. */
  readonly filesTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
};

export type TakeOptions = {
  /** Protection group (server × line of business), or the folder's path without a configuration. */
  readonly group: string;
  /** Marks of the moment beside the method's own. */
  readonly tags?: readonly string[];
  /** Read everything again, whatever a cache says. */
  readonly full?: boolean;
  readonly onProgress?: (progress: TakeProgress) => void;
  readonly signal?: AbortSignal;
};

/** What taking a recovery point did. Counts are of files. */
export type TakeResult = {
  readonly point: RecoveryPoint;
  readonly consistency: Consistency;
  readonly filesNew: number;
  readonly filesRenamed: number;
  readonly filesChanged: number;
  readonly filesUnmodified: number;
  readonly filesTotal: number;
  readonly bytesTotal: number;
  /** Bytes of content that were read from the source. */
  readonly bytesRead: number;
  /** Content that was not in the copy before, and what it takes there. */
  readonly bytesAdded: number;
  readonly bytesStored: number;
  readonly problems: readonly ImageProblem[];
  /** Something is missing or torn that should be there. */
  readonly partial: boolean;
};

export interface RecoveryMethod {
  /** The paper's words: "backup to disk". */
  readonly name: string;
  /** Where the paper describes it: "3.2". */
  readonly section: string;
  readonly copy: Copy;
  /** Adds a recovery point. The Image is the caller's and stays open. */
  take(image: Image, options: TakeOptions): Promise<TakeResult>;
}
