/**
 * The Copy port: something an operational recovery method or an offsite option keeps, that can be
 * opened as an Image at any moment it covers (paper §1.4.2: multiple recoverable images).
 */
import type { Consistency, Image } from "#image";

/** One moment that can be recovered. */
export type RecoveryPoint = {
  /** Stable identity within the copy (a snapshot ID). */
  readonly id: string;
  readonly group: string;
  /** Orders moments of a group; 0 where unknown (a snapshot that restic wrote). */
  readonly sequence: number;
  readonly generation: string;
  /** The instant it stands for (end of the capture), nanoseconds since 1970 UTC. */
  readonly atNs: bigint;
  readonly consistency: Consistency | "unknown";
  /** Folders of the source machine, absolute, as text. */
  readonly paths: readonly string[];
  readonly hostname: string;
  readonly tags: readonly string[];
  readonly files?: number;
  readonly sizeBytes?: number;
  readonly volumeIds?: readonly string[];
  readonly messages?: number;
};

/** How near a copy is: at hand (this machine), near (another machine), shelf (somebody must fetch it). */
export type Reach = "at-hand" | "near" | "shelf";

export interface Copy {
  /** Its name in the configuration, or its location. */
  readonly name: string;
  /** The paper's section and method: "backup to disk". */
  readonly method: string;
  readonly reach: Reach;
  /** Moments of a group (all groups when undefined), oldest first. */
  moments(group?: string, signal?: AbortSignal): Promise<readonly RecoveryPoint[]>;
  /** Opens a moment as an Image, rooted at the captured folder. */
  open(point: RecoveryPoint, signal?: AbortSignal): Promise<Image>;
}
