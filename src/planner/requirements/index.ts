/** requirements: what the planner is told: the file, a classification of data, answers of an interview. */
export {
  type BusinessRequirements,
  type Choice,
  type Equipment,
  equipmentNames,
  type Objectives,
  type Outages,
  type Requirements,
  type RiskTolerance,
  riskTolerances,
  type Tier,
} from "./requirements.ts";
export {
  parseRequirements,
  type ParsedRequirements,
  type ParseRequirementsOptions,
} from "./parse-requirements.ts";
export { type RequirementCode } from "./requirement-finding.ts";
export { requirementsJsonSchema } from "./requirements-schema.ts";
export { type RequirementsAnswers, writeRequirements } from "./write-requirements.ts";
export { formatSpan, parseSpan } from "./spans.ts";
export {
  parseClassification,
  type ParseClassificationOptions,
  type ParsedClassification,
} from "./parse-classification.ts";
export type { Classification, ClassifiedLine } from "./classified-lines.ts";
export { standardTiers } from "./standard-tiers.ts";
export { businessOfTier, findTier, type TierFacts, unknownTier } from "./tier.ts";
