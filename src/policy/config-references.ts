import { closestWord, quoted } from "#errors";
import { parseAlarmRule } from "./alarm-rule.ts";
import type { AddFinding } from "./checked-yaml.ts";
import { isWithin } from "./checked-values.ts";
import { checkLinesOfBusiness } from "./line-of-business-findings.ts";
import { valueIn } from "./schema-problems.ts";
import type { YamlDocument, YamlPath } from "./yaml-document.ts";

/**
 * Checks across values. They look at the data as written, whatever else is wrong with it, so that one
 * run shows every problem.
 */
export function checkReferences(document: YamlDocument, add: AddFinding): void {
  for (const map of ["servers", "copies", "tiers", "lines_of_business"]) {
    if (isEmptyMap(valueIn(document.value, [map]))) {
      add([map], { code: "config.missing", message: `${quoted(map)} has no entry` });
    }
  }
  checkNames(document, add);
  checkServers(document, add);
  checkFolders(document, add);
  checkLinesOfBusiness(document, add);
  checkAlarm(document, add);
}

function isEmptyMap(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).length === 0
  );
}

function checkNames(document: YamlDocument, add: AddFinding): void {
  for (const tier of document.keysOf(["tiers"])) {
    checkName(document, ["tiers", tier, "operational", "copy"], {
      map: "copies",
      noun: "copy",
      add,
    });
  }
  for (const line of document.keysOf(["lines_of_business"])) {
    checkName(document, ["lines_of_business", line, "tier"], { map: "tiers", noun: "tier", add });
  }
}

function checkName(
  document: YamlDocument,
  path: YamlPath,
  options: { readonly map: string; readonly noun: string; readonly add: AddFinding },
): void {
  const { map, noun, add } = options;
  const name = valueIn(document.value, path);
  const known = document.keysOf([map]);
  if (typeof name !== "string" || known.includes(name)) return;
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
}

function checkServers(document: YamlDocument, add: AddFinding): void {
  for (const server of document.keysOf(["servers"])) {
    const keys = document.keysOf(["servers", server]);
    for (const [has, lacks] of [["stop", "start"] as const, ["start", "stop"] as const]) {
      if (!keys.includes(has) || keys.includes(lacks)) continue;
      const message = `"${has}" stands here without "${lacks}"`;
      add(["servers", server, has], {
        code: "config.command",
        message,
        hint: "Give both, or neither and stop the server yourself.",
      });
    }
    const source = valueIn(document.value, ["servers", server, "data_source"]);
    if (keys.includes("stop") && source !== "offline") {
      const message = '"stop" is used only with data_source: offline';
      add(["servers", server, "stop"], {
        severity: "warning",
        code: "config.command",
        message,
        hint: "Add data_source: offline, or take stop and start out.",
      });
    }
  }
}

/** A copy inside the mail store would capture itself; a store inside a copy would be taken for its files. */
function checkFolders(document: YamlDocument, add: AddFinding): void {
  for (const copy of document.keysOf(["copies"])) {
    const copyPath = valueIn(document.value, ["copies", copy, "path"]);
    for (const server of document.keysOf(["servers"])) {
      const storePath = valueIn(document.value, ["servers", server, "path"]);
      if (typeof copyPath !== "string" || typeof storePath !== "string") continue;
      if (!isWithin(copyPath, storePath) && !isWithin(storePath, copyPath)) continue;
      const message = `the folders of copy ${quoted(copy)} and server ${quoted(server)} lie within each other`;
      add(["copies", copy, "path"], {
        code: "config.path",
        message,
        hint: "Keep copies outside the mail store, best on another disk.",
      });
    }
  }
}

function checkAlarm(document: YamlDocument, add: AddFinding): void {
  const path = ["prove_it", "alarm_if"];
  const text = valueIn(document.value, path);
  const rule = typeof text === "string" ? parseAlarmRule(text) : undefined;
  for (const words of rule?.unavailable ?? []) {
    const message = `${quoted(words)} is not available in this version`;
    const hint =
      "The newest moment of a group is compared with its largest since the last release.";
    add(path, { severity: "warning", code: "config.not-available", message, hint });
  }
}
