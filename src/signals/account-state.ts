import type { RawPath } from "#image";
import { type At, BurstWindow } from "./burst-window.ts";

/** Who hears of what happened to the messages of an account. */
export type AccountTeller = {
  /** So many more are there; below zero: fewer. */
  readonly count: (account: RawPath, change: number) => void;
  /** So many disappeared; below zero: what looked like it was made up for. */
  readonly lose: (account: RawPath, count: number, at: At) => void;
};

/** What is known of one account, an mbox, or the whole store. */
export class AccountState {
  readonly path: RawPath;
  readonly unit: "messages" | "KiB";
  /** How many there are now; KiB of an mbox. */
  count = 0;
  readonly losses: BurstWindow;
  readonly rewrites: BurstWindow;
  readonly scrambles: BurstWindow;
  /** Files of many messages that became noise: one is enough. */
  readonly containers: BurstWindow;

  constructor(
    path: RawPath,
    options: { readonly windowMs: number; readonly unit: "messages" | "KiB" },
  ) {
    this.path = path;
    this.unit = options.unit;
    this.losses = new BurstWindow(options.windowMs);
    this.rewrites = new BurstWindow(options.windowMs);
    this.scrambles = new BurstWindow(options.windowMs);
    this.containers = new BurstWindow(options.windowMs);
  }
}
