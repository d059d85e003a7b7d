/**
 * policy: what the configuration file says, as pure functions: which mail is protected how well, what
 * may expire, and what a target typed by a person means.
 *
 * The file is YAML; every problem in it is reported with line, column and suggestion, and other files that
 * people write are read the same way (readCheckedYaml). Protection group = server × line of business. Retention rules are plain English; a rule keeps, and what no rule keeps may
 * be dropped, unless the alarm has stopped expiry. Nothing here reads files or clocks.
 */
export {
  findCopy,
  findServer,
  findTier,
  type AlarmConfig,
  type AlsoProtect,
  type ConfiguredPlaces,
  type ConfiguredVolume,
  type Config,
  type CopyConfig,
  type CopyKind,
  type CopyLayer,
  type CopyLocation,
  type DataSource,
  type DisasterConfig,
  type DisasterMethod,
  type Downtime,
  type HotSplitConfig,
  kindOfMethod,
  type LineOfBusiness,
  type OperationalConfig,
  type MailboxList,
  type DeliveryStageConfig,
  type HintsConfig,
  journalFailurePolicies,
  type JournalFailurePolicy,
  type OperationalMethod,
  protectedWords,
  type ProtectedWord,
  type ReplicasConfig,
  type RepositoryConfig,
  type ImapConfig,
  type SecretReference,
  type ServerConfig,
  type ServerType,
  type SnapshotWay,
  type SplitValidator,
  type SshLocation,
  type TapeLibraryConfig,
  type TierConfig,
  type TimedCommandLine,
} from "./config.ts";
export {
  parseConfig,
  requireConfig,
  type ParseConfigOptions,
  type ParsedConfig,
} from "./parse-config.ts";
export { copyLocationText, sshDestination } from "./copy-url.ts";
export { tapeKeepOf, type TapeKeep } from "./tape-retention.ts";
export { formatProblem, type Problem, type ProblemCode } from "./problem.ts";
export { configJsonSchema } from "./config-schema.ts";
export { type ImapPlace, isImapUrl, parseImapUrl } from "./imap-url.ts";
export {
  type AddFinding,
  type CheckedYaml,
  type CheckedYamlOptions,
  readCheckedYaml,
} from "./checked-yaml.ts";
export {
  absolutePathText,
  checkedScalar,
  checkedText,
  isName,
  isServerName,
  isWithin,
  mailboxPatternText,
  nameText,
  payrollScalar,
  productivityLostScalar,
  tidyPath,
  timeZoneText,
} from "./checked-values.ts";
export { checkLinesOfBusiness } from "./line-of-business-findings.ts";
export type { Finding } from "./finding.ts";
export type { JsonSchema } from "./known-keys.ts";
export { type Money, moneyFinding, type MoneyForm, parseMoney } from "./money.ts";
export { formatShare, parseShare, shareFinding } from "./share.ts";
export { type FileVocabulary, valueIn } from "./schema-problems.ts";
export type { Position, YamlDocument, YamlPath } from "./yaml-document.ts";
export { yamlScalar } from "./yaml-scalar.ts";
export { type FoundServer, generateConfig, type GenerateConfigOptions } from "./generate-config.ts";
export { groupOfMailbox, protectionGroups, type ProtectionGroup } from "./protection-group.ts";
export { matchesMailbox, patternProblem } from "./mailbox-pattern.ts";
export {
  parseRetention,
  parseRetentionRule,
  type RetentionRule,
  type RetentionSpan,
} from "./retention-rule.ts";
export { type AlarmRule, parseAlarmRule } from "./alarm-rule.ts";
export { everyChangeSince } from "./every-change.ts";
export { heldBy, type RetentionHold } from "./hold.ts";
export { planExpiry, type ExpiryDecision, type ExpiryOptions, type ExpiryPoint } from "./expiry.ts";
export {
  momentsToRelease,
  releasedTag,
  shrinkAlarm,
  type ShrinkAlarm,
  type ShrinkAlarmOptions,
  type ShrinkPoint,
} from "./shrink-alarm.ts";
export { parseTarget, targetIncludes, type ParseTargetOptions, type Target } from "./target.ts";
export { PolicyError, type PolicyErrorCode } from "./policy-error.ts";
