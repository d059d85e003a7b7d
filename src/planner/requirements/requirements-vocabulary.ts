import { closestWord, quoted } from "#errors";
import type { FileVocabulary, Finding, YamlPath } from "#policy";
import { requirementsJsonSchema } from "./requirements-schema.ts";

/** What messages about a requirements file say that its schema does not. */
export const requirementsVocabulary: FileVocabulary = {
  jsonSchema: requirementsJsonSchema,
  nameHint: () => "A name has letters, digits, spaces and . _ & + -, 63 at most.",
  secretHint: "Take it out: a plan needs no secret.",
  missingHint,
  kindFinding,
};

const missingHints: ReadonlyMap<string, string> = new Map([
  ["version", "Write version: 1."],
  ["server", "It says at least which server it is and how much mail it holds: kind and mail."],
  ["kind", "Say which mail server it is, like kind: dovecot-maildir."],
  ["mail", "Say how much mail there is, like mail: 60 GB."],
  ["mailboxes", 'Say whose mail it is, like mailboxes: ["*@sales.example.org"].'],
  ["lines_of_business", "Say at least of one what it needs."],
  [
    "operational",
    "Write it like { lose_at_most: 15 minutes, back_within: 1 hour, reach_back: 14 days }.",
  ],
  [
    "disaster",
    "Say what must be reached when the site is lost, or that its loss is accepted: disaster: accepted.",
  ],
  ["lose_at_most", "Write it like lose_at_most: 15 minutes, or nothing."],
  ["back_within", "Write it like back_within: 1 hour."],
  ["reach_back", "Write it like reach_back: 14 days."],
]);

/** What to write where this key is missing. */
export function missingHint(path: YamlPath): string | undefined {
  return missingHints.get(String(path.at(-1)));
}

/** Words for true that YAML 1.2 takes for a text. */
const yes: ReadonlySet<string> = new Set(["yes", "on", "y"]);
const no: ReadonlySet<string> = new Set(["no", "off", "n"]);
const booleans: ReadonlySet<unknown> = new Set(["bears_load", "logs_apart"]);
const lists: ReadonlySet<unknown> = new Set([
  "has",
  "may_buy",
  "sources",
  "operational",
  "disaster",
]);

function kindFinding(path: YamlPath, value: unknown): Finding | undefined {
  if (typeof value !== "string") return undefined;
  const key = path.at(-1);
  const word = value.toLowerCase();
  if (booleans.has(key)) {
    const suggestion = yes.has(word) ? "true" : no.has(word) ? "false" : undefined;
    const message = `${quoted(String(key))} must be true or false, not ${quoted(value)}`;
    return { code: "config.type", message, suggestion };
  }
  if (isOfLineOrTier(path) && path.length === 3 && key === "disaster") {
    return {
      code: "config.unknown-value",
      message: `${quoted(value)} is neither objectives nor the word accepted`,
      suggestion: closestWord(value, ["accepted"]),
      hint: missingHint(path),
    };
  }
  if (lists.has(key) && !isOfLineOrTier(path)) {
    const message = `${quoted(String(key))} must be a list, not a text`;
    return { code: "config.type", message, hint: `Write it like [${value.slice(0, 40)}].` };
  }
  return undefined;
}

function isOfLineOrTier([first]: YamlPath): boolean {
  return first === "lines_of_business" || first === "tiers";
}
