import type { DataSourceId, EvidenceGrade, MailServerId } from "./names.ts";

export const verdicts = ["works", "works with caveat", "no"] as const;
export type Verdict = (typeof verdicts)[number];

/** Where a statement is known from, and how sure it is. */
export type Evidence = {
  /** The paper's section, the document, or the path of a test here. */
  readonly source: string;
  readonly grade: EvidenceGrade;
};

/** Whether an option of Figure 1 works with a mail server. */
export type Applicability = Evidence & {
  readonly verdict: Verdict;
  /** One or two sentences. */
  readonly reason: string;
  /** What to mind; there where the verdict is "works with caveat", and nowhere else. */
  readonly caveats?: readonly string[];
};

/** Whether the server itself keeps a redo log that a restored store can be rolled forward with. */
export type TransactionLogs = Evidence & {
  readonly has: boolean;
  readonly reason: string;
  /** What plays the log back into a restored store; what stands in for it where there is none. */
  readonly playback: string;
  readonly caveats?: readonly string[];
};

/** Who reads messages out of an image of the store without the server (paper §1.4.3). */
export const readers = ["here", "planned here", "third party", "not needed"] as const;
export type Reader = (typeof readers)[number];

export type ReaderApplicability = Evidence & {
  readonly reader: Reader;
  readonly reason: string;
};

/** Everything that is said of one mail server. */
export type ServerApplicability = {
  readonly sources: Readonly<Record<DataSourceId, Applicability>>;
  /** The two disaster recovery options that ask something of the server itself. */
  readonly mirrors: Readonly<Record<"mirror-application" | "mirror-failover", Applicability>>;
  readonly logs: TransactionLogs;
  readonly reader: ReaderApplicability;
};

/** The servers of one family. */
export type FamilyApplicability<Id extends MailServerId> = Readonly<
  Record<Id, ServerApplicability>
>;

export function works(reason: string, { source, grade }: Evidence): Applicability {
  return { verdict: "works", reason, source, grade };
}

export function worksWithCaveat(
  reason: string,
  { source, grade, caveats }: Evidence & { readonly caveats: readonly string[] },
): Applicability {
  return { verdict: "works with caveat", reason, caveats, source, grade };
}

export function doesNotWork(reason: string, { source, grade }: Evidence): Applicability {
  return { verdict: "no", reason, source, grade };
}

/** Known from a document alone. */
export function documented(source: string): Evidence {
  return { source, grade: "D" };
}

/** Tried with the real server by hand, where no test repeats it yet. */
export function triedByUs(what: string): Evidence {
  return { source: `${what}: tried by us, no test here yet`, grade: "A" };
}
