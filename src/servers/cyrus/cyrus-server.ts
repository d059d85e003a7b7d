import type { HostLook } from "../look/host-look.ts";
import { accountsInFolders, type AccountsInFoldersOptions } from "../look/accounts-in-folders.ts";
import { findPrograms, type FoundTool, toolPath } from "../look/find-program.ts";
import { type FoundProcess, optionOf } from "../look/processes.ts";
import { serviceCommands } from "../look/service-commands.ts";
import type {
  MailServer,
  ProtectedItem,
  ServerAccounts,
  ServerVolume,
  VolumePlace,
} from "../mail-server.ts";
import { serverFromFacts } from "../server-from-facts.ts";
import { parentFolder } from "../folders.ts";
import { storeValidator } from "../validate/store-validator.ts";
import type { Validator } from "../validate/validator.ts";
import { cyrusValidator } from "./cyrus-validator.ts";
import { cyrusChanges, cyrusPutBack } from "./cyrus-recipes.ts";
import { type CyrusSettings, ownersInDump, readCyrusSettings } from "./cyrus-settings.ts";

export type FindCyrusOptions = Pick<AccountsInFoldersOptions, "nameOfPlace"> & {
  readonly processes: readonly FoundProcess[] | undefined;
  /** A configuration that a person named. */
  readonly configurationFile?: string;
};

const usualFiles = ["/etc/imapd.conf", "/etc/cyrus/imapd.conf", "/usr/local/etc/imapd.conf"];
const listTimeoutMs = 120_000;

/** Cyrus IMAP; undefined where there is none, or nothing of its configuration can be read. */
export async function findCyrus(
  look: HostLook,
  { processes, configurationFile, nameOfPlace }: FindCyrusOptions,
): Promise<MailServer | undefined> {
  const master = processes?.find(
    ({ program, words }) =>
      program === "cyrmaster" || (program === "master" && words[0]?.includes("cyrus") === true),
  );
  const named = configurationFile ?? (master === undefined ? undefined : optionOf(master, "-C"));
  const file = named ?? (await look.firstThere(usualFiles));
  if (file === undefined) return undefined;
  const settings = await readCyrusSettings(look, file);
  // Others have an imapd.conf too: Cyrus cannot run without these.
  if (settings === undefined || settings.partitions.size === 0) return undefined;
  const tools = await findPrograms(look, ["ctl_mboxlist", "reconstruct", "cyr_dbtool", "cyradm"]);
  const version = await versionOf(look);
  const { volumes, remarks } = volumesOf(settings);
  return serverFromFacts(look, {
    kind: "cyrus",
    title: `Cyrus IMAP${version === undefined ? "" : ` ${version}`}`,
    ...(version === undefined ? {} : { version }),
    evidence: [
      ...(master === undefined
        ? []
        : [`cyrus master runs as process ${master.pid} of ${master.user}`]),
      `configuration ${file}, read by our own parser`,
    ],
    isRunning: processes === undefined ? undefined : master !== undefined,
    layouts: ["cyrus"],
    tools,
    remarks,
    volumes,
    commands: await serviceCommands(look, ["cyrus-imapd", "cyrus"]),
    listAccounts: async (signal) =>
      await listAccounts(look, { file, tools, settings, nameOfPlace, signal }),
    listProtected: async () => await protectedItems(look, settings, file),
    validator: validatorOf(look, tools),
    putBack: cyrusPutBack,
    changes: cyrusChanges(settings),
  });
}

/** The server's utilities where they are of this machine. */
function validatorOf(look: HostLook, tools: readonly FoundTool[]): Validator {
  const reconstruct = toolPath(tools, "reconstruct");
  if (look.host.kind !== "local" || reconstruct === undefined) return storeValidator();
  return cyrusValidator({ programs: parentFolder(reconstruct) });
}

async function versionOf(look: HostLook): Promise<string | undefined> {
  const [tool] = await findPrograms(look, ["cyr_info"]);
  if (tool === undefined) return undefined;
  const answer = await look.run([tool.path, "version"]);
  return /(\d+(?:\.\d+)+)/.exec(answer?.stdout ?? "")?.[1];
}

