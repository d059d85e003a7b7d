import { inOrder, type RecoveryPoint } from "#copies";
import { memoryImage, type MemoryNodes } from "#image";
import { momentGoneHere, OffsiteError } from "../offsite-error.ts";
import type {
  MoveOptions,
  RecallList,
  RecallTape,
  TapeStep,
  TapeVault,
  TapeVaultCopy,
  TapeVaultReport,
  VaultTape,
} from "./tape-vault.ts";

export type MemoryTapeVaultOptions = {
  readonly name?: string;
  /** From the call until a tape of the vault is here. */
  readonly recallMs: number;
};

/** Tapes in memory, and what a test or a demonstration does to them. */
export type MemoryTapeVault = TapeVault & {
  /** Writes a moment to tapes, which are onsite where they are new. */
  put(
    point: RecoveryPoint,
    options: { readonly nodes: MemoryNodes; readonly barcodes: readonly string[] },
  ): void;
  /** Nothing keeps it any more. */
  expire(id: string): void;
  remove(id: string): void;
  /** The tape is gone from the library, and nobody noted it. */
  lose(barcode: string): void;
};

type Held = {
  readonly point: RecoveryPoint;
  readonly nodes: MemoryNodes;
  readonly barcodes: readonly string[];
};

/** Tapes in memory. For tests and demonstrations. */
export function memoryTapeVault(options: MemoryTapeVaultOptions): MemoryTapeVault {
  return new MemoryVault(options);
}

/** What may follow. Back to onsite is open to a tape that never left; a recalled one comes by a courier or is just there. */
const nextStates: Readonly<Record<TapeStep["state"], readonly TapeStep["state"][]>> = {
  onsite: ["ejected"],
  ejected: ["in-transit", "onsite"],
  "in-transit": ["vault", "onsite"],
  vault: ["recalled"],
  recalled: ["in-transit", "onsite"],
};

class MemoryVault implements MemoryTapeVault {
  readonly name: string;
  readonly copy: TapeVaultCopy;
  readonly #recallMs: number;
  readonly #held: Held[] = [];
  readonly #steps = new Map<string, TapeStep[]>();
  readonly #expired = new Set<string>();
  readonly #lost = new Set<string>();

  constructor({ name = "memory", recallMs }: MemoryTapeVaultOptions) {
    this.name = name;
    this.#recallMs = recallMs;
    this.copy = {
      name,
      method: "memory",
      reach: "shelf",
      moments: async (group, signal) => {
        signal?.throwIfAborted();
        const points = this.#held.map(({ point }) => point);
        return inOrder(points.filter((point) => group === undefined || point.group === group));
      },
      open: async ({ id }, signal) => {
        signal?.throwIfAborted();
        const held = this.#find(id);
        const away = held.barcodes.filter((barcode) => this.#tape(barcode).state !== "onsite");
        if (away.length > 0) throw notAtHand(id, away);
        return memoryImage(held.nodes, {});
      },
      pullList: async ({ id }, { nowNs, signal }) => {
        signal?.throwIfAborted();
        const tapes = this.#find(id).barcodes.map((barcode) => this.#recall(barcode, nowNs));
        return recallList(tapes);
      },
    };
  }

  put(
    point: RecoveryPoint,
    { nodes, barcodes }: { readonly nodes: MemoryNodes; readonly barcodes: readonly string[] },
  ): void {
    this.#held.push({ point, nodes, barcodes });
    for (const barcode of barcodes) this.#steps.set(barcode, this.#steps.get(barcode) ?? []);
  }

  expire(id: string): void {
    this.#expired.add(id);
  }

  remove(id: string): void {
    this.#held.splice(this.#held.indexOf(this.#find(id)), 1);
  }

  lose(barcode: string): void {
    this.#lost.add(barcode);
  }

  async report({ signal }: Parameters<TapeVault["report"]>[0]): Promise<TapeVaultReport> {
    signal?.throwIfAborted();
    const tapes = [...this.#steps.keys()].map((barcode) => this.#tape(barcode));
    const missing = tapes.filter(({ state }) => state === "missing");
    return {
      tapes,
      expired: new Set(this.#expired),
      dueBack: tapes.flatMap(({ barcode, state, step, sets }) =>
        state === "vault" && step !== undefined && sets.every((id) => this.#expired.has(id))
          ? [{ barcode, state, dueSinceNs: step.atNs, why: "Everything on it has expired." }]
          : [],
      ),
      problems: missing.map(({ barcode }) => `Nobody noted where tape ${barcode} is.`),
    };
  }

  async move({ barcode, signal, ...step }: MoveOptions): Promise<void> {
    signal?.throwIfAborted();
    const steps = this.#steps.get(barcode) ?? [];
    const before = steps.at(-1)?.state ?? "onsite";
    if (!nextStates[before].includes(step.state)) {
      throw new OffsiteError(
        "offsite.tape-step",
        `Cannot note that tape ${barcode} is ${step.state}: it is ${before}, and then comes ${nextStates[before].join(" or ")}`,
        { hint: "Note the steps that were left out, in their order." },
      );
    }
    this.#steps.set(barcode, [...steps, step]);
  }

  #tape(barcode: string): VaultTape {
    const step = this.#steps.get(barcode)?.at(-1);
    const sets = this.#held.filter((held) => held.barcodes.includes(barcode));
    const state = this.#lost.has(barcode) ? "missing" : (step?.state ?? "onsite");
    return {
      barcode,
      state,
      ...(step === undefined ? {} : { step }),
      sets: sets.map(({ point }) => point.id),
    };
  }

  #recall(barcode: string, nowNs: bigint): RecallTape {
    const { state, step } = this.#tape(barcode);
    const where = step?.where ?? "";
    const since = step === undefined ? {} : { sinceNs: step.atNs };
    const elapsedMs = step === undefined ? 0 : Math.max(0, Number(nowNs - step.atNs) / 1e6);
    switch (state) {
      case "onsite":
        return { barcode, state, where, atHandInMs: 0 };
      case "missing":
        return { barcode, state, where, ...since };
      case "ejected":
        return { barcode, state, where, ...since, atHandInMs: 0 };
      case "recalled":
        return {
          barcode,
          state,
          where,
          ...since,
          atHandInMs: Math.max(0, this.#recallMs - elapsedMs),
        };
      case "in-transit":
      case "vault":
        return { barcode, state, where, ...since, atHandInMs: this.#recallMs };
    }
  }

  #find(id: string): Held {
    const held = this.#held.find(({ point }) => point.id === id);
    if (held === undefined) throw momentGoneHere(id, this.name);
    return held;
  }
}

function recallList(tapes: readonly RecallTape[]): RecallList {
  const known = tapes.flatMap(({ atHandInMs }) => atHandInMs ?? []);
  return known.length === tapes.length ? { tapes, atHandInMs: Math.max(0, ...known) } : { tapes };
}

function notAtHand(id: string, away: readonly string[]): OffsiteError {
  return new OffsiteError(
    "offsite.tape-not-recalled",
    `Cannot open moment ${id.slice(0, 8)}: it needs tape ${away.join(", ")}, not in the library`,
    { hint: "Fetch what the pull list names and put it in." },
  );
}
