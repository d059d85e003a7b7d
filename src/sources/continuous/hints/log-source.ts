import type { ChangeHint } from "./change-hints.ts";

/** What a server writes down of its changes, as hints. */
export interface LogSource extends Disposable {
  /** For people: `Dovecot's log "/var/log/dovecot.log"`. */
  readonly title: string;
  /** What it cannot tell now, one sentence without its end; undefined where it can tell all that it should. */
  readonly trouble: string | undefined;
  /** What was written since the last time. */
  poll(): LogHints;
}

export type LogHints = {
  readonly hints: readonly ChangeHint[];
  /** One sentence where something may have been lost. */
  readonly lost?: string;
  readonly hasMore: boolean;
};
