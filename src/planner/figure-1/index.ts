/** Figure 1 as data: its boxes, what may feed what, and on which server, each with its section. */
export {
  dataSources,
  type DataSourceId,
  disasterOptions,
  type DisasterOptionId,
  type EvidenceGrade,
  evidenceGrades,
  granularities,
  type Granularity,
  type Loss,
  lossNames,
  losses,
  mailServers,
  type MailServerId,
  operationalMethods,
  type OperationalMethodId,
} from "./names.ts";
export { type Edge, sourceEdge } from "./source-edges.ts";
export { disasterEdge } from "./disaster-edges.ts";
export { disasterTraits, operationalTraits, sourceImpact, type Traits } from "./traits.ts";
export {
  applicability,
  mirrorApplicability,
  readableByReaders,
  transactionLogs,
} from "./applicability.ts";
export { methodApplicability } from "./applicability-methods.ts";
export { type MethodCaveat, methodCaveats, methodCaveatsOn } from "./method-caveats.ts";
export { applicabilityMarkdown } from "./applicability-page.ts";
export {
  type Applicability,
  type Evidence,
  type Reader,
  type ReaderApplicability,
  type TransactionLogs,
  type Verdict,
} from "./applicability-verdict.ts";
