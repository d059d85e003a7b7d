/** Moving backup tapes offsite (paper §2.2.1) behind the port of disaster recovery. */
import type { Copy, RecoveryPoint } from "#copies";
import { isRecoveryError, type RecoveryError } from "#errors";
import { momentGoneHere, OffsiteError } from "../offsite-error.ts";
import type {
  OffsiteOption,
  RefusedPoint,
  SendOptions,
  SendResult,
  SentPoint,
} from "../offsite-option.ts";
import type { ShipPolicy } from "./ship-rule.ts";
import { duePoints, type ShipState, shipState, tapesToSend } from "./ship-state.ts";
import { shippedTapesCopy, shipTapesName } from "./shipped-tapes-copy.ts";
import type { TapeStep, TapeVault, VaultTape } from "./tape-vault.ts";
import { type SurveyedMoment, surveyVault, type TapeLoss, tapeLoss } from "./vault-survey.ts";

export type ShipTapesOptions = {
  readonly vault: TapeVault;
  /** What the vault is called. */
  readonly name: string;
  readonly policyOf: (group: string) => ShipPolicy;
  readonly handover: Handover;
  readonly now: () => bigint;
  /** Milliseconds that only go up. */
  readonly clockMs: () => number;
};

/** What is noted when tapes are put out and handed over. */
export type Handover = {
  /** Who puts them out. */
  readonly who: string;
  /** Where they lie then. */
  readonly shelf: string;
  /** Who carries them. */
  readonly courier: string;
};

/** A step that was noted. */
export type ShippedStep = TapeStep & { readonly barcode: string };

export type ShipResult = SendResult & {
  /** In their order, of all tapes. */
  readonly steps: readonly ShippedStep[];
};

export interface ShipTapes extends OffsiteOption {
  /**
   * Ejects the tapes of these moments and hands them over. Sent is not there yet: that is what `state` says once
   * somebody has noted the arrival. A tape carries all that is on it.
   */
  send(points: readonly RecoveryPoint[], options?: SendOptions): Promise<ShipResult>;
  /** The same with all that is due. */
  sendDue(options?: SendOptions): Promise<ShipResult>;
  state(signal?: AbortSignal): Promise<ShipState>;
  /** What would be lost with these tapes. */
  lossOf(barcodes: readonly string[], signal?: AbortSignal): Promise<TapeLoss>;
}

export function shipTapes(options: ShipTapesOptions): ShipTapes {
  return new TapeShipping(options);
}

class TapeShipping implements ShipTapes {
  readonly name = shipTapesName;
  readonly section = "2.2.1";
  readonly copy: Copy;
  readonly #options: ShipTapesOptions;
  readonly #leaving = new Set<RecoveryPoint>();

  constructor(options: ShipTapesOptions) {
    const { vault, name, now } = options;
    this.#options = options;
    this.copy = shippedTapesCopy(vault, { name, now });
  }

