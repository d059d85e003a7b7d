import type {
  DataSourceId,
  DisasterOptionId,
  Granularity,
  MailServerId,
  OperationalMethodId,
} from "../figure-1/index.ts";
import type { ParameterName } from "../parameters.ts";
import type { Equipment, Outages, RiskTolerance } from "./requirements.ts";

/** The requirements file as it is written. Scalars are what people write with a unit, checked by the schema. */
export type WrittenRequirements = {
  readonly version: 1;
  readonly currency?: string | undefined;
  readonly time_zone?: string | undefined;
  readonly server: WrittenServer;
  readonly site?: WrittenSite | undefined;
  readonly consider?:
    | { readonly only?: WrittenChoice | undefined; readonly not?: WrittenChoice | undefined }
    | undefined;
  readonly outages?: Readonly<Partial<Record<WrittenOutage, Scalar | undefined>>> | undefined;
  readonly licences?:
    | Readonly<Partial<Record<OperationalMethodId | DisasterOptionId, Scalar | undefined>>>
    | undefined;
  readonly repurposing?: Readonly<Record<string, Scalar>> | undefined;
  readonly in_place?: string | undefined;
  readonly tiers?: Readonly<Record<string, WrittenTier>> | undefined;
  readonly lines_of_business: Readonly<Record<string, WrittenLine>>;
};

export type Scalar = string | number;

export type WrittenServer = {
  readonly name?: string | undefined;
  readonly kind: MailServerId;
  readonly path?: string | undefined;
  readonly mail: Scalar;
  readonly mailboxes?: Scalar | undefined;
  readonly new_per_day?: Scalar | undefined;
  readonly hosts?: Scalar | undefined;
  readonly may_stop?: Scalar | undefined;
  readonly bears_load?: boolean | undefined;
  readonly logs_apart?: boolean | undefined;
};

export type WrittenSite = {
  readonly has?: readonly Equipment[] | undefined;
  readonly may_buy?: readonly Equipment[] | undefined;
  readonly copy_path?: string | undefined;
  readonly assumptions?: Readonly<Partial<Record<ParameterName, Scalar | undefined>>> | undefined;
};

export type WrittenChoice = {
  readonly sources?: readonly DataSourceId[] | undefined;
  readonly operational?: readonly OperationalMethodId[] | undefined;
  readonly disaster?: readonly DisasterOptionId[] | undefined;
};

export type WrittenObjectives = {
  readonly lose_at_most: Scalar;
  readonly back_within: Scalar;
  readonly reach_back: Scalar;
};

export type WrittenTier = {
  readonly promise?: string | undefined;
  readonly risk?: RiskTolerance | undefined;
  readonly operational: WrittenObjectives;
  readonly disaster: WrittenObjectives | "accepted";
};

export type WrittenLine = {
  readonly mailboxes: readonly string[];
  readonly tier?: string | undefined;
  readonly mail_share?: Scalar | undefined;
  readonly mail?: Scalar | undefined;
  readonly payroll?: Scalar | undefined;
  readonly productivity_lost_without_mail?: Scalar | undefined;
  readonly risk?: RiskTolerance | undefined;
  readonly granularity?: Granularity | undefined;
  readonly hardware_failure?: "operational" | "disaster" | undefined;
  /** Left out where the tier's hold: check-tiers.ts. */
  readonly operational?: WrittenObjectives | undefined;
  readonly disaster?: WrittenObjectives | "accepted" | undefined;
  readonly budget?: Scalar | undefined;
};

export type WrittenOutage =
  | "user_errors"
  | "corruptions"
  | "late_attacks"
  | "hardware_failures"
  | "site_losses";

/** Names of outages in the file, and of what they are inside. */
export const writtenOutages: Readonly<Record<WrittenOutage, keyof Outages>> = {
  user_errors: "userErrors",
  corruptions: "corruptions",
  late_attacks: "lateAttacks",
  hardware_failures: "hardwareFailures",
  site_losses: "siteLosses",
};
export const outageNames: readonly WrittenOutage[] = Object.keys(writtenOutages) as WrittenOutage[];

export type ServerParameterKey = "mail" | "mailboxes" | "new_per_day" | "hosts";

/** What `server` says of parameters, under the names of its own keys. */
export const serverParameters: Readonly<Record<ServerParameterKey, ParameterName>> = {
  mail: "mail",
  mailboxes: "mailboxes",
  new_per_day: "logs_per_day",
  hosts: "hosts",
};
export const serverParameterKeys: readonly ServerParameterKey[] = Object.keys(
  serverParameters,
) as ServerParameterKey[];
