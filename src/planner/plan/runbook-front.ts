import { mailServers } from "../figure-1/index.ts";
import { describeDisaster, describeOperational } from "../model/index.ts";
import type { WayOut } from "../ranking/index.ts";
import { formatSpan, type Objectives } from "../requirements/index.ts";
import type { Block, Cell, Section } from "../report/index.ts";
import type { LinePlan, Plan } from "./plan.ts";
import { keepsAny } from "./runbook-ways.ts";
import { dataRecoveryOnly, notCoveredNames } from "./runbook-site.ts";
import { blank, bullets, note, paragraph, roles, type Role, table } from "./runbook-words.ts";

/** What the reader must know before anything else. */
export function readFirst({ warnings }: Plan): Section {
  return {
    heading: "Read this first",
    level: 1,
    blocks: [
      note("warn", dataRecoveryOnly),
      paragraph(
        "It helps in creating a continuity plan and does not replace that planning (§1.3). It does not cover what follows; the section on the loss of the site has room for who does, and how long that takes:",
      ),
      bullets(notCoveredNames),
      bullets([
        "Keep it on paper, at home and at the recovery site. It must be readable when mail, network and this site are gone.",
        "Find the kind of loss below. Do the steps in order; write down the time at each.",
        "Stop first, then decide, then restore. A copy is never written to.",
        "What stands as ____ is to be filled in now, not on the day.",
        "Rehearse it: times that were measured take the place of those planned here.",
      ]),
      ...warnings.map((warning) => note("warn", warning)),
    ],
  };
}

const duties: Readonly<Record<Role, string>> = {
  notices: "calls the mail administrator, not by mail",
  mail: "names the kind of loss, stops and starts the mail server, checks",
  storage: "holds the copies, fetches and restores",
  vault: "holds and sends media",
  business: "decides which moment, and whether to wait",
  keys: "has the passwords of the copies, apart from them",
};

/** Contacts and places to fill in. */
export function contactsAndPlaces(plan: Plan): Section {
  const { server, copyPath } = plan.requirements;
  const what = keepsAny(plan) ? "the password of the repository" : "the keys of what is encrypted";
  return {
    heading: "Who and where",
    level: 1,
    blocks: [
      table(
        ["Role", "Does", "Name", "Telephone (not mail)", "Deputy"],
        (Object.keys(roles) as Role[]).map((role) => [
          roles[role],
          duties[role],
          blank,
          blank,
          blank,
        ]),
      ),
      note(
        "bad",
        `Without ${what} nothing of it can be read, by anybody, whoever made the program. It lies apart from the copies, at two places, and two people can get at it.`,
      ),
      table(
        ["What", "Where", "Who has it"],
        [
          ["Password of the repository, first place", blank, blank],
          ["Password of the repository, second place, off site", blank, blank],
          ["Keys of encrypted tapes, disks and buckets", blank, blank],
          [
            "Mail store",
            `${server.path} on ${server.name} (${mailServers[server.kind].name})`,
            blank,
          ],
          ["Copies on site", `${copyPath} on ${blank}`, blank],
          ["Copies off site: address, access, account", blank, blank],
          ["Catalog of the backup program, list of tapes", blank, blank],
          ["Settings of the mail server, its certificates and keys", blank, blank],
          ["Programs and licences to install it anew", blank, blank],
          ["Access to DNS and MX, at the registrar too", blank, blank],
          ["This runbook on paper", blank, blank],
        ],
      ),
    ],
  };
}

/** Which line of business has what; those without a combination with their ways out. */
export function protectionOverview({ lines }: Plan): Section {
  return {
    heading: "What protects whom",
    level: 1,
    blocks: [
      table(
        [
          "Line of business",
          "Mailboxes",
          "On site",
          "Off site",
          "Asked for, everyday",
          "Asked for, loss of the site",
        ],
        lines.map(({ business, chosen }): readonly Cell[] => {
          const combination = chosen?.evaluation.combination;
          return [
            business.name,
            business.mailboxes.join(", "),
            combination === undefined
              ? { text: "nothing was chosen", state: "bad" }
              : describeOperational(combination.operational),
            combination === undefined
              ? { text: "nothing was chosen", state: "bad" }
              : describeDisaster(combination.disaster),
            objectivesText(business.operational),
            business.disaster === undefined ? "loss accepted" : objectivesText(business.disaster),
          ];
        }),
      ),
      ...lines.flatMap(unplanned),
    ],
  };
}

export function objectivesText({ loseAtMostMs, backWithinMs, reachBackMs }: Objectives): string {
  return `lose at most ${formatSpan(loseAtMostMs)}, back within ${formatSpan(backWithinMs)}, ${formatSpan(reachBackMs)} back`;
}

function unplanned({ business, chosen, waysOut }: LinePlan): readonly Block[] {
  if (chosen !== undefined) return [];
  return [
    note(
      "bad",
      `“${business.name}” has no combination: nothing meets its requirements, so this runbook has no steps for it. Until that is mended, whatever protects it now: ${blank}`,
    ),
    ...(waysOut.length === 0
      ? []
      : [
          paragraph(`Ways out for “${business.name}”, any one of them:`),
          bullets(waysOut.map(wayOutText)),
        ]),
  ];
}

export function wayOutText({ nearest }: WayOut): string {
  const changes = [...new Set(nearest.violations.map(({ change }) => change))];
  return `${changes.join("; and ")} (then ${nearest.evaluation.id} would do)`;
}
