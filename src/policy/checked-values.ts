import { isZone, knownZones, parseDuration, TimeError } from "#time";
import { closestWord, quoted } from "#errors";
import { z } from "zod";
import type { Finding } from "./finding.ts";
import { patternProblem } from "./mailbox-pattern.ts";
import { moneyFinding } from "./money.ts";
import { shareFinding } from "./share.ts";

/** Values that more than one kind of file has, each with its own finding; that travels in the issue's params. */

/** Text with a check of its own. */
export function checkedText(check: (text: string) => Finding<string> | undefined): z.ZodString {
  return z.string().superRefine((text, context) => {
    const finding = check(text);
    if (finding !== undefined)
      context.addIssue({ code: "custom", message: finding.message, params: { finding } });
  });
}

/** What people write with a unit: a number alone is not refused for its type, so that the unit can be asked for. */
export function checkedScalar(
  check: (value: string | number) => Finding<string> | undefined,
): z.ZodType<string | number> {
  return z.union([z.string(), z.number()]).superRefine((value, context) => {
    const finding = check(value);
    if (finding !== undefined)
      context.addIssue({ code: "custom", message: finding.message, params: { finding } });
  });
}

const serverNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** A server's name is part of group names and of targets: no "/", "@", "*" or ",". */
export const serverNameText: z.ZodString = z.string().regex(serverNamePattern);

export function isServerName(text: string): boolean {
  return serverNamePattern.test(text);
}

const namePattern = /^[\p{L}\p{N}](?:[\p{L}\p{N} ._&+-]{0,61}[\p{L}\p{N}._&+-])?$/u;

/** Other names may be words; restic splits tags at commas, and groups are "server/line". */
export const nameText: z.ZodString = z.string().regex(namePattern);

/** Whether this can name a copy, tier or line of business. */
export function isName(text: string): boolean {
  return namePattern.test(text);
}

export const durationText: z.ZodString = checkedText(durationFinding);

function durationFinding(text: string): Finding | undefined {
  try {
    if (parseDuration(text) > 0) return undefined;
    return {
      code: "config.duration",
      message: `${quoted(text)} is no time at all`,
      hint: "Write it like 10 seconds.",
    };
  } catch (error) {
    if (!(error instanceof TimeError)) throw error;
    return {
      code: "config.duration",
      message: `${quoted(text)} is not a duration I know`,
      suggestion: error.suggestion,
      hint: error.hint,
    };
  }
}

/** As `durationText`, and the word nothing. */
export const durationOrNothingText: z.ZodString = checkedText((text) =>
  text === "nothing" ? undefined : durationFinding(text),
);

export const absolutePathText: z.ZodString = checkedText((text) => {
  if (/^\/[^\p{Cc}]*$/u.test(text) && !text.split("/").includes("..")) return undefined;
  return {
    code: "config.path",
    message: `${quoted(text)} is not a path from the root on`,
    hint: "Write it like /srv/mail.",
  };
}).meta({ pattern: "^/" });

/** Without slashes at its end. */
export function tidyPath(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") || "/" : path;
}

/** Whether one folder, as text, is the other or lies in it. */
export function isWithin(inner: string, outer: string): boolean {
  const [innerFolder, outerFolder] = [inner, outer].map(
    (path) => `${path.replace(/\/+/g, "/").replace(/\/$/, "")}/`,
  );
  return innerFolder?.startsWith(outerFolder ?? "") ?? false;
}

export const mailboxPatternText: z.ZodString = checkedText((text) => {
  const problem = patternProblem(text);
  const hint = "Write it like sales@example.org or *@sales.example.org.";
  if (problem === undefined) return undefined;
  const suggestion = patternProblem(`*${text}`) === undefined ? `*${text}` : undefined;
  return { code: "config.pattern", message: `${quoted(text)} ${problem}`, suggestion, hint };
});

export const timeZoneText: z.ZodString = checkedText((text) => {
  if (isZone(text)) return undefined;
  const suggestion = closestWord(text, knownZones());
  return {
    code: "config.time-zone",
    message: `${quoted(text)} is not a time zone I know`,
    suggestion,
    hint: "Write it like Europe/Berlin.",
  };
});

/** Both of one line of business, or neither: line-of-business-findings.ts. */
export const payrollScalar: z.ZodType<string | number> = checkedScalar((value) =>
  moneyFinding(value, { per: [["hour"]], example: "12000 EUR per hour" }),
);

export const productivityLostScalar: z.ZodType<string | number> = checkedScalar((value) =>
  shareFinding(value),
);

/** Whether a path with a server's variables stands from the root on: nobody's home is known here. */
export function isPathTemplate(text: string): boolean {
  const isPath = /^\/[^\p{Cc}]*$/u.test(text) && !text.split("/").includes("..");
  return isPath && text.length <= 4096 && !/%h|%\{home\}/.test(text);
}
