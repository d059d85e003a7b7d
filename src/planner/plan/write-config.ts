import { yamlScalar } from "#policy";
import { formatDuration } from "#time";
import { type DataSourceId, disasterOptions, type MailServerId } from "../figure-1/index.ts";
import { PlannerError } from "../planner-error.ts";
import type { Ranked } from "../ranking/index.ts";
import type { Requirements } from "../requirements/index.ts";
import { chooseWritten } from "./choose-written.ts";
import type { LinePlan, Plan } from "./plan.ts";
import { type CopyName, copyNames, writeTier } from "./write-tier.ts";

export type WrittenPlan = {
  /** A configuration that `restante config validate` accepts. */
  readonly text: string;
  /** What was chosen and is not in the file, because this version does not do it. Empty: all is in force. */
  readonly notInForce: readonly { readonly line: string; readonly words: string }[];
  /** The combination that was written, by line of business. */
  readonly written: ReadonlyMap<string, Ranked>;
};

/**
 * The plan as a configuration file. A file must not promise protection that nobody gives: what this version
 * does not do stands in it as a comment, and in `notInForce`.
 */
export function writeConfiguration(plan: Plan): WrittenPlan {
  const { requirements } = plan;
  const { source, ones } = chooseWritten(plan);
  const written = new Map<string, Ranked>();
  const notInForce: { line: string; words: string }[] = [];
  const tiers = plan.lines.map((line, index) => {
    const one = ones[index] ?? refuse(line);
    written.set(line.business.name, one);
    const missing = notHere(line, one);
    if (missing !== undefined) notInForce.push({ line: line.business.name, words: missing.words });
    const { business } = line;
    return writeTier(one, { business, requirements, comment: missing?.comment ?? [] });
  });
  const copies = copyNames.filter((name) => tiers.some((tier) => tier.copies.includes(name)));
  const text = `# yaml-language-server: $schema=./config.schema.json
#
# Written from a plan. ${runWords(written)}
version: 1
time_zone: ${yamlScalar(requirements.timeZone)}

servers:
${serverText(requirements, source)}${stageText(requirements, written)}
copies:
${copies.map((name) => copyText(name, requirements)).join("")}
tiers:
${tiers.map((tier) => tier.text).join("")}
lines_of_business: # the first that matches a mailbox takes it
${plan.lines.map(lineText).join("")}
prove_it:
  alarm_if: more than 20% disappears
`;
  return { text, notInForce, written };
}

function isContinuous(one: Ranked): boolean {
  return one.evaluation.combination.operational.method === "journal";
}

function runWords(written: ReadonlyMap<string, Ranked>): string {
  const all = [...written.values()];
  const capture =
    "Nothing runs by itself: call `restante capture` as often as each tier's lose_at_most says.";
  if (!all.some(isContinuous)) return capture;
  const follow = "Continuous data protection is what `restante daemon --config FILE` does.";
  return all.every(isContinuous) ? follow : `${follow}\n# ${capture}`;
}

/** A comment: whether the MTA can be pointed at another address, only a person knows. */
function stageText({ server }: Requirements, written: ReadonlyMap<string, Ranked>): string {
  const socket = lmtpSocketOf(server.kind);
  if (socket === undefined || ![...written.values()].some(isContinuous)) return "";
  return `    # delivery_stage: {listen: 127.0.0.1:2424, server: "unix:${socket}"} # no new mail is lost: docs/operations/lmtp-stage.md
`;
}

/** As Debian has it. */
function lmtpSocketOf(kind: MailServerId): string | undefined {
  switch (kind) {
    case "dovecot-maildir":
    case "dovecot-dbox":
      return "/run/dovecot/lmtp";
    case "cyrus":
      return "/run/cyrus/socket/lmtp";
    default:
      return undefined;
  }
}

function refuse({ business, chosen }: LinePlan): never {
  throw new PlannerError(
    "planner.nothing-feasible",
    `Cannot write a configuration for "${business.name}": ${chosen === undefined ? "no combination meets its requirements" : "this version of Restante runs no combination that meets its requirements"}`,
    { hint: "See `restante plan`: it says what would have to change." },
  );
}

