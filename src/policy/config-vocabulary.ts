import { quoted } from "#errors";
import { configJsonSchema } from "./config-schema.ts";
import { mostSafeUses } from "./copy-schema.ts";
import type { Finding } from "./finding.ts";
import { isLaterValue, laterKey, placeOf } from "./later-words.ts";
import type { FileVocabulary } from "./schema-problems.ts";
import { mostRepeats } from "./server-schema.ts";
import { leastImages, mostImages } from "./tier-schema.ts";
import type { YamlPath } from "./yaml-document.ts";

/** What messages about a configuration say that its schema does not. */
export const configVocabulary: FileVocabulary = {
  jsonSchema: configJsonSchema,
  nameHint: (path) => {
    const allowed =
      path[0] === "servers"
        ? "letters, digits, dots, underscores and hyphens"
        : "letters, digits, spaces and . _ & + -";
    return `A name has ${allowed}, 63 at most.`;
  },
  secretHint: "Write key: credential:NAME, env:NAME or file:/path, and keep the secret there.",
  laterKey: (path) => laterKey(placeOf(path)),
  isLaterValue: (path, value) => isLaterValue(placeOf(path), value),
  kindFinding,
};

const durationKeys: ReadonlySet<string> = new Set([
  "lose_at_most",
  "back_within",
  "stop_time_limit",
  "quiesce_time_limit",
  "validate_time_limit",
  "every",
  "hold",
  "transit",
]);

const counts: ReadonlyMap<string, { readonly least: number; readonly most: number }> = new Map([
  ["images", { least: leastImages, most: mostImages }],
  ["repeat", { least: 1, most: mostRepeats }],
  ["safe_uses", { least: 1, most: mostSafeUses }],
]);

function kindFinding(path: YamlPath, value: unknown): Finding | undefined {
  const key = String(path.findLast((step) => typeof step === "string"));
  if (["stop", "start", "quiesce", "resume", "validate"].includes(key)) {
    const hint =
      key === "validate"
        ? 'Write dovecot, reader or none, or a program and its arguments: [/usr/bin/check, "{path}"].'
        : "Write [systemctl, stop, dovecot], or a line for the shell.";
    return { code: "config.command", message: `${quoted(key)} is not a command`, hint };
  }
  if (key === "helper")
    return {
      code: "config.command",
      message: `${quoted(key)} is not a command`,
      hint: "Write a program and its arguments: [sudo, -n, stdbuf, -oL, fsnotifywait].",
    };
  const count = counts.get(key);
  if (count !== undefined)
    return {
      code: "config.count",
      message: `${quoted(key)} must be a whole number from ${count.least} to ${count.most}`,
      hint: `Write it like ${key}: ${Math.max(count.least, 5)}.`,
    };
  if (typeof value !== "number") return undefined;
  if (key === "capacity")
    return {
      code: "config.size",
      message: `${quoted(key)} lacks a unit`,
      suggestion: `${value} GB`,
    };
  if (!durationKeys.has(key)) return undefined;
  if (value === 0 && (key === "hold" || key === "transit"))
    return { code: "config.duration", message: "0 lacks a unit", suggestion: "nothing" };
  return {
    code: "config.duration",
    message: `${quoted(key)} lacks a unit`,
    suggestion: `${value} seconds`,
  };
}
