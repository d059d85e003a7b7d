import type {
  ConfiguredPlaces,
  DataSource,
  MailboxList,
  ServerType,
  SplitValidator,
  VolumeRole,
} from "./config.ts";
import { yamlScalar } from "./yaml-scalar.ts";

export type GenerateConfigOptions = {
  /** Default: "mail". */
  readonly serverName?: string;
  readonly type?: ServerType;
  /** Absolute folder of the mail store. */
  readonly path: string;
  /** What was found of the server. */
  readonly found?: FoundServer;
  /** Absolute folder for the repository. Default: /srv/recovery. */
  readonly copyPath?: string;
  /** Where the repository's password is read from. Default: file:/etc/restante/repository.key. */
  readonly key?: string;
  /** Default: UTC. */
  readonly timeZone?: string;
};

/** What a look at the running host adds to a server's entry. */
export type FoundServer = {
  /** Lines of comment above it: why it is what it says. */
  readonly remarks: readonly string[];
  readonly dataSource: DataSource;
  /** A line of comment beside the data source. */
  readonly dataSourceWhy?: string;
  /** With a hot split, where the server's usual utility does not know this store. */
  readonly validate?: SplitValidator;
  readonly mailboxes?: MailboxList;
  /** Volumes of the store outside its path. */
  readonly volumes?: readonly { readonly path: string; readonly role: VolumeRole }[];
  readonly places?: readonly ConfiguredPlaces[];
  /** Words and folders of `also_protect`. */
  readonly alsoProtect: readonly string[];
  /** For a capture with the server stopped: written as a comment where the data source is another. */
  readonly stop?: readonly string[];
  readonly start?: readonly string[];
  /** The log in which it tells of changes; written as a comment, for continuous data protection alone reads it. */
  readonly hints?: { readonly key: "dovecot" | "cyrus"; readonly log: string };
};

/** A configuration to begin with, for `restante config generate`: it parses without problems. */
export function generateConfig(options: GenerateConfigOptions): string {
  const {
    serverName = "mail",
    type = "maildir",
    path,
    copyPath = "/srv/recovery",
    key = "file:/etc/restante/repository.key",
    timeZone = "UTC",
  } = options;
  return `# yaml-language-server: $schema=./config.schema.json
version: 1
time_zone: ${yamlScalar(timeZone)}

# The mail servers to protect.
servers:
${serverText({ serverName, type, path, found: options.found ?? plainServer })}
# Where copies are kept: best on another disk. Secrets stay outside this file.
copies:
  here:
    layer: operational
    path: ${yamlScalar(copyPath)}
    key: ${yamlScalar(key)}

# How well mail is protected.
tiers:
  standard:
    operational:
      method: backup to disk
      copy: here
      lose_at_most: 1 hour
      back_within: 1 hour
      keep:
        - every change for 48 hours
        - one per hour for 14 days
        - one per day for 3 months
        - one per month for 1 year

# Which mailboxes get which tier. The first line that matches wins.
lines_of_business:
  everyone:
    mailboxes: ["*"]
    tier: standard

prove_it:
  alarm_if: more than 20% disappears
`;
}

const plainServer: FoundServer = {
  remarks: [],
  dataSource: "live application",
  alsoProtect: [],
};

function serverText({
  serverName,
  type,
  path,
  found,
}: Required<Pick<GenerateConfigOptions, "serverName" | "type" | "path" | "found">>): string {
  const { remarks, dataSource, dataSourceWhy, validate, mailboxes, alsoProtect } = found;
  const { stop, start, hints } = found;
  const why = dataSourceWhy === undefined ? "" : ` # ${commentText(dataSourceWhy)}`;
  const isOffline = dataSource === "offline";
  const command = (key: string, words: readonly string[]): string =>
    `    ${isOffline ? "" : "# "}${key}: [${words.map(listItem).join(", ")}]`;
  return [
    ...remarks.map((remark) => `  # ${commentText(remark)}`),
    `  ${yamlScalar(serverName)}:`,
    `    type: ${type}`,
    `    path: ${yamlScalar(path)}`,
    `    data_source: ${dataSource}${why}`,
    ...(validate === undefined ? [] : [`    validate: ${validate}`]),
    ...(stop === undefined || start === undefined
      ? []
      : [
          ...(isOffline
            ? []
            : ["    # data_source: offline     # instead, with the server stopped"]),
          command("stop", stop),
          command("start", start),
        ]),
    ...(mailboxes === undefined ? [] : [`    mailboxes: ${mailboxes}`]),
    ...listText(
      "volumes",
      (found.volumes ?? []).map(({ path: folder, role }) => ({ path: folder, role })),
    ),
    ...listText(
      "places",
      (found.places ?? []).map(({ directoryName, ...place }) => ({
        ...place,
        ...(directoryName === undefined ? {} : { directory_name: directoryName }),
      })),
    ),
    ...(alsoProtect.length === 0
      ? []
      : ["    also_protect:", ...alsoProtect.map((one) => `      - ${yamlScalar(one)}`)]),
    ...(hints === undefined
      ? []
      : [
          `    # hints: { ${hints.key}: ${commentText(listItem(hints.log))} } # with continuous data protection`,
        ]),
    "",
  ].join("\n");
}

/** Each entry on a line of its own. */
function listText(
  key: string,
  entries: readonly Readonly<Record<string, string>>[],
): readonly string[] {
  if (entries.length === 0) return [];
  return [
    `    ${key}:`,
    ...entries.map(
      (entry) =>
        `      - { ${Object.entries(entry)
          .map(([name, text]) => `${name}: ${listItem(text)}`)
          .join(", ")} }`,
    ),
  ];
}

/** In a list of the flow style a comma or bracket would mean something. */
function listItem(word: string): string {
  return /^[A-Za-z0-9/._-]+$/.test(word) ? yamlScalar(word) : JSON.stringify(word);
}

/** A comment ends with its line. */
function commentText(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
}
