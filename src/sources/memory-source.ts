import {
  type Consistency,
  memoryImage,
  type MemoryNodes,
  systemClockNs,
  type ClockNs,
} from "#image";
import type { Source, SourceName } from "./source.ts";

export type MemorySourceOptions = {
  readonly name?: SourceName;
  /** Default "offline". */
  readonly consistency?: Consistency;
  readonly clock?: ClockNs;
};

/** A mail store that is written down in the call, whichever folder is asked for. For tests. */
export function memorySource(nodes: MemoryNodes, options: MemorySourceOptions = {}): Source {
  const { name = "Offline", consistency = "offline", clock = systemClockNs } = options;
  return {
    name,
    consistency,
    stableImage: async ({ folder, group, sequence, generation, volumes, signal }) => {
      signal?.throwIfAborted();
      const now = clock();
      const at = {
        group: group ?? folder,
        sequence: sequence ?? 1,
        generation: generation ?? "",
        fromNs: now,
        toNs: now,
      };
      return memoryImage(nodes, { at, consistency, ...(volumes === undefined ? {} : { volumes }) });
    },
  };
}
