import type { Extent } from "./edit-table.ts";
import type { NodeFinder } from "./found-node.ts";
import type { Overlay } from "./overlay.ts";
import type { OverlayNode } from "./overlay-node.ts";

/** Of how many files the stretches are kept at a time: an mdbox is read message by message. */
const maxKept = 16;

/** Where the bytes of changed files are had from. */
export class FileStretches {
  readonly #overlay: Overlay;
  readonly #nodes: NodeFinder;
  readonly #kept = new Map<OverlayNode, readonly Extent[]>();

  constructor(overlay: Overlay, nodes: NodeFinder) {
    this.#overlay = overlay;
    this.#nodes = nodes;
  }

  async of(node: OverlayNode, signal?: AbortSignal): Promise<readonly Extent[]> {
    const known = this.#kept.get(node);
    if (known !== undefined) return known;
    const base = await this.#nodes.baseEntry(node, signal);
    const sizeBytes = base?.type === "file" ? base.sizeBytes : undefined;
    const extents = this.#overlay.edits.extents(node.edit, sizeBytes);
    this.#kept.set(node, extents);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > maxKept && oldest !== undefined) this.#kept.delete(oldest);
    return extents;
  }
}
