import { quoted } from "#errors";
import {
  type AddFinding,
  checkLinesOfBusiness,
  isWithin,
  parseMoney,
  parseShare,
  valueIn,
  type YamlDocument,
  type YamlPath,
} from "#policy";
import { readAssumption } from "./assumptions.ts";
import { checkObjectives } from "./check-objectives.ts";
import { checkTiers } from "./check-tiers.ts";
import { mailShares } from "./mail-shares.ts";
import type { RequirementFinding } from "./requirement-finding.ts";
import { type Scalar, serverParameterKeys, serverParameters } from "./written-requirements.ts";

/** Reports a finding at a value, or at its key. */
export type AddRequirementFinding = (
  path: YamlPath,
  finding: RequirementFinding,
  part?: "key" | "value",
) => void;

export const defaultCurrency = "EUR";
export const defaultStorePath = "/var/mail";
export const defaultCopyPath = "/srv/recovery";

/** Checks across values: what contradicts itself, and what is said twice or of nobody. */
export function checkRequirements(document: YamlDocument, add: AddFinding): void {
  checkLinesOfBusiness(document, add);
  checkNames(document, { holder: "lines_of_business", add });
  checkNames(document, { holder: "tiers", add });
  checkTiers(document, add);
  checkValue(document, add);
  checkStatedTwice(document, add);
  checkCurrencies(document, add);
  checkShares(document, add);
  checkSizes(document, add);
  checkFolders(document, add);
  checkChoice(document, add);
  checkObjectives(document, add);
}

type Names = {
  readonly holder: "lines_of_business" | "tiers";
  readonly add: AddRequirementFinding;
};

function checkNames(document: YamlDocument, { holder, add }: Names): void {
  const names = document.keysOf([holder]);
  const written = valueIn(document.value, [holder]);
  if (names.length === 0 && typeof written === "object" && written !== null)
    add([holder], { code: "config.missing", message: `"${holder}" has no entry` });
  const seen = new Map<string, string>();
  for (const name of names) {
    const alike = name.normalize("NFKC").toLowerCase().replace(/\s+/g, " ");
    const before = seen.get(alike);
    if (before !== undefined) {
      const message = `${quoted(name)} and ${quoted(before)} are the same name`;
      const hint = "Keep one of the two, or name them apart.";
      add([holder, name], { code: "config.duplicate-key", message, hint }, "key");
    }
    seen.set(alike, name);
  }
}

/** A line that says nothing of its value is planned as if its outages cost nothing (paper §1.4.4). */
function checkValue(document: YamlDocument, add: AddRequirementFinding): void {
  for (const line of document.keysOf(["lines_of_business"])) {
    const path = ["lines_of_business", line];
    const keys = document.keysOf(path);
    // One without the other is an error of its own.
    if (keys.includes("payroll") || keys.includes("productivity_lost_without_mail")) continue;
    const finding: RequirementFinding = {
      severity: "warning",
      code: "planner.no-value",
      message: `an hour without mail costs ${quoted(line)} nothing in this plan`,
      hint: "State payroll and productivity_lost_without_mail, also where they are 0 EUR per hour and 0%.",
    };
    add(path, finding, "key");
  }
}

function checkStatedTwice(document: YamlDocument, add: AddRequirementFinding): void {
  const code = "planner.stated-twice";
  const assumed = document.keysOf(["site", "assumptions"]);
  const ofServer = document.keysOf(["server"]);
  for (const key of serverParameterKeys) {
    const parameter = serverParameters[key];
    if (!assumed.includes(parameter) || !ofServer.includes(key)) continue;
    const message = `"${parameter}" is what server has as "${key}" already`;
    add(["site", "assumptions", parameter], { code, message, hint: "Keep one of the two." }, "key");
  }
  for (const line of document.keysOf(["lines_of_business"])) {
    const path = ["lines_of_business", line];
    const keys = document.keysOf(path);
    if (!keys.includes("mail") || !keys.includes("mail_share")) continue;
    const message = '"mail" and "mail_share" both say how much mail is theirs';
    add([...path, "mail"], { code, message, hint: "Keep one of the two." }, "key");
  }
}

/** Where amounts of money stand. */
function moneyPaths(document: YamlDocument): readonly YamlPath[] {
  const below = (...path: string[]): YamlPath[] =>
    document.keysOf(path).map((key) => [...path, key]);
  return [
    ...below("licences"),
    ...below("repurposing"),
    ...below("site", "assumptions"),
    ...document
      .keysOf(["lines_of_business"])
      .flatMap((line) =>
        ["payroll", "budget"].map((key): YamlPath => ["lines_of_business", line, key]),
      ),
  ];
}

