import type {
  DataSourceId,
  DisasterOptionId,
  Granularity,
  MailServerId,
  OperationalMethodId,
} from "../figure-1/index.ts";
import type { Parameters } from "../parameters.ts";

/** Equipment that some options need; what the site has costs nothing more. */
export const equipmentNames = [
  "tape drive",
  "disk for copies",
  "snapshots",
  "storage array",
  "second site",
  "second array",
  "cluster",
  "object storage",
] as const;
export type Equipment = (typeof equipmentNames)[number];

/** Low judges by the worst case and wants several images of each layer; high by the middle of a range. */
export const riskTolerances = ["low", "medium", "high"] as const;
export type RiskTolerance = (typeof riskTolerances)[number];

/** What one layer of protection must do (paper §1.4.1). */
export type Objectives = {
  /** RPO, ms. 0 is "zero data loss". */
  readonly loseAtMostMs: number;
  /** RTO, ms. */
  readonly backWithinMs: number;
  /** How far back a moment must be recoverable, ms (§1.4.2). */
  readonly reachBackMs: number;
};

/** A tier of service that lines of business choose from (paper §1.2). */
export type Tier = {
  readonly name: string;
  /** One sentence, in the words of whoever chooses it. */
  readonly promise: string;
  readonly operational: Objectives;
  /** Undefined: the loss of the site is accepted in this tier. */
  readonly disaster?: Objectives;
  readonly risk: RiskTolerance;
};

export type BusinessRequirements = {
  readonly name: string;
  /** The tier that it chose. Objectives of its own, where it states some, hold in place of the tier's. */
  readonly tier?: string;
  /** Patterns of addresses, as in the configuration. */
  readonly mailboxes: readonly string[];
  /** Share of the site's mail that is theirs. */
  readonly mailShare: number;
  readonly operational: Objectives;
  /** Undefined: the site's loss is accepted. Said so, never by default. */
  readonly disaster?: Objectives;
  /** The finest that must come back by itself (§1.4.3). */
  readonly granularity: Granularity;
  readonly risk: RiskTolerance;
  /** Whether destroyed volumes must be back by the operational objectives or by the disaster ones. */
  readonly hardwareFailure: "operational" | "disaster";
  /** Money an hour without mail costs: payroll × share of productivity lost (§1.4.4). */
  readonly downtimePerHour: number;
  /** Most that protection may cost in a year; undefined plans by value (§1.4.4). */
  readonly budgetPerYear?: number;
};

export type Outages = {
  /** Expected events a year, of the whole server or of one mailbox (user errors). */
  readonly userErrors: number;
  readonly corruptions: number;
  readonly lateAttacks: number;
  readonly hardwareFailures: number;
  readonly siteLosses: number;
};

/** Everything the planner is told. */
export type Requirements = {
  readonly currency: string;
  readonly timeZone: string;
  readonly server: {
    readonly name: string;
    readonly kind: MailServerId;
    /** The store's folder, for the configuration that is written; absolute. */
    readonly path: string;
    /** Hours a day in which the server may be stopped (§2.1); 0: never. */
    readonly mayStopHours: number;
    /** Whether it can bear work on its own disks while it serves (§2.1). */
    readonly bearsLoad: boolean;
    /** Whether database and logs lie on separate volumes (§3.3.4). */
    readonly logsApart: boolean;
  };
  readonly copyPath: string;
  readonly parameters: Parameters;
  readonly has: readonly Equipment[];
  /** What may be bought; undefined: anything. */
  readonly mayBuy?: readonly Equipment[];
  /** Only these options are considered, where given. */
  readonly only: Choice;
  /** These are not. */
  readonly not: Choice;
  /** The catalogue in force: the standard tiers and those of the file. */
  readonly tiers: readonly Tier[];
  readonly linesOfBusiness: readonly BusinessRequirements[];
  readonly outages: Outages;
  /** Yearly licences by option, in the currency (§4.1: software licensing costs). */
  readonly licences: Readonly<Partial<Record<OperationalMethodId | DisasterOptionId, number>>>;
  /** What replicas earn a year when they serve other purposes too (§1.4.4). */
  readonly repurposing: readonly { readonly name: string; readonly valuePerYear: number }[];
  /** What protects the mail now: a combination's id, as reports show it. */
  readonly inPlace?: string;
};

export type Choice = {
  readonly sources?: readonly DataSourceId[];
  readonly operational?: readonly OperationalMethodId[];
  readonly disaster?: readonly DisasterOptionId[];
};
