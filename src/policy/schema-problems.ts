import { closestWord, quoted } from "#errors";
import type { z } from "zod";
import type { ConfigDocument, ConfigPath } from "./config-document.ts";
import { configJsonSchema } from "./config-schema.ts";
import type { Finding } from "./finding.ts";
import { isLaterValue, laterKey, placeOf } from "./later-words.ts";
import type { Problem } from "./problem.ts";

type Issue = z.core.$ZodIssue;
type Placed = { readonly fileName: string; readonly document: ConfigDocument };

/** What zod found, in our words, with line, column and suggestion. */
export function schemaProblems(issues: readonly Issue[], placed: Placed): Problem[] {
  return issues.flatMap((issue) => problemsOf(issue, placed));
}

export function placedProblem(
  finding: Finding & { readonly severity?: Problem["severity"] },
  options: Placed & { readonly path: ConfigPath; readonly part?: "key" | "value" },
): Problem {
  const { document, path, part = "value" } = options;
  const { suggestion, hint, severity = "error", code, message } = finding;
  return {
    severity,
    code,
    message,
    file: options.fileName,
    ...(part === "key" ? document.keyAt(path) : document.valueAt(path)),
    ...(suggestion === undefined ? {} : { suggestion }),
    ...(hint === undefined ? {} : { hint }),
  };
}

function problemsOf(issue: Issue, placed: Placed): Problem[] {
  const path = issue.path.filter((step) => typeof step !== "symbol");
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey([...path, key], placed));
    case "invalid_key":
      return [placedProblem(nameFinding(path), { ...placed, path, part: "key" })];
    case "custom": {
      const finding = issue.params?.["finding"] as Finding | undefined;
      return [
        placedProblem(finding ?? { code: "config.type", message: issue.message }, {
          ...placed,
          path,
        }),
      ];
    }
    default:
      return wrongValue(issue, { ...placed, path });
  }
}

function nameFinding(path: ConfigPath): Finding {
  const allowed =
    path[0] === "servers"
      ? "letters, digits, dots, underscores and hyphens"
      : "letters, digits, spaces and . _ & + -";
  return {
    code: "config.name",
    message: `${quoted(String(path.at(-1)))} cannot be a name`,
    hint: `A name has ${allowed}, 63 at most.`,
  };
}

function unknownKey(path: ConfigPath, placed: Placed): Problem {
  const key = String(path.at(-1));
  const later = laterKey(placeOf(path));
  if (later !== undefined) {
    const message = `${quoted(key)} is not available in this version`;
    const hint =
      later.severity === "warning"
        ? "It does nothing yet."
        : "Take it out; nothing would come of it.";
    return placedProblem(
      { ...later, code: "config.not-available", message, hint },
      { ...placed, path, part: "key" },
    );
  }
  if (/passw|passphrase|secret|token|^pass$/i.test(key)) {
    const message = `${quoted(key)}: a secret must not stand in the configuration`;
    const hint = "Write key: credential:NAME, env:NAME or file:/path, and keep the secret there.";
    return placedProblem(
      { code: "config.inline-secret", message, hint },
      { ...placed, path, part: "key" },
    );
  }
  const known = knownKeys(path.slice(0, -1));
  const hint = known.length === 0 ? undefined : `Known here: ${known.join(", ")}.`;
  const finding: Finding = {
    code: "config.unknown-key",
    message: `${quoted(key)} is not a key I know`,
    suggestion: closestWord(key, known),
    hint,
  };
  return placedProblem(finding, { ...placed, path, part: "key" });
}

