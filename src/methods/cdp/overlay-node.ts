import { joinRawPath, type RawName, type RawPath } from "#image";
import type { FileEvidence } from "#journal";

/** What is known of a name by its folder: a file or folder, or null: it is not there. */
export type Child = OverlayNode | null;

/**
 * One file or folder that events tell of. A file with several names is one node under all of them.
 * A folder's children that have no node are those of the base's folder.
 */
export class OverlayNode {
  /** Where the base copy has it. */
  base: RawPath | undefined;
  /**
   * Names that it had while the base was being taken: under which of them the base has it, `evidence`
   * tells. Looked up when it is asked for.
   */
  candidates: readonly RawPath[] | undefined;
  evidence: FileEvidence | undefined;
  /** Where the base had a file that was rewritten whole since: it may have other names there. */
  origin: RawPath | undefined;
  children: Map<RawName, Child> | undefined;
  /** In the table of states; -1: as the base has it. */
  row = -1;
  /** Its newest change in the table of edits; -1: the base's bytes. */
  edit = -1;
  /** -1: the base's. */
  sizeBytes = -1;
  /** Its name changed while the base was being taken: of a folder, the base may have a part. */
  isMovedEarly = false;
  /** An event gave all its bytes, or made it as a folder. */
  isWhole = false;
  /** How many names events gave it. */
  names = 0;

  constructor(base?: RawPath, candidates?: readonly RawPath[]) {
    this.base = base;
    this.candidates = candidates;
  }

  /** Where the base may have a child of this folder that no event told of yet. */
  childBases(name: RawName): readonly RawPath[] {
    if (this.base !== undefined) return [joinRawPath(this.base, name)];
    return (this.candidates ?? []).map((candidate) => joinRawPath(candidate, name));
  }

  /** A child as the base has it: to be changed, moved, or gone into. */
  untouched(name: RawName): OverlayNode {
    if (this.base !== undefined) return new OverlayNode(joinRawPath(this.base, name));
    return this.candidates === undefined
      ? new OverlayNode()
      : new OverlayNode(undefined, this.childBases(name));
  }

  /** Another name that the base may have it by, if it has it at all. */
  mayBeAt(path: RawPath): void {
    if (this.base === undefined && this.candidates === undefined) return;
    const known = this.candidates ?? [this.base as RawPath];
    // The newest last.
    this.candidates = [...known.filter((one) => one !== path), path].slice(-maxCandidates);
    this.base = undefined;
  }
}

/** A file that is renamed again and again while the base is taken: it was seen by one of its last names, or its first. */
const maxCandidates = 64;
