import type { z } from "zod";
import type { Finding } from "./finding.ts";
import type { JsonSchema } from "./known-keys.ts";
import type { Problem } from "./problem.ts";
import { type FileVocabulary, placedProblem, schemaProblems, valueIn } from "./schema-problems.ts";
import { readYamlDocument, type YamlDocument, type YamlPath } from "./yaml-document.ts";

/** Reports a finding at a value, or at its key. */
export type AddFinding = (path: YamlPath, finding: Finding<string>, part?: "key" | "value") => void;

export type CheckedYamlOptions<Value> = {
  /** For messages. */
  readonly fileName: string;
  /** Default: 1 MiB. */
  readonly limitBytes?: number;
  readonly schema: z.ZodType<Value>;
  readonly vocabulary: FileVocabulary;
  /** What to begin with, for a file that is empty. */
  readonly emptyHint: string;
  /** Checks across values: they see the data as written, whatever else is wrong with it. */
  readonly check: (document: YamlDocument, add: AddFinding) => void;
};

export type CheckedYaml<Value> = {
  /** Present unless a problem is an error. */
  readonly value?: Value;
  /** Where everything stands. */
  readonly document: YamlDocument;
  /** All of them, in the file's order. */
  readonly problems: readonly Problem[];
};

const defaultLimitBytes = 1024 * 1024;

/**
 * Reads a file that people write, and says of everything that is wrong with it where it stands and what
 * was probably meant. Never throws for what is in the text.
 */
export function readCheckedYaml<Value>(
  text: string,
  options: CheckedYamlOptions<Value>,
): CheckedYaml<Value> {
  const { fileName, limitBytes = defaultLimitBytes, schema } = options;
  const document = readYamlDocument(text, { fileName, limitBytes });
  // Made at most once: a hostile file may have a hundred thousand unknown keys.
  let jsonSchema: JsonSchema | undefined;
  const vocabulary: FileVocabulary = {
    ...options.vocabulary,
    jsonSchema: () => (jsonSchema ??= options.vocabulary.jsonSchema()),
  };
  const placed = { document, fileName, vocabulary };
  const problems: Problem[] = [...document.problems];
  const add: AddFinding = (path, finding, part = "value") =>
    problems.push(placedProblem(finding, { ...placed, path, part }));
  if (document.value === null || (document.value === undefined && problems.length === 0)) {
    add([], { code: "config.missing", message: "the file is empty", hint: options.emptyHint });
  } else if (document.value !== undefined) {
    const result = schema.safeParse(document.value);
    if (!result.success) {
      problems.push(...schemaProblems(result.error.issues, placed));
      forgetUnknownKeys(document.value, result.error.issues);
    }
    options.check(document, add);
  }
  problems.sort((left, right) => left.line - right.line || left.column - right.column);
  if (problems.some((problem) => problem.severity === "error")) return { document, problems };
  return { value: schema.parse(document.value), document, problems };
}

type Issues = Parameters<typeof schemaProblems>[0];

/** Keys that were only warned of must not stop the file from being read. Errors end the reading anyway. */
function forgetUnknownKeys(value: unknown, issues: Issues): void {
  for (const issue of issues) {
    if (issue.code !== "unrecognized_keys") continue;
    const holder = valueIn(value, issue.path as YamlPath);
    if (typeof holder !== "object" || holder === null) continue;
    for (const key of issue.keys) Reflect.deleteProperty(holder, key);
  }
}