/** Nobody converts currencies here: what is added up must be the same. */
function checkCurrencies(document: YamlDocument, add: AddRequirementFinding): void {
  const written = valueIn(document.value, ["currency"]);
  const currency = typeof written === "string" ? written : defaultCurrency;
  if (!/^[A-Z]{3}$/.test(currency)) return;
  for (const path of moneyPaths(document)) {
    const value = valueIn(document.value, path);
    const money = typeof value === "string" ? parseMoney(value) : undefined;
    if (money === undefined || money.currency === currency) continue;
    const message = `${quoted(String(value))} is in ${money.currency}, and this file is in ${currency}`;
    const hint =
      written === undefined
        ? `Write currency: ${money.currency} at the top, or the amount in ${currency}.`
        : `Write the amount in ${currency}.`;
    add(path, { code: "planner.currency", message, hint });
  }
}

function checkShares(document: YamlDocument, add: AddRequirementFinding): void {
  const lines = document.keysOf(["lines_of_business"]);
  if (lines.length === 0) return;
  const { stated, silent, tooMuch, nothingLeft, nobodys } = mailShares(
    lines.map((name) => ({ name, share: writtenShare(document, name) })),
  );
  const code = "planner.shares";
  const percent = Number((stated * 100).toPrecision(4));
  const path = ["lines_of_business"];
  if (tooMuch) {
    const message = `the lines of business have ${percent}% of the mail together`;
    add(path, { code, message, hint: "Their shares must be 100% at most." }, "key");
  } else if (nothingLeft) {
    const message = `no mail is left for ${silent.slice(0, 5).map(quoted).join(", ")}: the others have all of it`;
    add(path, { severity: "warning", code, message, hint: "Give each line its share." }, "key");
  } else if (nobodys) {
    const message = `the lines of business have ${percent}% of the mail together; the rest is nobody's`;
    const hint = "Say of one line less: it gets what is left over.";
    add(path, { severity: "warning", code, message, hint }, "key");
  }
}

/** Share of the site's mail, as a share or as a size; undefined where a line says nothing that can be read. */
export function writtenShare(document: YamlDocument, line: string): number | undefined {
  const share = valueIn(document.value, ["lines_of_business", line, "mail_share"]);
  if (typeof share === "string") return parseShare(share);
  const own = sizeAt(document, ["lines_of_business", line, "mail"]);
  const all = sizeAt(document, ["server", "mail"]);
  return own === undefined || all === undefined ? undefined : own / all;
}

function sizeAt(document: YamlDocument, path: YamlPath): number | undefined {
  const value = valueIn(document.value, path);
  if (!isScalar(value)) return undefined;
  const read = readAssumption("mail", value);
  return "value" in read ? (read.value.low + read.value.high) / 2 : undefined;
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === "string" || typeof value === "number";
}

function checkSizes(document: YamlDocument, add: AddRequirementFinding): void {
  const mail = sizeAt(document, ["server", "mail"]);
  const path = ["server", "new_per_day"];
  const written = valueIn(document.value, path);
  const read = isScalar(written) ? readAssumption("logs_per_day", written) : undefined;
  if (mail === undefined || read === undefined || !("value" in read)) return;
  if (read.value.low <= mail) return;
  const message = "more mail is new in a day than there is in all";
  add(path, { severity: "warning", code: "planner.contradiction", message });
}

/** As in the configuration, which is written from this. */
function checkFolders(document: YamlDocument, add: AddRequirementFinding): void {
  const store = valueIn(document.value, ["server", "path"]) ?? defaultStorePath;
  const copy = valueIn(document.value, ["site", "copy_path"]) ?? defaultCopyPath;
  if (typeof store !== "string" || typeof copy !== "string") return;
  if (!isWithin(copy, store) && !isWithin(store, copy)) return;
  const message = `the mail store ${quoted(store)} and the copies' folder ${quoted(copy)} lie within each other`;
  const hint = "Keep copies outside the mail store, best on another disk.";
  const path = document.keysOf(["site"]).includes("copy_path") ? ["site", "copy_path"] : ["server"];
  add(path, { code: "config.path", message, hint });
}

function checkChoice(document: YamlDocument, add: AddRequirementFinding): void {
  for (const column of ["sources", "operational", "disaster"]) {
    const only = valueIn(document.value, ["consider", "only", column]);
    const not = valueIn(document.value, ["consider", "not", column]);
    if (!Array.isArray(only) || !Array.isArray(not)) continue;
    for (const [index, option] of not.entries()) {
      if (typeof option !== "string" || !only.includes(option)) continue;
      const message = `${quoted(option)} is to be considered only, and not to be considered`;
      add(["consider", "not", column, index], {
        code: "planner.contradiction",
        message,
        hint: "Take it out of one of the two.",
      });
    }
  }
}