function volumesOf(settings: CyrusSettings): {
  readonly volumes: readonly ServerVolume[];
  readonly remarks: readonly string[];
} {
  const { configurationFolder, partitions, metaPartitions, archivePartitions } = settings;
  const of = (
    places: ReadonlyMap<string, string>,
    place: VolumePlace,
    role: ServerVolume["role"],
  ): readonly ServerVolume[] =>
    [...places].map(([name, path]) => ({ place, role, path, written: `${path} (${name})` }));
  return {
    volumes: [
      ...of(partitions, "mail", metaPartitions.size === 0 ? "mixed" : "database"),
      ...of(metaPartitions, "index", "database"),
      ...of(archivePartitions, "alt", "database"),
      { place: "control", role: "mixed", path: configurationFolder, written: configurationFolder },
    ],
    remarks: [
      "Folders of the spool have no names: mailboxes.db alone knows whose they are. Both must be of one instant.",
    ],
  };
}

async function listAccounts(
  look: HostLook,
  {
    file,
    tools,
    settings,
    nameOfPlace,
    signal,
  }: Pick<AccountsInFoldersOptions, "nameOfPlace" | "signal"> & {
    readonly file: string;
    readonly tools: readonly FoundTool[];
    readonly settings: CyrusSettings;
  },
): Promise<ServerAccounts> {
  const problems: string[] = [];
  const dump = toolPath(tools, "ctl_mboxlist");
  if (dump !== undefined) {
    const answer = await look.run([dump, "-C", file, "-d"], listTimeoutMs);
    const owners = answer?.ok === true ? ownersInDump(answer.stdout) : [];
    if (owners.length > 0)
      return {
        accounts: owners.map((name) => ({ name, layout: "cyrus" })),
        origin: "ctl_mboxlist",
        isComplete: true,
        problems,
      };
    problems.push(
      `"ctl_mboxlist" lists nobody${answer === undefined || answer.ok ? "" : `: ${answer.state} ${answer.complaint}`}. It runs as the user of Cyrus.`,
    );
  }
  const found = await accountsInFolders(look, {
    folders: [...settings.partitions.values()],
    nameOfPlace,
    signal,
  });
  return { ...found, problems: [...problems, ...found.problems] };
}

async function protectedItems(
  look: HostLook,
  { configurationFolder, sieveFolder, all }: CyrusSettings,
  file: string,
): Promise<readonly ProtectedItem[]> {
  const of = (name: string, below: string): string =>
    all.get(name) ?? `${configurationFolder}/${below}`;
  const items: readonly Omit<ProtectedItem, "isThere" | "written">[] = [
    {
      kind: "mailbox database",
      path: of("mboxlist_db_path", "mailboxes.db"),
      why: "Names of mailboxes and who may see them are in it alone: folders of the spool have no names.",
    },
    {
      kind: "subscriptions",
      path: `${configurationFolder}/user`,
      why: "What each user has read and subscribed to is there.",
    },
    {
      kind: "quota",
      path: all.get("quota_db_path") ?? `${configurationFolder}/quota`,
      why: "How much each user may have is there.",
    },
    {
      kind: "attributes",
      path: of("annotation_db_path", "annotations.db"),
      why: "Annotations of mailboxes and the server are in it.",
    },
    ...(sieveFolder === undefined
      ? []
      : [
          {
            kind: "sieve" as const,
            path: sieveFolder,
            why: "How arriving mail is filed and answered is in the scripts of the users.",
          },
        ]),
    {
      kind: "users",
      path: "/etc/sasldb2",
      why: "Passwords are there, where no other directory has them.",
    },
    {
      kind: "configuration",
      path: file,
      why: "Without it nobody knows where partitions and databases lay.",
    },
    {
      kind: "configuration",
      path: `${file.slice(0, file.lastIndexOf("/"))}/cyrus.conf`,
      why: "Which services run, and when, is in it.",
    },
  ];
  const found: ProtectedItem[] = [];
  for (const item of items)
    found.push({ ...item, written: item.path, isThere: await look.isThere(item.path) });
  return found;
}
