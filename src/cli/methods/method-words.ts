import { closestWord } from "#errors";
import type { CopyKind, OperationalMethod } from "#policy";
import { CliError } from "../cli-error.ts";
import { safeText } from "../text.ts";

export type MethodWords = OperationalMethod;

export const diskMethod: MethodWords = "backup to disk";

/**
 * In the order in which one Image goes through them: what reads it comes before what may be given its frozen folder to
 * keep, and a clone takes only a frozen folder that is a full copy.
 */
const methods: readonly MethodWords[] = [
  "continuous data protection",
  "backup to disk",
  "backup to tape",
  "rotation of clones",
  "rotation of delta snapshots",
];

const shortNames: ReadonlyMap<string, MethodWords> = new Map([
  ["continuous", "continuous data protection"],
  ["cdp", "continuous data protection"],
  ["disk", "backup to disk"],
  ["tape", "backup to tape"],
  ["clones", "rotation of clones"],
  ["deltas", "rotation of delta snapshots"],
]);

export function takeOrder(method: MethodWords): number {
  return methods.indexOf(method);
}

export function kindOfMethod(method: MethodWords): CopyKind {
  switch (method) {
    case "continuous data protection":
    case "backup to disk":
      return "repository";
    case "backup to tape":
      return "tape library";
    case "rotation of clones":
    case "rotation of delta snapshots":
      return "replicas";
  }
}

/**
 * How a capture by this method is taken: the base of a journal is a backup to disk.
 */
export function takenBy(method: MethodWords): MethodWords {
  return method === "continuous data protection" ? diskMethod : method;
}

/** A method by the paper's words, or short: cdp, disk, tape, clones, deltas. */
export function methodNamed(typed: string): MethodWords {
  const known = methods.find((method) => method === typed) ?? shortNames.get(typed);
  if (known !== undefined) return known;
  const near = closestWord(typed, [...methods, ...shortNames.keys()]);
  throw new CliError("cli.usage", `Cannot use the method "${safeText(typed)}": no such method`, {
    hint:
      near === undefined
        ? `There are ${methods.map((method) => `"${method}"`).join(", ")}.`
        : `Did you mean "${near}"?`,
  });
}

/** What --from insists on: a method by its words or its short name, or a copy by its name, as `chooseCopy` compares it. */
export function insistedWords(typed: string): string {
  if (/^duplicate(?: backup copies offsite)?$/.test(typed)) return "duplicate backup copy";
  return shortNames.get(typed) ?? typed;
}

/** Whether --from names this copy, or its method. */
export function isMeant(
  { name, method }: { readonly name: string; readonly method: string },
  typed: string,
): boolean {
  const words = insistedWords(typed);
  return name === words || method === words;
}
