import type { Config } from "./config.ts";
import { matchesMailbox } from "./mailbox-pattern.ts";

/** Server × line of business: the unit of snapshot lineage, retention, key and erasure. */
export type ProtectionGroup = {
  /** "server/line"; neither part contains a slash. */
  readonly name: string;
  readonly server: string;
  readonly line: string;
  readonly tier: string;
  /** Patterns of its line. A mailbox belongs here only if no earlier line takes it: ask `groupOfMailbox`. */
  readonly mailboxPatterns: readonly string[];
};

/** All groups: servers in the file's order, and for each the lines of business in theirs. */
export function protectionGroups(config: Config): readonly ProtectionGroup[] {
  return config.servers.flatMap((server) =>
    config.linesOfBusiness.map((line) => ({
      name: `${server.name}/${line.name}`,
      server: server.name,
      line: line.name,
      tier: line.tier,
      mailboxPatterns: line.mailboxes,
    })),
  );
}

/** The group of a mailbox, by the first line that matches; undefined when it is not protected. */
export function groupOfMailbox(
  config: Config,
  where: { readonly server: string; readonly mailbox: string },
): ProtectionGroup | undefined {
  return protectionGroups(config).find(
    (group) =>
      group.server === where.server &&
      group.mailboxPatterns.some((pattern) => matchesMailbox(pattern, where.mailbox)),
  );
}
