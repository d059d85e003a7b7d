import type { YamlPath } from "./yaml-document.ts";

/** As much of a JSON Schema as tells which keys a map may have. */
export type JsonSchema = {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
};

/** The keys that the map at this path may have. */
export function knownKeys(schema: JsonSchema, path: YamlPath): readonly string[] {
  let forms = formsOf(schema);
  for (const step of path) forms = forms.flatMap((form) => formsOf(below(form, step)));
  return [...new Set(forms.flatMap((form) => Object.keys(form.properties ?? {})))];
}

function formsOf(schema: JsonSchema | undefined): readonly JsonSchema[] {
  if (schema === undefined) return [];
  return schema.anyOf === undefined ? [schema] : schema.anyOf;
}

function below(schema: JsonSchema, step: string | number): JsonSchema | undefined {
  const { properties, additionalProperties, items } = schema;
  const found = typeof step === "number" ? items : (properties?.[step] ?? additionalProperties);
  return typeof found === "object" ? found : undefined;
}
