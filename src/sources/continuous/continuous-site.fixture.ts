/** A Maildir store that is followed into a journal in memory, for tests; it can be left and followed again. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryJournal, type MemoryJournal } from "#journal";
import type { JournalEvent } from "#journal";
import { type CaptureEvent, captureContinuously, type ContinuousCapture } from "#sources";
import { makeChurnStore } from "../../image/maildir-churn.fixture.ts";
import type { ContinuousCaptureOptions } from "./capture-port.ts";
import type { ChangeHint, HintListener, HintLoss, OpenedHints } from "./hints/change-hints.ts";

export type SiteOptions = Partial<ContinuousCaptureOptions>;

export class ContinuousSite implements AsyncDisposable {
  readonly store: string;
  readonly stateFolder: string;
  readonly events: CaptureEvent[] = [];
  readonly #top: string;
  journal: MemoryJournal = memoryJournal();
  #capture: ContinuousCapture | undefined;

  private constructor() {
    this.#top = mkdtempSync(join(tmpdir(), "restante-continuous-"));
    chmodSync(this.#top, 0o755);
    this.store = join(this.#top, "mail");
    this.stateFolder = join(this.#top, "state");
    mkdirSync(this.store);
    makeChurnStore(this.store, 20);
  }

  static async open(options: SiteOptions = {}): Promise<ContinuousSite> {
    const site = new ContinuousSite();
    await site.follow(options);
    await site.capture.ready;
    return site;
  }

  get capture(): ContinuousCapture {
    if (this.#capture === undefined) throw new Error("nothing is followed");
    return this.#capture;
  }

  /** Starts, as a new process does: what the journal has is what was durable. */
  async follow(options: SiteOptions = {}): Promise<void> {
    this.journal = memoryJournal({ records: this.journal.records });
    this.#capture = await captureContinuously({
      group: "mail",
      folder: this.store as never,
      journal: this.journal,
      stateFolder: this.stateFolder,
      windowMs: 5,
      graceMs: 20,
      onEvent: (event) => this.events.push(event),
      ...options,
    });
  }

  /** Events of a type since a sequence. */
  recorded<Type extends JournalEvent["type"]>(
    type: Type,
    after = 0,
  ): readonly Extract<JournalEvent, { readonly type: Type }>[] {
    return this.journal.records
      .filter(({ sequence }) => sequence > after)
      .map(({ event }) => event)
      .filter(
        (event): event is Extract<JournalEvent, { readonly type: Type }> => event.type === type,
      );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#capture?.close().catch(() => undefined);
    rmSync(this.#top, { recursive: true, force: true });
  }
}

/** Hints that a test gives, or keeps back. */
export class ManualHints {
  #listener: HintListener | undefined;

  get opened(): OpenedHints {
    return {
      way: "fanotify",
      open: async ({ listener }) => {
        this.#listener = listener;
        return {
          way: "fanotify",
          settle: async () => undefined,
          watchFolder: () => undefined,
          forgetFolder: () => undefined,
          [Symbol.asyncDispose]: async () => undefined,
        };
      },
    };
  }

  tell(...hints: readonly ChangeHint[]): void {
    this.#listener?.onHints(hints);
  }

  lose(loss: HintLoss): void {
    this.#listener?.onLoss(loss);
  }
}
