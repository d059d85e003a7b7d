import { closestWord, quoted } from "#errors";
import type { z } from "zod";
import type { Finding } from "./finding.ts";
import type { LaterWord } from "./later-words.ts";
import type { Problem } from "./problem.ts";
import { type JsonSchema, knownKeys } from "./known-keys.ts";
import type { YamlDocument, YamlPath } from "./yaml-document.ts";

/** What one kind of file says of its own keys and values, beyond its schema. */
export type FileVocabulary = {
  /** The same schema for editors; known keys are read from it. */
  readonly jsonSchema: () => JsonSchema;
  /** What may stand in a name, for a key that cannot be one. */
  readonly nameHint: (path: YamlPath) => string;
  /** Where secrets belong: a key that looks like one is refused with this. */
  readonly secretHint: string;
  /** What to write, where a key is missing. */
  readonly missingHint?: (path: YamlPath) => string | undefined;
  /** Words that are known and not there yet. */
  readonly laterKey?: (path: YamlPath) => LaterWord | undefined;
  readonly isLaterValue?: (path: YamlPath, value: string) => boolean;
  /** A better word on a value of the wrong kind than its type, where there is one. */
  readonly kindFinding?: (path: YamlPath, value: unknown) => Finding<string> | undefined;
};

type Issue = z.core.$ZodIssue;
type Placed = {
  readonly fileName: string;
  readonly document: YamlDocument;
  readonly vocabulary: FileVocabulary;
};
type Located = Placed & { readonly path: YamlPath };

/** What zod found, in our words, with line, column and suggestion. */
export function schemaProblems(issues: readonly Issue[], placed: Placed): Problem[] {
  return issues.flatMap((issue) => problemsOf(issue, placed));
}

