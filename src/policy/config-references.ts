import { closestWord, quoted } from "#errors";
import { parseAlarmRule } from "./alarm-rule.ts";
import type { ConfigDocument, ConfigPath } from "./config-document.ts";
import type { Finding } from "./finding.ts";
import { matchesMailbox } from "./mailbox-pattern.ts";
import type { Problem } from "./problem.ts";
import { placedProblem, valueIn } from "./schema-problems.ts";

type Add = (
  path: ConfigPath,
  finding: Finding & { readonly severity?: Problem["severity"] },
) => void;

/**
 * Checks across values. They look at the data as written, whatever else is wrong with it, so that one
 * run shows every problem.
 */
export function referenceProblems(document: ConfigDocument, fileName: string): Problem[] {
  const problems: Problem[] = [];
  const add: Add = (path, finding) =>
    problems.push(placedProblem(finding, { document, fileName, path }));
  for (const map of ["servers", "copies", "tiers", "lines_of_business"]) {
    if (isEmptyMap(valueIn(document.value, [map]))) {
      add([map], { code: "config.missing", message: `${quoted(map)} has no entry` });
    }
  }
  checkNames(document, add);
  checkServers(document, add);
  checkFolders(document, add);
  checkLines(document, add);
  checkAlarm(document, add);
  return problems;
}

function isEmptyMap(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).length === 0
  );
}

function checkNames(document: ConfigDocument, add: Add): void {
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
  document: ConfigDocument,
  path: ConfigPath,
  options: { readonly map: string; readonly noun: string; readonly add: Add },
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

function checkServers(document: ConfigDocument, add: Add): void {
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
function checkFolders(document: ConfigDocument, add: Add): void {
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

function isWithin(inner: string, outer: string): boolean {
  const [innerFolder, outerFolder] = [inner, outer].map(
    (path) => `${path.replace(/\/+/g, "/").replace(/\/$/, "")}/`,
  );
  return innerFolder?.startsWith(outerFolder ?? "") ?? false;
}

function checkLines(document: ConfigDocument, add: Add): void {
  const lines = document.keysOf(["lines_of_business"]);
  // Patterns without "?": what they match as text, they cover as patterns.
  const earlier: string[] = [];
  for (const line of lines) {
    const patterns = patternsOf(document, line);
    const isCovered = (pattern: string): boolean =>
      earlier.some((before) => matchesMailbox(before, pattern));
    if (patterns.length > 0 && earlier.length < 1000 && patterns.every(isCovered)) {
      const message = `no mailbox gets to ${quoted(line)}: earlier lines take them all`;
      add(["lines_of_business", line, "mailboxes"], {
        severity: "warning",
        code: "config.unreachable",
        message,
        hint: "The first match wins: move it up.",
      });
    }
    for (const pattern of patterns) if (!pattern.includes("?")) earlier.push(pattern);
  }
  if (lines.length === 0 || earlier.some((pattern) => /^\*+$/.test(pattern))) return;
  const message = "mailboxes that match no line of business are not protected";
  add(["lines_of_business"], {
    severity: "warning",
    code: "config.unprotected",
    message,
    hint: 'End with a line for mailboxes: ["*"].',
  });
}

function patternsOf(document: ConfigDocument, line: string): readonly string[] {
  const patterns = valueIn(document.value, ["lines_of_business", line, "mailboxes"]);
  return Array.isArray(patterns) ? patterns.filter((pattern) => typeof pattern === "string") : [];
}

function checkAlarm(document: ConfigDocument, add: Add): void {
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
