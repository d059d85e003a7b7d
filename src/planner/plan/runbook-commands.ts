import type { Loss } from "../figure-1/index.ts";
import { readableByReaders } from "../figure-1/index.ts";
import type { Requirements } from "../requirements/index.ts";
import type { LineWay } from "./runbook-ways.ts";
import { shellQuoted } from "./runbook-words.ts";

/** What is typed, where this version of Restante does it itself. Words in capitals are to be replaced. */
const placeholders: readonly (readonly [pattern: RegExp, meaning: string])[] = [
  [
    / T\b/,
    "T is the moment that was chosen, like -2h, “yesterday 17:00” in quotes or a snapshot's ID",
  ],
  [/\/MAILBOX\b/, "MAILBOX is the mailbox's folder below the store"],
  [/ OFFSITE_COPY\b/, "OFFSITE_COPY is where the offsite copy lies"],
  [
    / OFFSITE\.yaml\b/,
    "OFFSITE.yaml is a configuration of the recovery site: the journal’s path is the mirror’s folder, the disaster copy the folder of the duplicates (docs/operations/second-site.md)",
  ],
  [/ NEW_FOLDER\b/, "NEW_FOLDER is a folder that is not there yet"],
];

/** How the commands are to be read. */
export function placeholdersIn(commands: readonly string[]): string {
  const used = placeholders.filter(([pattern]) => commands.some((line) => pattern.test(line)));
  const capitals =
    used.length === 0
      ? ""
      : `Replace the capitals: ${used.map(([, meaning]) => meaning).join("; ")}. `;
  return `${capitals}A restore shows first what it would do, and asks. The password is asked for, or read from the file that RESTANTE_PASSWORD_FILE names.`;
}

/** For one group of lines; none where it is done by hand. */
export function recoveryCommands(
  loss: Loss,
  { isHere, way, chosen }: Pick<LineWay, "isHere" | "way" | "chosen">,
  requirements: Requirements,
): readonly string[] {
  if (!isHere) return [];
  const { server, copyPath } = requirements;
  const copy = way.layer === "operational" ? shellQuoted(copyPath) : "OFFSITE_COPY";
  const store = shellQuoted(server.path);
  // A journal is found by the configuration that says where it lies.
  const isMirrored = chosen.evaluation.combination.disaster?.option === "protected-cdp";
  const where = way.layer === "disaster" && isMirrored ? "--config OFFSITE.yaml" : `--copy ${copy}`;
  const verb = (name: string, target: string, more = ""): string =>
    `restante ${name} ${target} ${where}${more === "" ? "" : ` ${more}`}`;
  const reads = readableByReaders(server.kind).reader === "here";
  switch (loss) {
    case "user-error": {
      const mailbox = shellQuoted(`${server.path.replace(/\/$/, "")}/MAILBOX`);
      const find = [verb("moments", store), verb("ls", mailbox, "--at T")];
      if (!reads) return [...find, verb("restore", mailbox, "--at T --to NEW_FOLDER")];
      // Only Maildir takes files under a running server; any other is asked to take messages.
      const into = isMaildir(server.kind) ? "--at T" : "--at T --to imaps://HOST";
      return [
        ...find,
        verb("diff", mailbox, "--at T"),
        verb("restore", mailbox, `${into} --dry-run`),
        verb("restore", mailbox, into),
      ];
    }
    case "corruption":
    case "late-attack":
      return [
        verb("capture", store, "--tag before-recovery"),
        verb("moments", store),
        verb("diff", store, "--at T --to latest"),
        verb("restore", store, "--at T --exact --dry-run"),
        verb("restore", store, "--at T --exact"),
        verb("diff", store, "--at T"),
      ];
    case "hardware":
    case "site":
      return [
        `restante verify --copy ${copy}`,
        verb("moments", store),
        verb("restore", store, "--at T --dry-run"),
        verb("restore", store, "--at T"),
        verb("diff", store, "--at T"),
      ];
  }
}

/** What takes protection up again; last what then goes on until it is stopped. */
export function resumeCommands(
  { server, copyPath }: Requirements,
  isFollowed: boolean,
): readonly string[] {
  const [store, copy] = [shellQuoted(server.path), shellQuoted(copyPath)];
  return [
    `restante capture ${store} --copy ${copy}`,
    `restante moments ${store} --copy ${copy}`,
    `restante expire ${store} --copy ${copy} --release`,
    `restante status --copy ${copy}`,
    `restante verify --copy ${copy}`,
    ...(isFollowed ? [`restante daemon ${store} --copy ${copy}`] : []),
  ];
}

function isMaildir(kind: Requirements["server"]["kind"]): boolean {
  return kind === "maildir" || kind === "courier" || kind === "dovecot-maildir";
}
