/**
 * The Copy port: something an operational recovery method or an offsite option keeps, that can be
 * opened as an Image at any moment it covers (paper §1.4.2: multiple recoverable images).
 */
import type { Consistency, Image } from "#image";

/** What may go wrong with production, by the names that planning uses. */
export const losses = ["user-error", "corruption", "late-attack", "hardware", "site"] as const;
export type Loss = (typeof losses)[number];

/** Marks a moment that was verified and found damaged, or whose record is. */
export const damagedTag = "restante:damaged";

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
  /**
   * The losses of production that this moment outlives. A delta snapshot shares blocks with
   * production and goes with its volume: without "hardware" and "site" (paper §3.4.2). Undefined
   * where the moment itself does not say: then whoever knows where the copy lies does.
   */
  readonly survives?: readonly Loss[];
  /** Who looked at the frozen image before it was kept and found it usable ("doveadm"); undefined or empty where nobody did. */
  readonly validatedBy?: readonly string[];
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
