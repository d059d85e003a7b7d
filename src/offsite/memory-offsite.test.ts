import type { Copy, RecoveryPoint } from "#copies";
import { ImageError, memoryImage, type MemoryNodes } from "#image";
import { memoryOffsite } from "./memory-offsite.ts";
import { offsiteContract } from "./offsite.contract.ts";

offsiteContract("memoryOffsite()", async () => {
  const moments: { point: RecoveryPoint; nodes: MemoryNodes }[] = [];
  let isLost = false;
  const here: Copy = {
    name: "here",
    method: "memory",
    reach: "at-hand",
    moments: async () => moments.map(({ point }) => point),
    open: async ({ id }) => {
      const found = moments.find(({ point }) => point.id === id);
      if (isLost || found === undefined) throw new ImageError("image.not-found", `no moment ${id}`);
      return memoryImage(found.nodes, {});
    },
  };
  let ticks = 0;
  const option = memoryOffsite(here, { clockMs: () => ticks++ });
  return {
    option,
    here,
    addMoment: async (nodes, { second, group = "mx1/all" }) => {
      const point: RecoveryPoint = {
        id: `moment ${second}`,
        group,
        sequence: moments.length + 1,
        generation: "g1",
        atNs: BigInt(second) * 1_000_000_000n,
        consistency: "offline",
        paths: ["/mail"],
        hostname: "mx1",
        tags: [],
      };
      moments.push({ point, nodes });
      return point;
    },
    removeMoment: async ({ id }) => {
      moments.splice(
        moments.findIndex(({ point }) => point.id === id),
        1,
      );
    },
    loseFirstSite: async () => {
      isLost = true;
      return option.copy;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
});
