/** What tests of shipping share: tapes in memory, and a courier who is there as soon as he has left. */
import type { Copy, RecoveryPoint } from "#copies";
import type { MemoryNodes } from "#image";
import type { MadeOffsite } from "../offsite.contract.ts";
import { memoryTapeVault, type MemoryTapeVault } from "./memory-tape-vault.ts";
import type { ShipPolicy } from "./ship-rule.ts";
import { type ShipTapes, shipTapes } from "./ship-tapes.ts";
import { shippedTapesCopy } from "./shipped-tapes-copy.ts";
import type { MadeTapeVault } from "./tape-vault.contract.ts";

export const hourMs = 3_600_000;
export const dayMs: number = 24 * hourMs;
export const recallMs: number = 6 * hourMs;
/** The paper's example (§2.2.1). */
export const nightly: ShipPolicy = {
  intervalMs: dayMs,
  holdMs: dayMs,
  transitMs: 0,
  objectiveMs: 2 * dayMs,
};
export const handover: {
  readonly who: string;
  readonly shelf: string;
  readonly courier: string;
} = { who: "Ada", shelf: "tray 1", courier: "Bob" };

export type MemoryTapes = MadeTapeVault & { readonly vault: MemoryTapeVault };

export const nsAt = (second: number): bigint => BigInt(second) * 1_000_000_000n;

/** Each moment on a tape of its own: RST001, RST002 and so on. */
export function memoryTapes(): MemoryTapes {
  const vault = memoryTapeVault({ name: "tapes", recallMs });
  let count = 0;
  return {
    vault,
    nsAt,
    recallMs,
    addMoment: async (nodes, options) => {
      count++;
      const barcodes = [`RST${String(count).padStart(3, "0")}`];
      return putMoment(vault, { ...options, nodes, barcodes, sequence: count });
    },
    expire: async ({ id }) => vault.expire(id),
    remove: async ({ id }) => vault.remove(id),
    lose: async (barcode) => vault.lose(barcode),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

export function putMoment(
  vault: MemoryTapeVault,
  moment: {
    readonly barcodes: readonly string[];
    readonly second: number;
    readonly sequence?: number;
    readonly group?: string;
    readonly nodes?: MemoryNodes;
    readonly id?: string;
  },
): RecoveryPoint {
  const { second, sequence = second, group = "mx1/all", nodes = {}, barcodes } = moment;
  const point: RecoveryPoint = {
    id: moment.id ?? `${group} ${sequence}`,
    group,
    sequence,
    generation: "g1",
    atNs: nsAt(second),
    consistency: "offline",
    paths: ["/mail"],
    hostname: "mx1",
    tags: [],
    sizeBytes: 100,
  };
  vault.put(point, { nodes, barcodes });
  return point;
}

/** The contract of offsite options over shipped tapes: what is sent has arrived when `send` returns. */
export function shippedOffsite(
  made: MadeTapeVault,
  {
    now,
    recoverAt,
  }: {
    readonly now: () => bigint;
    /** The tapes of the vault in a library at another place. */
    readonly recoverAt: () => Promise<MadeTapeVault["vault"]>;
  },
): MadeOffsite {
  const { vault } = made;
  let ticks = 0;
  const name = "the vault";
  const clocks = { now, clockMs: () => ticks++ };
  const option = shipTapes({ vault, name, policyOf: () => nightly, handover, ...clocks });
  return {
    option: withQuickCourier(option, { vault, now }),
    here: vault.copy,
    addMoment: made.addMoment,
    removeMoment: made.remove,
    loseFirstSite: async (): Promise<Copy> =>
      shippedTapesCopy(await recoverAt(), { name, now, recoverySite: true }),
    [Symbol.asyncDispose]: async () => await made[Symbol.asyncDispose](),
  };
}

function withQuickCourier(
  option: ShipTapes,
  { vault, now }: { readonly vault: MadeTapeVault["vault"]; readonly now: () => bigint },
): ShipTapes {
  return {
    name: option.name,
    section: option.section,
    copy: option.copy,
    state: async (signal) => await option.state(signal),
    sendDue: async (options) => await option.sendDue(options),
    lossOf: async (barcodes, signal) => await option.lossOf(barcodes, signal),
    send: async (points, options) => {
      const result = await option.send(points, options);
      for (const { barcode, state } of result.steps)
        if (state === "in-transit")
          await vault.move({ barcode, state: "vault", atNs: now(), who: "Cy", where: "shelf 7" });
      return result;
    },
  };
}
