import type { RawPath } from "#image";
import { BurstWindow } from "./burst-window.ts";

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
