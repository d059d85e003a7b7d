import { closestWord, quoted } from "#errors";
import type { AddFinding } from "./checked-yaml.ts";
import { valueIn } from "./schema-problems.ts";
import type { YamlDocument, YamlPath } from "./yaml-document.ts";

type KnownNameOptions = {
  readonly map: string;
  readonly noun: string;
  readonly add: AddFinding;
};

/** The name that stands at a path, where the file defines it; what it does not define is told. */
export function knownName(
  document: YamlDocument,
  path: YamlPath,
  { map, noun, add }: KnownNameOptions,
): string | undefined {
  const name = valueIn(document.value, path);
  const known = document.keysOf([map]);
  if (typeof name !== "string") return undefined;
  if (known.includes(name)) return name;
  const hint =
    known.length === 0
      ? `There is no ${noun} yet: add it under "${map}".`
      : `Known: ${known.join(", ")}.`;
  add(path, {
    code: "config.reference",
    message: `${quoted(name)} is not a ${noun} of this file`,
    suggestion: closestWord(name, known),
    hint,
  });
  return undefined;
}
