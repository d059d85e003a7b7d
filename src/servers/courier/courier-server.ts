import type { HostLook } from "../look/host-look.ts";
import { accountsInFolders, type AccountsInFoldersOptions } from "../look/accounts-in-folders.ts";
import { findPrograms, toolPath } from "../look/find-program.ts";
import type { FoundProcess } from "../look/processes.ts";
import { serviceCommands } from "../look/service-commands.ts";
import { parseShellSettings } from "../look/setting-lines.ts";
import { commonFolder, parentFolder } from "../folders.ts";
import { maildirPutBack } from "../maildir/maildir-recipes.ts";
import type {
  MailServer,
  ProtectedItem,
  ProtectedKind,
  ServerAccount,
  ServerAccounts,
} from "../mail-server.ts";
import { serverFromFacts } from "../server-from-facts.ts";
import { storeValidator } from "../validate/store-validator.ts";

export type FindCourierOptions = Pick<AccountsInFoldersOptions, "nameOfPlace"> & {
  readonly processes: readonly FoundProcess[] | undefined;
};

const configurationFolders = ["/etc/courier", "/etc/authlib", "/usr/lib/courier/etc"] as const;
const listTimeoutMs = 60_000;

/** Courier IMAP and its authdaemon; undefined where there is none. */
export async function findCourier(
  look: HostLook,
  { processes, nameOfPlace }: FindCourierOptions,
): Promise<MailServer | undefined> {
  const folders: string[] = [];
  for (const folder of configurationFolders) if (await look.isThere(folder)) folders.push(folder);
  const imapd =
    (await firstText(look, folders, "imapd")) ?? (await firstText(look, folders, "pop3d"));
  if (imapd === undefined) return undefined;
  const daemon = processes?.find(
    ({ program, words }) =>
      program === "authdaemond" ||
      (program === "couriertcpd" && words.some((word) => /imapd|pop3d/.test(word))),
  );
  const maildir = parseShellSettings(imapd.text).get("MAILDIRPATH") || "Maildir";
  const tools = await findPrograms(
    look,
    ["authenumerate", "maildiracl", "maildirkw"],
    ["/usr/sbin", "/usr/lib/courier/courier-authlib"],
  );
  const users = await findUsers(look, {
    folders,
    maildir,
    enumerate: toolPath(tools, "authenumerate"),
  });
  const mail = users.accounts.flatMap((account) => account.mail ?? []);
  // One user alone does not say where the others' homes are.
  const root = commonFolder(mail.map((path) => parentFolder(parentFolder(path)))) ?? "/home";
  const written = `~/${maildir}`;
  return serverFromFacts(look, {
    kind: "courier",
    title: "Courier",
    evidence: [
      ...(daemon === undefined
        ? []
        : [`${daemon.program} runs as process ${daemon.pid} of ${daemon.user}`]),
      `configuration ${imapd.path}`,
    ],
    isRunning: processes === undefined ? undefined : daemon !== undefined,
    layouts: ["maildir"],
    tools,
    remarks:
      mail.length === 0 ? [`Its users are not known: their mail is taken to be in ${root}.`] : [],
    volumes: [{ place: "mail", role: "mixed", path: root, written }],
    commands: await serviceCommands(look, ["courier-imap", "courier-imapd"]),
    listAccounts: async (signal): Promise<ServerAccounts> =>
      users.accounts.length > 0
        ? users
        : {
            ...(await accountsInFolders(look, { folders: [root], nameOfPlace, signal })),
            problems: users.problems,
          },
    listProtected: async () => await protectedItems(look, { root, written, folders }),
    validator: storeValidator(),
    putBack: maildirPutBack,
    changes: [],
  });
}

async function firstText(
  look: HostLook,
  folders: readonly string[],
  name: string,
): Promise<{ readonly path: string; readonly text: string } | undefined> {
  for (const folder of folders) {
    const path = `${folder}/${name}`;
    const text = await look.text(path);
    if (text !== undefined) return { path, text };
  }
  return undefined;
}

