import { quoted } from "#errors";
import { parseDuration, TimeError } from "#time";
import { isWithin } from "./checked-values.ts";
import type { AddFinding } from "./checked-yaml.ts";
import {
  type CopyLayer,
  type DisasterMethod,
  disasterMethods,
  kindOfMethod,
  type OperationalMethod,
  operationalMethods,
} from "./config.ts";
import { kindOfCopy } from "./copy-findings.ts";
import { knownName } from "./known-name.ts";
import { PolicyError } from "./policy-error.ts";
import { parseRetentionRule } from "./retention-rule.ts";
import { valueIn } from "./schema-problems.ts";
import { tapeRuleFinding } from "./tape-retention.ts";
import type { YamlDocument, YamlPath } from "./yaml-document.ts";

/** The ways through Figure 1 that a file describes: each method has the copy, the source and the words that it needs. */
export function checkTiers(document: YamlDocument, add: AddFinding): void {
  const replicas = new Map<string, string>();
  for (const tier of document.keysOf(["tiers"])) {
    const paths = operationalPaths(document, tier);
    const fed = paths.map((path) => checkOperational(path, { document, add, replicas }));
    checkTwice(paths, { document, add });
    checkDisaster(["tiers", tier, "disaster"], { document, add, fed });
    checkReplicasAlone(tier, { document, add, paths });
  }
}

type Checked = { readonly document: YamlDocument; readonly add: AddFinding };

/** Where the methods of a tier stand: one map, or a list of them. */
function operationalPaths(document: YamlDocument, tier: string): readonly YamlPath[] {
  const path = ["tiers", tier, "operational"];
  const written = valueIn(document.value, path);
  return Array.isArray(written) ? written.map((_, index) => [...path, index]) : [path];
}

function operationalMethod(document: YamlDocument, path: YamlPath): OperationalMethod | undefined {
  const written = valueIn(document.value, [...path, "method"]);
  return operationalMethods.find((method) => method === written);
}

/** The name of the copy that the method fills, as far as it is one of the file. */
function checkOperational(
  path: YamlPath,
  options: Checked & { readonly replicas: Map<string, string> },
): string | undefined {
  const { document, add, replicas } = options;
  const method = operationalMethod(document, path);
  const copy = checkCopyOf([...path, "copy"], { ...options, layer: "operational", method });
  if (method !== "continuous data protection") checkPace(path, options);
  if (method === undefined) return copy;
  checkJournal(path, { ...options, method });
  const isRotation = kindOfMethod[method] === "replicas";
  const keys = document.keysOf(path);
  if (!isRotation && keys.includes("images"))
    add([...path, "images"], {
      code: "config.misplaced",
      message: `"images" is for a rotation, and this is ${method}`,
      hint: "Say with keep what is kept, like keep: [one per day for 30 days].",
    });
  if (isRotation && keys.includes("keep"))
    add([...path, "keep"], {
      code: "config.misplaced",
      message: `"keep" is not for a ${method}: it keeps its newest images`,
      hint: "Say how many, like images: 6.",
    });
  if (method === "backup to tape") checkTapeRules(path, options);
  checkSource(path, { ...options, method });
  if (isRotation && copy !== undefined) {
    const other = replicas.get(copy);
    replicas.set(copy, method);
    if (other !== undefined && other !== method)
      add([...path, "copy"], {
        code: "config.reference",
        message: `${quoted(copy)} is filled by a ${other} already`,
        hint: "Give clones and delta snapshots a copy each: one rotation must not drop the other's images.",
      });
  }
  return copy;
}

/** A copy that is named is there, of the right layer, and of the kind that the method fills. */
function checkCopyOf(
  path: YamlPath,
  options: Checked & {
    readonly layer: CopyLayer;
    readonly method: OperationalMethod | DisasterMethod | undefined;
  },
): string | undefined {
  const { document, add, layer, method } = options;
  const copy = knownName(document, path, { map: "copies", noun: "copy", add });
  if (copy === undefined) return undefined;
  const written = valueIn(document.value, ["copies", copy, "layer"]);
  if ((written === "operational" || written === "disaster") && written !== layer) {
    add(path, {
      code: "config.reference",
      message: `${quoted(copy)} is a copy of the ${written} layer, and one of the ${layer} layer belongs here`,
      hint: `Name another, or give that copy layer: ${layer}.`,
    });
    return copy;
  }
  const kind = kindOfCopy(document, copy);
  if (method === undefined || kind === undefined || kind === kindOfMethod[method]) return copy;
  add(path, {
    code: "config.reference",
    message: `${method} needs a copy of kind ${kindOfMethod[method]}, and ${quoted(copy)} is of kind ${kind}`,
    hint: `Name another, or give that copy kind: ${kindOfMethod[method]}.`,
  });
  return copy;
}

/** Whether any method of a tier records every change. */
export function isContinuous(document: YamlDocument, tier: string): boolean {
  return operationalPaths(document, tier).some(
    (path) => operationalMethod(document, path) === "continuous data protection",
  );
}

function checkJournal(
  path: YamlPath,
  { document, add, method }: Checked & { readonly method: OperationalMethod },
): void {
  if (!document.keysOf(path).includes("journal")) return;
  if (method === "continuous data protection")
    return checkMirror([...path, "journal"], { document, add });
  add([...path, "journal"], {
    code: "config.misplaced",
    message: `"journal" is for continuous data protection, and this is ${method}`,
    hint: "Take it out, or give this tier the method continuous data protection.",
  });
}

