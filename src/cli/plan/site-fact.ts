/** Something that was found by looking, and how. */
export type Fact<Value> = {
  readonly value: Value;
  /** A few words without a full stop, safe for a terminal: "found in /srv/mail: 40 mailboxes, 12.3 GB". */
  readonly basis: string;
  /** False where a limit was reached, something could not be looked at, or it is only probable. */
  readonly complete: boolean;
};

export function fact<Value>(value: Value, basis: string, complete: boolean = true): Fact<Value> {
  return { value, basis, complete };
}