  async state(signal?: AbortSignal): Promise<ShipState> {
    const { policyOf } = this.#options;
    const survey = await this.#survey(signal);
    return shipState(survey, { policyOf, leaving: [...this.#leaving] });
  }

  async lossOf(barcodes: readonly string[], signal?: AbortSignal): Promise<TapeLoss> {
    return tapeLoss(await this.#survey(signal), barcodes);
  }

  async send(points: readonly RecoveryPoint[], options: SendOptions = {}): Promise<ShipResult> {
    options.signal?.throwIfAborted();
    for (const point of points) this.#leaving.add(point);
    try {
      const { moments } = await this.#survey(options.signal);
      const run = new SendRun({ ...this.#options, ...options, moments });
      return await run.send(points);
    } finally {
      for (const point of points) this.#leaving.delete(point);
    }
  }

  async sendDue(options: SendOptions = {}): Promise<ShipResult> {
    const due = duePoints(await this.#survey(options.signal), this.#options.policyOf);
    return await this.send(
      due.map(({ point }) => point),
      options,
    );
  }

  async #survey(signal: AbortSignal | undefined): ReturnType<typeof surveyVault> {
    const { vault, now } = this.#options;
    return await surveyVault(vault, { nowNs: now(), signal });
  }
}

type SendRunOptions = ShipTapesOptions &
  SendOptions & { readonly moments: readonly SurveyedMoment[] };

class SendRun {
  readonly #options: SendRunOptions;
  readonly #steps: ShippedStep[] = [];
  /** Tapes of this run: handed over, or why not. */
  readonly #outcomes = new Map<string, RecoveryError | "handed-over">();

  constructor(options: SendRunOptions) {
    this.#options = options;
  }

  async send(points: readonly RecoveryPoint[]): Promise<ShipResult> {
    const { moments, signal, onProgress, clockMs } = this.#options;
    const startedMs = clockMs();
    const sent: SentPoint[] = [];
    const skipped: SentPoint[] = [];
    const refused: RefusedPoint[] = [];
    let bytes = 0;
    for (const [momentsDone, point] of points.entries()) {
      signal?.throwIfAborted();
      const progress = { momentsDone, momentsTotal: points.length, bytesTotal: 0 };
      onProgress?.({ phase: "hand over", ...progress, bytesDone: bytes });
      const moment = moments.find(({ point: { id } }) => id === point.id);
      const outcome = await this.#sendMoment(point, moment);
      if (outcome === "sent") {
        sent.push({ here: point, there: point });
        bytes += point.sizeBytes ?? 0;
      } else if (outcome === "skipped") skipped.push({ here: point, there: point });
      else refused.push({ point, error: outcome, losses: [], lossCount: 0 });
    }
    return {
      sent,
      skipped,
      refused,
      bytes: { read: bytes, added: bytes, stored: bytes, verified: 0 },
      phases: [{ name: "hand over", elapsedMs: clockMs() - startedMs }],
      verified: "each tape is noted as handed over; it was read back when it was written",
      steps: this.#steps,
    };
  }

  /** "skipped": nothing of it waits here. */
  async #sendMoment(
    { id }: RecoveryPoint,
    moment: SurveyedMoment | undefined,
  ): Promise<"sent" | "skipped" | RecoveryError> {
    if (moment === undefined) return momentGoneHere(id, this.#options.vault.name);
    const missing = moment.tapes.filter(({ state }) => state === "missing");
    if (missing.length > 0) return tapeMissing(moment.point, missing);
    const tapes = tapesToSend(moment);
    if (tapes.length === 0) return "skipped";
    for (const tape of tapes) {
      const outcome = this.#outcomes.get(tape.barcode) ?? (await this.#handOver(tape));
      this.#outcomes.set(tape.barcode, outcome);
      if (outcome !== "handed-over") return outcome;
    }
    return "sent";
  }

  /** Interrupted between the two steps, the next run goes on with the second. */
  async #handOver({ barcode, state }: VaultTape): Promise<RecoveryError | "handed-over"> {
    const { who, shelf, courier } = this.#options.handover;
    try {
      if (state !== "ejected") await this.#note(barcode, { state: "ejected", who, where: shelf });
      const where = `on the way to ${this.#options.name}`;
      await this.#note(barcode, { state: "in-transit", who: courier, where });
      return "handed-over";
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      if (!isRecoveryError(error)) throw error;
      return error;
    }
  }

  async #note(barcode: string, step: Omit<TapeStep, "atNs">): Promise<void> {
    const { vault, now, signal } = this.#options;
    const noted = { ...step, barcode, atNs: now() };
    await vault.move({ ...noted, signal });
    this.#steps.push(noted);
  }
}

function tapeMissing({ id }: RecoveryPoint, missing: readonly VaultTape[]): OffsiteError {
  const names = missing.map(({ barcode }) => barcode).join(", ");
  return new OffsiteError(
    "offsite.tape-missing",
    `Cannot send moment ${id.slice(0, 8)}: nobody knows where tape ${names} is`,
    { hint: "Look for it: put it back into the library, or note its steps if it was taken away." },
  );
}
