import { createHash } from "node:crypto";
import type { Image } from "#image";
import type { JournalReader } from "#journal";
import type { Extent } from "./edit-table.ts";
import type { FileStretches } from "./file-stretches.ts";
import type { Found, NodeFinder } from "./found-node.ts";
import type { Overlay } from "./overlay.ts";
import type { OverlayNode } from "./overlay-node.ts";

export type FingerprintParts = {
  readonly base: Image;
  readonly journal: Pick<JournalReader, "id">;
  readonly overlay: Overlay;
  readonly nodes: NodeFinder;
  readonly stretches: FileStretches;
};

/** The base's fingerprints of what no event touched, and others of what comes from the journal alone. */
export class Fingerprints {
  readonly #parts: FingerprintParts;

  constructor(parts: FingerprintParts) {
    this.#parts = parts;
  }

  async whole(found: Found, signal?: AbortSignal): Promise<string | undefined> {
    const { base: image, overlay, nodes } = this.#parts;
    if (found.base !== undefined) {
      // Somewhere below a folder, another name of a changed file may stand.
      const isFolder =
        overlay.linked.size > 0 &&
        (await nodes.baseEntry(found.base, signal))?.type === "directory";
      return isFolder ? undefined : await image.fingerprint(found.base, signal);
    }
    const { node } = found;
    if (await nodes.isFolder(node, signal)) return await this.#ofFolder(node, signal);
    if (node.edit >= 0) return await this.#ofPieces(node, signal);
    const base = await nodes.baseThere(node, signal);
    return base === undefined ? undefined : await image.fingerprint(base, signal);
  }

  async part(
    found: Found,
    range: { readonly offset: number; readonly lengthBytes: number },
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const { base: image, nodes, stretches } = this.#parts;
    if (found.base !== undefined) return await image.rangeFingerprint?.(found.base, range, signal);
    const { node } = found;
    const base = await nodes.baseThere(node, signal);
    if (base === undefined) return undefined;
    if (node.edit < 0) return await image.rangeFingerprint?.(base, range, signal);
    // A part that no event touched is the base's.
    const end = range.offset + range.lengthBytes;
    const around = (await stretches.of(node, signal)).find(
      (extent) => extent.start <= range.offset && extent.end >= end,
    );
    if (around?.from !== "base") return undefined;
    const offset = range.offset - around.start + around.at;
    return await image.rangeFingerprint?.(base, { ...range, offset }, signal);
  }

  async #ofFolder(node: OverlayNode, signal?: AbortSignal): Promise<string | undefined> {
    const { base: image, overlay, nodes } = this.#parts;
    if (node.row >= 0 || (node.children?.size ?? 0) > 0 || overlay.linked.size > 0)
      return undefined;
    const base = await nodes.baseThere(node, signal);
    return base === undefined ? undefined : await image.fingerprint(base, signal);
  }

  async #ofPieces(node: OverlayNode, signal?: AbortSignal): Promise<string | undefined> {
    const { journal, stretches } = this.#parts;
    return piecesFingerprint(journal.id, await stretches.of(node, signal));
  }
}

/**
 * Says the same bytes of one journal: equal means equal content, and no fingerprint of a base is like
 * it. Undefined where a part is the base's, or unknown.
 */
function piecesFingerprint(journal: string, extents: readonly Extent[]): string | undefined {
  const hash = createHash("sha256");
  for (const { start, end, from, at } of extents) {
    if (from === "base" || from === "unknown") return undefined;
    hash.update(`${start} ${end} ${from} ${at}\n`);
  }
  return `journal:${journal}:${hash.digest("hex")}`;
}
