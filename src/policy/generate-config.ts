import type { ServerType } from "./config.ts";
import { yamlScalar } from "./yaml-scalar.ts";

export type GenerateConfigOptions = {
  /** Default: "mail". */
  readonly serverName?: string;
  readonly type?: ServerType;
  /** Absolute folder of the mail store. */
  readonly path: string;
  /** Absolute folder for the repository. Default: /srv/recovery. */
  readonly copyPath?: string;
  /** Where the repository's password is read from. Default: file:/etc/restante/repository.key. */
  readonly key?: string;
  /** Default: UTC. */
  readonly timeZone?: string;
};

/** A configuration to begin with, for `restante config generate`: it parses without problems. */
export function generateConfig(options: GenerateConfigOptions): string {
  const {
    serverName = "mail",
    type = "maildir",
    path,
    copyPath = "/srv/recovery",
    key = "file:/etc/restante/repository.key",
    timeZone = "UTC",
  } = options;
  return `# yaml-language-server: $schema=./config.schema.json
version: 1
time_zone: ${yamlScalar(timeZone)}

# The mail servers to protect.
servers:
  ${yamlScalar(serverName)}:
    type: ${type}
    path: ${yamlScalar(path)}
    data_source: live application

# Where copies are kept: best on another disk. Secrets stay outside this file.
copies:
  here:
    layer: operational
    path: ${yamlScalar(copyPath)}
    key: ${yamlScalar(key)}

# How well mail is protected.
tiers:
  standard:
    operational:
      method: backup to disk
      copy: here
      lose_at_most: 1 hour
      back_within: 1 hour
      keep:
        - every change for 48 hours
        - one per hour for 14 days
        - one per day for 3 months
        - one per month for 1 year

# Which mailboxes get which tier. The first line that matches wins.
lines_of_business:
  everyone:
    mailboxes: ["*"]
    tier: standard

prove_it:
  alarm_if: more than 20% disappears
`;
}
