import assert from "node:assert/strict";
import { type DisasterMethod, type OperationalMethod, yamlScalar } from "#policy";
import type { DisasterOptionId, OperationalMethodId } from "../figure-1/index.ts";
import {
  type DisasterChoice,
  disasterRotation,
  type OperationalChoice,
  operationalRotation,
} from "../model/index.ts";
import { middle, type Quantity } from "../quantity.ts";
import type { Ranked } from "../ranking/index.ts";
import type { BusinessRequirements, Requirements } from "../requirements/index.ts";
import { asWritten } from "./choose-written.ts";
import { methodIds, optionIds } from "./config-ways.ts";
import { durationOrNothing, durationWords, keepRules } from "./config-words.ts";

const hourMs = 3_600_000;

/** Copies that a written file can have, in their order. */
export const copyNames = ["here", "clones", "deltas", "tapes", "vault", "tape vault"] as const;
export type CopyName = (typeof copyNames)[number];

export type WrittenTierText = { readonly text: string; readonly copies: readonly CopyName[] };

type TierOptions = {
  readonly business: BusinessRequirements;
  readonly requirements: Requirements;
  /** Lines that stand behind it as a comment. */
  readonly comment: readonly string[];
};

/** One tier of the file: a combination that this version runs, as far as it does. */
export function writeTier(
  one: Ranked,
  { business, requirements, comment }: TierOptions,
): WrittenTierText {
  const { operational, disaster } = asWritten(one.evaluation.combination);
  const method = wordOf(methodIds, operational.method) as OperationalMethod;
  const copy = copyOf[method];
  const isRotation = method === "rotation of clones" || method === "rotation of delta snapshots";
  const far = one.missing.includes("disaster") ? undefined : disaster;
  const lines = [
    `  ${yamlScalar(business.name)}: # ${one.evaluation.id}`,
    "    operational:",
    `      method: ${method}`,
    `      copy: ${copy}`,
    ...(operational.method === "journal"
      ? continuousLines(one, far)
      : [
          `      lose_at_most: ${durationWords(operational.everyHours * hourMs)} # a capture at least so often`,
        ]),
    `      back_within: ${durationWords(business.operational.backWithinMs)}`,
    `      ${isRotation ? imagesText(operational) : keepText(operational)}`,
    ...(far === undefined ? [] : disasterLines(far, { business, requirements, from: copy })),
    ...comment.map((line) => `    # ${line}`),
  ];
  const copies = far === undefined ? [copy] : [copy, vaultOf[optionWord(far)]];
  return { text: lines.map((line) => `${line}\n`).join(""), copies };
}

/**
 * What is promised is the delay of noticing that the plan counts with. The bases are the coarser moments
 * of its rotation, and what is sent offsite.
 */
function continuousLines(
  { evaluation }: Ranked,
  far: DisasterChoice | undefined,
): readonly string[] {
  const lostMs = evaluation.operational.rpo.logsLost.high * hourMs;
  return [
    `      lose_at_most: ${durationWords(Math.ceil(lostMs / 1000) * 1000)} # a change is in the journal within that`,
    "      every: 1 hour # a base: kept longer than every change is, and what is sent offsite",
    ...(far?.option === "protected-cdp"
      ? [
          "      journal: # path: /srv/journal puts it on another disk; without that it is in the state folder",
          "        mirror: ssh://restante@vault.example.net/srv/journals # as it grows: put the second site's host and folder here",
        ]
      : [
          "      # journal: {path: /srv/journal} # best on another disk; without it in the state folder",
        ]),
  ];
}

const copyOf: Readonly<Record<OperationalMethod, CopyName>> = {
  "continuous data protection": "here",
  "backup to disk": "here",
  "rotation of clones": "clones",
  "rotation of delta snapshots": "deltas",
  "backup to tape": "tapes",
};
const vaultOf: Readonly<Record<DisasterMethod, CopyName>> = {
  "duplicate backup copies offsite": "vault",
  "move backup tapes offsite": "tape vault",
};

function optionWord({ option }: DisasterChoice): DisasterMethod {
  // A replay begins with a base: those are duplicated beside the mirror.
  if (option === "protected-cdp") return "duplicate backup copies offsite";
  return wordOf(optionIds, option) as DisasterMethod;
}

/** The configuration's word of a box; only what this version runs is written, and all of that has one. */
function wordOf(
  ids: Readonly<Record<string, OperationalMethodId | DisasterOptionId>>,
  id: OperationalMethodId | DisasterOptionId,
): string {
  const word = Object.keys(ids).find((key) => ids[key] === id);
  assert.ok(word !== undefined, `the configuration has no word for ${id}`);
  return word;
}

/** As many as lie within the reach: one less would promise less. */
function imagesText({ reachHours, everyHours }: OperationalChoice): string {
  return `images: ${Math.max(2, Math.ceil(reachHours / everyHours - 1e-9))}`;
}

function keepText(choice: OperationalChoice): string {
  return `keep: [${keepRules(operationalRotation(choice), choice.everyHours).join(", ")}]`;
}

function disasterLines(
  choice: DisasterChoice,
  options: Omit<TierOptions, "comment"> & { readonly from: CopyName },
): readonly string[] {
  const { business, requirements, from } = options;
  const method = optionWord(choice);
  const { hold, transit } = requirements.parameters;
  const planned = (quantity: Quantity): string =>
    durationOrNothing((business.risk === "high" ? middle(quantity) : quantity.high) * hourMs);
  const { disaster } = business;
  const isMirrored = choice.option === "protected-cdp";
  return [
    "    disaster:",
    `      method: ${method}`,
    `      copy: ${vaultOf[method]}`,
    `      from: ${from}`,
    ...(disaster === undefined
      ? []
      : [
          // A promise of the duplicates alone, which would be late where the mirror is not.
          isMirrored
            ? `      # what may be lost is how far the mirror is behind: \`restante status\``
            : `      lose_at_most: ${durationWords(disaster.loseAtMostMs)}`,
          `      back_within: ${durationWords(disaster.backWithinMs)}`,
        ]),
    isMirrored
      ? "      every: 1 hour # each base"
      : `      every: ${durationWords(choice.everyHours * hourMs)}`,
    ...(method === "move backup tapes offsite"
      ? [`      hold: ${planned(hold)}`, `      transit: ${planned(transit)}`]
      : []),
    `      keep: [${keepRules(disasterRotation(choice), choice.everyHours).join(", ")}]`,
  ];
}