/** What of the plan the file does not put in force. */
function notHere(
  { chosen }: LinePlan,
  one: Ranked,
): { readonly words: string; readonly comment?: readonly string[] } | undefined {
  const { disaster } = one.evaluation.combination;
  if (disaster !== undefined && one.missing.includes("disaster")) {
    const { name, section } = disasterOptions[disaster.option];
    return {
      words: `${name} (§${section}) is not in this version: nothing written here recovers from the loss of the site`,
      comment: [
        "Not in this version yet, so not in force: nothing here recovers from the loss of the site.",
        "disaster:",
        `  method: ${name} (§${section})`,
        `  every ${disaster.everyHours === 0 ? "change" : formatDuration(disaster.everyHours * 3_600_000)}`,
      ],
    };
  }
  if (chosen === undefined || chosen.evaluation.id === one.evaluation.id) return undefined;
  const why =
    chosen.missing.length > 0
      ? "is not in this version"
      : "does not go into one file with the others: a server has one data source, and tapes are not thinned out";
  return { words: `${chosen.evaluation.id} ${why}; ${one.evaluation.id} was written instead` };
}

function serverText({ server }: Requirements, source: DataSourceId): string {
  return `  ${yamlScalar(server.name)}:
    type: ${serverType(server.kind)}
    path: ${yamlScalar(server.path)}
${sourceText(source, server.kind)}`;
}

function sourceText(source: DataSourceId, kind: MailServerId): string {
  switch (source) {
    case "offline":
      return `    data_source: offline # stopped while it is captured
    stop: [systemctl, stop, ${serviceOf(kind)}] # check the name of the service
    start: [systemctl, start, ${serviceOf(kind)}]
`;
    case "hot-split":
      return `    data_source: hot split snapshot # frozen, and validated before it is used
    validate: ${validatorOf(kind)}
`;
    default:
      return "    data_source: live application # the server stays up\n";
  }
}

/** As Debian calls it; what delivers into plain files is the mail transfer agent. */
function serviceOf(kind: MailServerId): string {
  switch (kind) {
    case "dovecot-maildir":
    case "dovecot-dbox":
      return "dovecot";
    case "cyrus":
      return "cyrus-imapd";
    case "courier":
      return "courier-imap";
    default:
      return "postfix";
  }
}

/** Of other servers nobody says here whether what was frozen is usable. */
function validatorOf(kind: MailServerId): string {
  switch (kind) {
    case "dovecot-maildir":
    case "dovecot-dbox":
      return "dovecot";
    case "cyrus":
      return "cyrus";
    case "maildir":
    case "courier":
    case "mbox":
      return "reader";
    default:
      return "none # this version has no utility of this server that says whether a split is usable";
  }
}

function serverType(kind: MailServerId): string {
  switch (kind) {
    case "dovecot-maildir":
    case "dovecot-dbox":
      return "dovecot";
    case "maildir":
    case "courier":
    case "cyrus":
    case "mbox":
      return kind;
    default:
      return "folder";
  }
}

/** Folders beside the one that was asked for. Where the second site is, only a person knows. */
function copyText(name: CopyName, { copyPath, server }: Requirements): string {
  const beside = (path: string, what: string): string =>
    yamlScalar(`${path.replace(/\/+$/, "")}-${what}`);
  switch (name) {
    case "here":
      return `  here:
    layer: operational
    path: ${yamlScalar(copyPath)}
    key: credential:here # where the repository's password is read from; also file:/path or env:NAME
`;
    case "clones":
      return `  clones:
    layer: operational
    kind: replicas
    path: ${beside(copyPath, "clones")} # on other disks than the store
`;
    case "deltas":
      return `  deltas:
    layer: operational
    kind: replicas
    path: ${beside(server.path, "deltas")} # on the store's own filesystem, whose blocks they share
`;
    case "tapes":
      return `  tapes:
    layer: operational
    kind: tape library
    path: ${beside(copyPath, "tapes")}
`;
    case "vault":
      return `  vault:
    layer: disaster
    url: ssh://restante@vault.example.net/srv/recovery # put the second site's host and folder here
    key: credential:vault
`;
    case "tape vault":
      return `  tape vault:
    layer: disaster
    kind: tape library
    path: ${beside(copyPath, "vault")} # where tapes lie that have left
`;
  }
}

function lineText({ business }: LinePlan): string {
  const name = yamlScalar(business.name);
  const patterns = business.mailboxes.map((pattern) => JSON.stringify(pattern)).join(", ");
  return `  ${name}:\n    mailboxes: [${patterns}]\n    tier: ${name}\n`;
}
