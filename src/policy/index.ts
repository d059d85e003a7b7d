/**
 * policy: what the configuration file says, as pure functions: which mail is protected how well, what
 * may expire, and what a target typed by a person means.
 *
 * The file is YAML; every problem in it is reported with line, column and suggestion. Protection group =
 * server × line of business. Retention rules are plain English; a rule keeps, and what no rule keeps may
 * be dropped, unless the alarm has stopped expiry. Nothing here reads files or clocks.
 */
export {
  findCopy,
  findServer,
  findTier,
  type AlarmConfig,
  type Config,
  type CopyConfig,
  type CopyLayer,
  type DataSource,
  type LineOfBusiness,
  type OperationalConfig,
  type OperationalMethod,
  type SecretReference,
  type ServerConfig,
  type ServerType,
  type TierConfig,
} from "./config.ts";
export {
  parseConfig,
  requireConfig,
  type ParseConfigOptions,
  type ParsedConfig,
} from "./parse-config.ts";
export { formatProblem, type Problem, type ProblemCode } from "./problem.ts";
export { configJsonSchema } from "./config-schema.ts";
export { generateConfig, type GenerateConfigOptions } from "./generate-config.ts";
export { groupOfMailbox, protectionGroups, type ProtectionGroup } from "./protection-group.ts";
export { matchesMailbox } from "./mailbox-pattern.ts";
export {
  parseRetention,
  parseRetentionRule,
  type RetentionRule,
  type RetentionSpan,
} from "./retention-rule.ts";
export { planExpiry, type ExpiryDecision, type ExpiryOptions, type ExpiryPoint } from "./expiry.ts";
export {
  releasedTag,
  shrinkAlarm,
  type ShrinkAlarm,
  type ShrinkAlarmOptions,
  type ShrinkPoint,
} from "./shrink-alarm.ts";
export { parseTarget, targetIncludes, type ParseTargetOptions, type Target } from "./target.ts";
export { PolicyError, type PolicyErrorCode } from "./policy-error.ts";
