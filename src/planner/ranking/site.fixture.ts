/** A site for tests: everything that is not said is today's assumption. */
import type { ParameterName, Parameters } from "../parameters.ts";
import { todaysParameters } from "../parameters.ts";
import { exactly, type Interval } from "../quantity.ts";
import {
  type BusinessRequirements,
  type Objectives,
  type Requirements,
  standardTiers,
} from "../requirements/index.ts";

const hourMs = 3_600_000;
const GB = 1024 ** 3;

export function objectives(
  loseAtMostHours: number,
  backWithinHours: number,
  reachBackHours: number,
): Objectives {
  return {
    loseAtMostMs: loseAtMostHours * hourMs,
    backWithinMs: backWithinHours * hourMs,
    reachBackMs: reachBackHours * hourMs,
  };
}

export function businessWith(changes: Partial<BusinessRequirements> = {}): BusinessRequirements {
  return {
    name: "everyone",
    mailboxes: ["*"],
    mailShare: 1,
    operational: objectives(24, 8, 14 * 24),
    disaster: objectives(48, 72, 30 * 24),
    granularity: "message",
    risk: "medium",
    hardwareFailure: "operational",
    downtimePerHour: 1000,
    ...changes,
  };
}

export function accepted(business: BusinessRequirements): BusinessRequirements {
  const { disaster: _, ...rest } = business;
  return rest;
}

export function parametersWith(
  changes: Readonly<Partial<Record<ParameterName, number | Interval>>>,
): Parameters {
  const parameters = { ...todaysParameters() };
  for (const [name, value] of Object.entries(changes) as [ParameterName, number | Interval][]) {
    const interval = typeof value === "number" ? exactly(value) : value;
    parameters[name] = { ...parameters[name], ...interval, origin: "stated" };
  }
  return parameters;
}

type SiteChanges = Partial<Omit<Requirements, "parameters" | "server">> & {
  readonly parameters?: Readonly<Partial<Record<ParameterName, number | Interval>>>;
  readonly server?: Partial<Requirements["server"]>;
};

export function siteWith({
  parameters = {},
  server = {},
  ...changes
}: SiteChanges = {}): Requirements {
  return {
    currency: "EUR",
    timeZone: "UTC",
    server: {
      name: "mail",
      kind: "dovecot-maildir",
      path: "/srv/mail",
      mayStopHours: 0,
      bearsLoad: true,
      logsApart: false,
      ...server,
    },
    copyPath: "/srv/recovery",
    parameters: parametersWith({
      mail: 60 * GB,
      logs_per_day: 0.3 * GB,
      mailboxes: 40,
      ...parameters,
    }),
    has: [],
    only: {},
    not: {},
    tiers: standardTiers,
    linesOfBusiness: [],
    outages: {
      userErrors: 24,
      corruptions: 0.2,
      lateAttacks: 0.1,
      hardwareFailures: 0.1,
      siteLosses: 0.02,
    },
    licences: {},
    repurposing: [],
    ...changes,
  };
}
