import { quoted } from "#errors";
import { parseAlarmRule } from "./alarm-rule.ts";
import type { AddFinding } from "./checked-yaml.ts";
import { checkCopies } from "./copy-findings.ts";
import { checkDelivery } from "./delivery-findings.ts";
import { checkHints } from "./hints-findings.ts";
import { knownName } from "./known-name.ts";
import { checkLinesOfBusiness } from "./line-of-business-findings.ts";
import { valueIn } from "./schema-problems.ts";
import { checkServers } from "./server-findings.ts";
import { checkTiers, isContinuous } from "./tier-findings.ts";
import type { YamlDocument } from "./yaml-document.ts";

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
  checkServers(document, add);
  checkCopies(document, add);
  checkTiers(document, add);
  checkDelivery(document, add);
  checkHints(document, add);
  checkNames(document, add);
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
  for (const line of document.keysOf(["lines_of_business"])) {
    knownName(document, ["lines_of_business", line, "tier"], { map: "tiers", noun: "tier", add });
  }
}

function checkAlarm(document: YamlDocument, add: AddFinding): void {
  const path = ["prove_it", "alarm_if"];
  const text = valueIn(document.value, path);
  const rule = typeof text === "string" ? parseAlarmRule(text) : undefined;
  if (document.keysOf(["tiers"]).some((tier) => isContinuous(document, tier))) return;
  for (const words of rule?.continuousOnly ?? []) {
    const message = `${quoted(words)} needs continuous data protection, and no tier has it`;
    const hint =
      "Without it the newest moment of a group is compared with its largest since the last release.";
    add(path, { severity: "warning", code: "config.not-available", message, hint });
  }
}