type UserPlaces = {
  readonly folders: readonly string[];
  /** Name of a Maildir below its home. */
  readonly maildir: string;
  readonly enumerate: string | undefined;
};

async function findUsers(
  look: HostLook,
  { folders, maildir, enumerate }: UserPlaces,
): Promise<ServerAccounts> {
  const problems: string[] = [];
  if (enumerate !== undefined) {
    const answer = await look.run([enumerate], listTimeoutMs);
    const accounts = answer?.ok === true ? parseEnumerated(answer.stdout, maildir) : [];
    if (accounts.length > 0)
      return { accounts, origin: "authenumerate", isComplete: true, problems };
    problems.push(
      `"authenumerate" lists nobody${answer === undefined || answer.ok ? "" : `: ${answer.state} ${answer.complaint}`}.`,
    );
  }
  const userdb = await firstText(look, folders, "userdb");
  if (userdb !== undefined) {
    const accounts = parseUserdb(userdb.text, maildir);
    if (accounts.length > 0)
      return { accounts, origin: `userdb ${userdb.path}`, isComplete: true, problems };
    problems.push(`The list of users "${userdb.path}" names nobody.`);
  }
  return { accounts: [], origin: "nothing", isComplete: false, problems };
}

/** authenumerate(1): name, uid, gid, home, Maildir, options, between tabs; "." ends the list. */
export function parseEnumerated(text: string, maildir: string): readonly ServerAccount[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", , , home = "", own = ""] = line.split("\t");
    return home.startsWith("/") ? [accountOf(name, { home, own, maildir })] : [];
  });
}

/** userdb(8): name TAB key=value|key=value. Passwords stand among them and are not kept. */
export function parseUserdb(text: string, maildir: string): readonly ServerAccount[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", fields = ""] = line.split("\t");
    const of = (key: string): string =>
      fields
        .split("|")
        .find((field) => field.startsWith(`${key}=`))
        ?.slice(key.length + 1) ?? "";
    const home = of("home");
    return name.startsWith("#") || !home.startsWith("/")
      ? []
      : [accountOf(name.replaceAll("/", "@"), { home, own: of("mail"), maildir })];
  });
}

function accountOf(
  name: string,
  { home, own, maildir }: { readonly home: string; readonly own: string; readonly maildir: string },
): ServerAccount {
  const mail = own === "" ? `${home}/${maildir}` : own.startsWith("/") ? own : `${home}/${own}`;
  return { name, home, mail: mail.replace(/\/$/, ""), layout: "maildir" };
}

async function protectedItems(
  look: HostLook,
  {
    root,
    written,
    folders,
  }: { readonly root: string; readonly written: string; readonly folders: readonly string[] },
): Promise<readonly ProtectedItem[]> {
  const inMaildir = (kind: ProtectedKind, file: string, why: string): ProtectedItem => ({
    kind,
    path: root,
    written: `${written}/${file}`,
    why,
    isThere: undefined,
  });
  return [
    inMaildir(
      "uidlist",
      "courierimapuiddb",
      "Without it every message gets a new UID: every client downloads all mail again.",
    ),
    inMaildir("keywords", "courierimapkeywords", "Keywords are in it and not in file names."),
    inMaildir(
      "subscriptions",
      "courierimapsubscribed",
      "Which folders a client shows is listed there.",
    ),
    inMaildir("acl", "courierimapacl", "Who may see whose folders is in the access control lists."),
    inMaildir("quota", "maildirsize", "How much each user has, and may have, is counted there."),
    ...(await Promise.all(
      folders.map(async (path): Promise<ProtectedItem> => ({
        kind: "configuration",
        path,
        written: path,
        why: "Without it nobody knows who has mail, and where it lay.",
        isThere: await look.isThere(path),
      })),
    )),
  ];
}