function wrongValue(issue: Issue, options: Placed & { readonly path: ConfigPath }): Problem[] {
  const { path, document } = options;
  const value = valueIn(document.value, path);
  const key = String(path.findLast((step) => typeof step === "string") ?? "the file");
  if (value === undefined) {
    // Without its later words the map might be whole: one complaint is enough.
    if (hasLaterKey(path.slice(0, -1), document)) return [];
    return [
      placedProblem(
        { code: "config.missing", message: `${quoted(key)} is missing` },
        { ...options, part: "key" },
      ),
    ];
  }
  if (value === null)
    return [placedProblem({ code: "config.missing", message: `${quoted(key)} is empty` }, options)];
  if (issue.code === "invalid_value")
    return [unknownValue(value, issue.values, { ...options, key })];
  if (key === "stop" || key === "start") {
    const hint = "Write [systemctl, stop, dovecot], or a line for the shell.";
    return [
      placedProblem(
        { code: "config.command", message: `${quoted(key)} is not a command`, hint },
        options,
      ),
    ];
  }
  const subject =
    typeof path.at(-1) === "number"
      ? `an entry of ${quoted(key)}`
      : path.length === 0
        ? "the file"
        : quoted(key);
  return [placedProblem(typeFinding(issue, { key, subject, value }), options)];
}

function typeFinding(
  issue: Issue,
  found: { readonly key: string; readonly subject: string; readonly value: unknown },
): Finding {
  const { key, subject, value } = found;
  const code = "config.type";
  if (issue.code === "too_small")
    return { code: "config.missing", message: `${quoted(key)} is empty` };
  if (issue.code === "too_big") return { code, message: `${quoted(key)} has too many entries` };
  const expected =
    issue.code === "invalid_type"
      ? (kinds.get(issue.expected) ?? issue.expected)
      : "something else";
  const isDuration = typeof value === "number" && durationKeys.has(key);
  if (isDuration)
    return {
      code: "config.duration",
      message: `${quoted(key)} lacks a unit`,
      suggestion: `${value} seconds`,
    };
  return { code, message: `${subject} must be ${expected}, not ${kindOf(value)}` };
}

const durationKeys: ReadonlySet<string> = new Set([
  "lose_at_most",
  "back_within",
  "stop_time_limit",
]);
const kinds: ReadonlyMap<string, string> = new Map([
  ["string", "a text"],
  ["array", "a list"],
  ["object", "a map"],
  ["record", "a map"],
]);

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  return typeof value === "string" ? "a text" : `a ${typeof value}`;
}

function unknownValue(
  value: unknown,
  allowed: readonly unknown[],
  options: Placed & { readonly path: ConfigPath; readonly key: string },
): Problem {
  const isScalar =
    typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  const text = isScalar ? quoted(String(value)) : kindOf(value);
  const hint = `${quoted(options.key)} is one of: ${allowed.map(String).join(", ")}.`;
  if (typeof value === "string" && isLaterValue(placeOf(options.path), value)) {
    return placedProblem(
      { code: "config.not-available", message: `${text} is not available in this version`, hint },
      options,
    );
  }
  const suggestion =
    typeof value === "string" ? closestWord(value, allowed.map(String)) : undefined;
  return placedProblem(
    {
      code: "config.unknown-value",
      message: `${text} is not a ${words(options.key)} I know`,
      suggestion,
      hint,
    },
    options,
  );
}

function words(key: string): string {
  return key.replaceAll("_", " ");
}

function hasLaterKey(path: ConfigPath, document: ConfigDocument): boolean {
  return document
    .keysOf(path)
    .some((key) => laterKey(placeOf([...path, key]))?.severity === "error");
}

/** The value at a path; own properties only. */
export function valueIn(value: unknown, path: ConfigPath): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, step))
      return undefined;
    found = (found as Record<string | number, unknown>)[step];
  }
  return found;
}

type SchemaNode = {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
};

function knownKeys(path: ConfigPath): readonly string[] {
  let node: SchemaNode | undefined = configJsonSchema();
  for (const step of path) {
    const more: SchemaNode | boolean | undefined = node?.additionalProperties;
    node = node?.properties?.[step] ?? (typeof more === "object" ? more : undefined);
  }
  return Object.keys(node?.properties ?? {});
}