export function placedProblem(
  finding: Finding<string>,
  options: Omit<Located, "vocabulary"> & { readonly part?: "key" | "value" },
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
      return issue.keys.map((key) => unknownKey({ ...placed, path: [...path, key] }));
    case "invalid_key":
      return [placedProblem(nameFinding({ ...placed, path }), { ...placed, path, part: "key" })];
    case "custom": {
      const finding = issue.params?.["finding"] as Finding<string> | undefined;
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

function nameFinding({ path, vocabulary }: Located): Finding {
  return {
    code: "config.name",
    message: `${quoted(String(path.at(-1)))} cannot be a name`,
    hint: vocabulary.nameHint(path),
  };
}

function unknownKey(located: Located): Problem {
  const { path, vocabulary } = located;
  const key = String(path.at(-1));
  return placedProblem(unknownKeyFinding(key, { path, vocabulary }), { ...located, part: "key" });
}

function unknownKeyFinding(
  key: string,
  { path, vocabulary }: Pick<Located, "path" | "vocabulary">,
): Finding {
  const later = vocabulary.laterKey?.(path);
  if (later !== undefined) {
    const message = `${quoted(key)} is not available in this version`;
    const hint =
      later.severity === "warning"
        ? "It does nothing yet."
        : "Take it out; nothing would come of it.";
    return { ...later, code: "config.not-available", message, hint };
  }
  if (/passw|passphrase|secret|token|^pass$/i.test(key)) {
    const message = `${quoted(key)}: a secret must not stand in this file`;
    return { code: "config.inline-secret", message, hint: vocabulary.secretHint };
  }
  const known = knownKeys(vocabulary.jsonSchema(), path.slice(0, -1));
  const hint = known.length === 0 ? undefined : `Known here: ${known.join(", ")}.`;
  return {
    code: "config.unknown-key",
    message: `${quoted(key)} is not a key I know`,
    suggestion: closestWord(key, known),
    hint,
  };
}

function wrongValue(issue: Issue, located: Located): Problem[] {
  const { path, document, vocabulary } = located;
  const value = valueIn(document.value, path);
  const key = String(path.findLast((step) => typeof step === "string") ?? "the file");
  const hint = vocabulary.missingHint?.(path);
  if (value === undefined) {
    // Without its later words the map might be whole: one complaint is enough.
    if (hasLaterKey(path.slice(0, -1), located)) return [];
    const missing = { code: "config.missing", message: `${quoted(key)} is missing`, hint };
    return [placedProblem(missing, { ...located, part: "key" })];
  }
  if (value === null) {
    const empty = { code: "config.missing", message: `${quoted(key)} is empty`, hint };
    return [placedProblem(empty, located)];
  }
  const finding = vocabulary.kindFinding?.(path, value);
  if (finding !== undefined) return [placedProblem(finding, located)];
  if (issue.code === "invalid_value")
    return [unknownValue(issue.values, { ...located, key, value })];
  if (issue.code === "invalid_union") return noneFits(issue.errors, { ...located, key, value });
  const expected = issue.code === "invalid_type" ? [issue.expected] : [];
  return [placedProblem(kindFinding(issue.code, { ...located, key, value, expected }), located)];
}

type Wrong = Located & { readonly key: string; readonly value: unknown };

/** Of several forms the one that was meant is the one whose kind fits; what is wrong with it is said. */
function noneFits(forms: readonly (readonly Issue[])[], wrong: Wrong): Problem[] {
  const atRoot = (issue: Issue): boolean => issue.path.length === 0;
  const meant = forms.find(
    (issues) =>
      !issues.some(
        (issue) =>
          atRoot(issue) && (issue.code === "invalid_type" || issue.code === "invalid_value"),
      ),
  );
  if (meant !== undefined) {
    const path = [...wrong.path];
    return schemaProblems(
      meant.map((issue) => ({ ...issue, path: [...path, ...issue.path] })),
      wrong,
    );
  }
  const issues = forms.flat().filter(atRoot);
  const values = issues.flatMap((issue) => (issue.code === "invalid_value" ? issue.values : []));
  if (typeof wrong.value === "string" && values.length > 0) return [unknownValue(values, wrong)];
  const expected = issues.flatMap((issue) =>
    issue.code === "invalid_type" ? [issue.expected] : [],
  );
  return [placedProblem(kindFinding("invalid_union", { ...wrong, expected }), wrong)];
}

function kindFinding(
  issueCode: Issue["code"],
  wrong: Wrong & { readonly expected: readonly string[] },
): Finding {
  const { key, path, value } = wrong;
  const code = "config.type";
  if (issueCode === "too_small")
    return { code: "config.missing", message: `${quoted(key)} is empty` };
  if (issueCode === "too_big") return { code, message: `${quoted(key)} has too many entries` };
  const expected = [...new Set(wrong.expected.map((kind) => kinds.get(kind) ?? kind))];
  const must = expected.length === 0 ? "something else" : expected.join(" or ");
  const subject =
    typeof path.at(-1) === "number"
      ? `an entry of ${quoted(key)}`
      : path.length === 0
        ? "the file"
        : quoted(key);
  return { code, message: `${subject} must be ${must}, not ${kindOf(value)}` };
}

const kinds: ReadonlyMap<string, string> = new Map([
  ["string", "a text"],
  ["number", "a number"],
  ["int", "a whole number"],
  ["boolean", "true or false"],
  ["array", "a list"],
  ["object", "a map"],
  ["record", "a map"],
]);

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  return typeof value === "string" ? "a text" : `a ${typeof value}`;
}

function unknownValue(allowed: readonly unknown[], wrong: Wrong): Problem {
  const { key, value, path, vocabulary } = wrong;
  const isScalar =
    typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  const text = isScalar ? quoted(String(value)) : kindOf(value);
  const hint = `${quoted(key)} is one of: ${allowed.map(String).join(", ")}.`;
  if (typeof value === "string" && vocabulary.isLaterValue?.(path, value) === true) {
    return placedProblem(
      { code: "config.not-available", message: `${text} is not available in this version`, hint },
      wrong,
    );
  }
  const suggestion =
    typeof value === "string" ? closestWord(value, allowed.map(String)) : undefined;
  return placedProblem(
    {
      code: "config.unknown-value",
      message: `${text} is not a ${words(key)} I know`,
      suggestion,
      hint,
    },
    wrong,
  );
}

function words(key: string): string {
  return key.replaceAll("_", " ");
}

function hasLaterKey(path: YamlPath, { document, vocabulary }: Located): boolean {
  return document
    .keysOf(path)
    .some((key) => vocabulary.laterKey?.([...path, key])?.severity === "error");
}

/** The value at a path; own properties only. */
export function valueIn(value: unknown, path: YamlPath): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, step))
      return undefined;
    found = (found as Record<string | number, unknown>)[step];
  }
  return found;
}
