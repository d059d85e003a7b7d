/** What somebody searches for: conditions that all must hold. */

/** Where words are looked for. `any`: everywhere, the text of messages included. */
export const wordFields = ["any", "subject", "from", "to", "cc", "filename", "body"] as const;
export type WordField = (typeof wordFields)[number];

/**
 * `missing`: it was there once, and no mailbox of its owner has it now. `present`: some has. The
 * others are flags, as they are now or were when the message was last there.
 */
export const states = [
  "missing",
  "present",
  "seen",
  "unseen",
  "flagged",
  "unflagged",
  "answered",
  "unanswered",
  "draft",
  "deleted",
] as const;
export type State = (typeof states)[number];

export type Condition =
  | {
      readonly kind: "words";
      readonly field: WordField;
      /** One word, or several that follow one another. */
      readonly text: string;
      /** Whether the last word goes on. */
      readonly isPrefix: boolean;
    }
  /** Nanoseconds since 1970 UTC; `after` includes its instant, `before` does not. */
  | { readonly kind: "after" | "before"; readonly atNs: bigint }
  /** A mailbox by its name, with what lies below it. */
  | { readonly kind: "in"; readonly mailbox: string }
  | { readonly kind: "is"; readonly state: State }
  | { readonly kind: "keyword"; readonly keyword: string }
  | { readonly kind: "has-attachment" }
  | { readonly kind: "larger" | "smaller"; readonly sizeBytes: number };

export type Query = {
  readonly conditions: readonly (Condition & { readonly isNot: boolean })[];
};