/** A mirror among the journals would be taken for one, and lost with them. */
function checkMirror(path: YamlPath, { document, add }: Checked): void {
  const [journals, mirror] = ["path", "mirror"].map((key) =>
    valueIn(document.value, [...path, key]),
  );
  if (typeof journals !== "string" || typeof mirror !== "string") return;
  if (!isWithin(mirror, journals) && !isWithin(journals, mirror)) return;
  add([...path, "mirror"], {
    code: "config.path",
    message: "the mirror would lie among the journals",
    hint: "Mirror them to another host, like ssh://mirror@vault.example.net/srv/journals.",
  });
}

/** Copies that are taken less often than mail may be lost cannot keep that promise. */
function checkPace(path: YamlPath, { document, add }: Checked): void {
  const everyMs = durationAt(document, [...path, "every"]);
  const loseMs = durationAt(document, [...path, "lose_at_most"]);
  if (everyMs === undefined || loseMs === undefined || everyMs <= loseMs) return;
  add([...path, "every"], {
    code: "config.duration",
    message: '"every" is longer than "lose_at_most"',
    hint: "What came since the last copy is lost: take one at least as often as lose_at_most says.",
  });
}

function durationAt(document: YamlDocument, path: YamlPath): number | undefined {
  const text = valueIn(document.value, path);
  if (typeof text !== "string") return undefined;
  try {
    return parseDuration(text);
  } catch (error) {
    if (error instanceof TimeError) return undefined;
    throw error;
  }
}

function checkTapeRules(path: YamlPath, { document, add }: Checked): void {
  const rules = valueIn(document.value, [...path, "keep"]);
  if (!Array.isArray(rules)) return;
  for (const [index, text] of rules.entries()) {
    if (typeof text !== "string") continue;
    try {
      const finding = tapeRuleFinding(parseRetentionRule(text));
      if (finding !== undefined) add([...path, "keep", index], finding);
    } catch (error) {
      // The schema has said so already.
      if (!(error instanceof PolicyError)) throw error;
    }
  }
}

/** Every server feeds every tier; a replica or a tape of a store that is being written is none (§3.1.1, §3.3.1, §3.4.1). */
function checkSource(
  path: YamlPath,
  { document, add, method }: Checked & { readonly method: OperationalMethod },
): void {
  if (method === "backup to disk" || method === "continuous data protection") return;
  const server = document.keysOf(["servers"]).find((name) => {
    const source = valueIn(document.value, ["servers", name, "data_source"]);
    return source === undefined || source === "live application";
  });
  if (server === undefined) return;
  add([...path, "method"], {
    code: "config.combination",
    message: `a ${method} cannot be fed by the live application of server ${quoted(server)}`,
    hint: "Give that server data_source: hot split snapshot, or offline (paper §3.1.1, §3.3.1, §3.4.1).",
  });
}

function checkTwice(paths: readonly YamlPath[], { document, add }: Checked): void {
  const seen = new Set<unknown>();
  for (const path of paths) {
    const copy = valueIn(document.value, [...path, "copy"]);
    if (typeof copy !== "string") continue;
    if (seen.has(copy))
      add([...path, "copy"], {
        code: "config.reference",
        message: `${quoted(copy)} is filled by this tier twice`,
        hint: "Each method fills a copy of its own.",
      });
    seen.add(copy);
  }
}

function checkDisaster(
  path: YamlPath,
  options: Checked & { readonly fed: readonly (string | undefined)[] },
): void {
  const { document, add, fed } = options;
  const written = valueIn(document.value, [...path, "method"]);
  const method = disasterMethods.find((word) => word === written);
  checkCopyOf([...path, "copy"], { ...options, layer: "disaster", method });
  const from = checkCopyOf([...path, "from"], { ...options, layer: "operational", method });
  // Where the operational recovery itself was not understood, nobody knows what it fills.
  const isKnown = fed.length > 0 && !fed.includes(undefined);
  if (from !== undefined && isKnown && !fed.includes(from)) {
    add([...path, "from"], {
      code: "config.reference",
      message: `${quoted(from)} is not filled by the operational recovery of this tier`,
      hint: `This tier fills ${fed.join(", ")}.`,
    });
  }
  checkPace(path, options);
  if (method === undefined) return;
  if (method === "move backup tapes offsite") {
    checkTapeRules(path, options);
    return;
  }
  for (const key of ["hold", "transit"]) {
    if (!document.keysOf(path).includes(key)) continue;
    add([...path, key], {
      code: "config.misplaced",
      message: `"${key}" is for tapes, and this is: ${method}`,
      hint: `Take ${key} out; what is duplicated travels at once.`,
    });
  }
}

/** “Clones themselves are not a method for site disaster recovery” (§3.3.6), nor are delta snapshots (§3.4.6). */
function checkReplicasAlone(
  tier: string,
  { document, add, paths }: Checked & { readonly paths: readonly YamlPath[] },
): void {
  const methods = paths.map((path) => operationalMethod(document, path));
  const isReplicas = methods.every(
    (method) => method !== undefined && kindOfMethod[method] === "replicas",
  );
  if (!isReplicas || methods.length === 0) return;
  add(
    ["tiers", tier, "operational"],
    {
      severity: "warning",
      code: "config.no-disaster-recovery",
      message: `nothing recovers tier ${quoted(tier)} from the loss of the site: clones and delta snapshots alone lead to no disaster recovery in this version (§3.3.6)`,
      hint: "Add backup to disk or backup to tape beside them, and disaster from its copy.",
    },
    "key",
  );
}
