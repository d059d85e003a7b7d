import { yamlScalar } from "#policy";
import { formatDuration } from "#time";
import { disasterOptions, type MailServerId } from "../figure-1/index.ts";
import { type Kept, operationalRotation } from "../model/index.ts";
import { PlannerError } from "../planner-error.ts";
import type { Ranked } from "../ranking/index.ts";
import type { Requirements } from "../requirements/index.ts";
import type { LinePlan, Plan } from "./plan.ts";

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
  const written = new Map<string, Ranked>();
  const notInForce: { line: string; words: string }[] = [];
  const tiers = plan.lines.map((line) => {
    const one = writable(line);
    written.set(line.business.name, one);
    const missing = notHere(line, one);
    if (missing !== undefined) notInForce.push({ line: line.business.name, words: missing.words });
    return tierText(line, { one, missing: missing?.comment });
  });
  const isOffline = [...written.values()].some(
    ({ evaluation }) => evaluation.combination.source === "offline",
  );
  const text = `# yaml-language-server: $schema=./config.schema.json
#
# Written from a plan. Nothing runs by itself: call \`restante capture\` as often as each tier's lose_at_most says.
version: 1
time_zone: ${yamlScalar(requirements.timeZone)}

servers:
${serverText(requirements, isOffline)}
copies:
  here:
    layer: operational
    path: ${yamlScalar(requirements.copyPath)}
    key: credential:here # where the repository's password is read from; also file:/path or env:NAME

tiers:
${tiers.join("")}
lines_of_business: # the first that matches a mailbox takes it
${plan.lines.map(lineText).join("")}
prove_it:
  alarm_if: more than 20% disappears
`;
  return { text, notInForce, written };
}

/** What is asked for where it runs here; else the cheapest that does; else what lacks only its disaster layer. */
function writable({ business, chosen, runsHere, ranking }: LinePlan): Ranked {
  const found =
    chosen?.missing.length === 0
      ? chosen
      : (runsHere ??
        [...(chosen === undefined ? [] : [chosen]), ...ranking.feasible].find(({ missing }) =>
          missing.every((part) => part === "disaster"),
        ));
  if (found !== undefined) return found;
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
  if (disaster !== undefined) {
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
  if (chosen !== undefined && chosen.evaluation.id !== one.evaluation.id)
    return {
      words: `${chosen.evaluation.id} is not in this version; ${one.evaluation.id} was written instead`,
    };
  return undefined;
}

type TierOptions = { readonly one: Ranked; readonly missing: readonly string[] | undefined };

function tierText({ business }: LinePlan, { one, missing = [] }: TierOptions): string {
  const { operational } = one.evaluation.combination;
  const rules = keepRules(operationalRotation(operational), operational.everyHours);
  return `  ${yamlScalar(business.name)}: # ${one.evaluation.id}
    operational:
      method: backup to disk
      copy: here
      lose_at_most: ${durationWords(operational.everyHours * 3_600_000)} # a capture at least so often
      back_within: ${durationWords(business.operational.backWithinMs)}
      keep: [${rules.join(", ")}]
${missing.map((line) => `    # ${line}\n`).join("")}`;
}

/** A rotation in the words of retention. What is kept at the captures' own pace is every change. */
export function keepRules(rotation: readonly Kept[], everyHours: number): readonly string[] {
  return rotation.map((kept) => {
    const span = spanWords(kept.untilHours);
    if (kept.everyHours <= everyHours) return `every change ${span}`;
    return `one per ${slotOf(kept.everyHours)} ${span}`;
  });
}

/** The coarsest slot of the calendar that is not coarser than asked. */
function slotOf(hours: number): string {
  if (hours >= 30 * 24) return "month";
  if (hours >= 168) return "week";
  if (hours >= 24) return "day";
  return hours >= 1 ? "hour" : "minute";
}

function spanWords(hours: number): string {
  if (hours === Infinity) return "forever";
  if (hours <= 48) return `for ${Math.ceil(hours)} hours`;
  // A slot of the calendar may be longer than thirty days: a day more keeps the promise.
  return `for ${Math.ceil(hours / 24) + 1} days`;
}

/** As the configuration reads it: "15 minutes", "1 hour 30 minutes". */
function durationWords(durationMs: number): string {
  const units = [
    ["day", 86_400_000],
    ["hour", 3_600_000],
    ["minute", 60_000],
    ["second", 1000],
  ] as const;
  let rest = Math.max(1000, Math.round(durationMs / 1000) * 1000);
  const words: string[] = [];
  for (const [unit, unitMs] of units) {
    const amount = Math.floor(rest / unitMs);
    rest -= amount * unitMs;
    if (amount > 0) words.push(`${amount} ${unit}${amount === 1 ? "" : "s"}`);
  }
  return words.join(" ");
}

function serverText({ server }: Requirements, isOffline: boolean): string {
  const offline = `    data_source: offline # stopped while it is captured
    # stop: [systemctl, stop, dovecot]
    # start: [systemctl, start, dovecot]
`;
  return `  ${yamlScalar(server.name)}:
    type: ${serverType(server.kind)}
    path: ${yamlScalar(server.path)}
${isOffline ? offline : "    data_source: live application # the server stays up\n"}`;
}

function serverType(kind: MailServerId): string {
  if (kind === "dovecot-maildir" || kind === "dovecot-dbox") return "dovecot";
  return kind === "maildir" || kind === "courier" ? "maildir" : "folder";
}

function lineText({ business }: LinePlan): string {
  const name = yamlScalar(business.name);
  const patterns = business.mailboxes.map((pattern) => JSON.stringify(pattern)).join(", ");
  return `  ${name}:\n    mailboxes: [${patterns}]\n    tier: ${name}\n`;
}
