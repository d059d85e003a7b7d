import { expandTemplate } from "#mail";
import type { HostLook } from "../look/host-look.ts";
import {
  parseUserFields,
  parsePasswdFile,
  parseUserNames,
  type FoundUser,
} from "./doveadm-user.ts";
import type { DovecotSetup } from "./dovecot-setup.ts";
import { type DovecotSection, sectionsOf, settingOf } from "./settings-text.ts";

export type FoundUsers = {
  readonly users: readonly FoundUser[];
  readonly origin: string;
  readonly isComplete: boolean;
  readonly problems: readonly string[];
};

/** Names that are asked for at once, and at most in all: the rest is told by templates. */
const namesAtOnce = 100;
const mostAsked = 20_000;
const listTimeoutMs = 120_000;

/**
 * Whose mail the server has: as the running server says, else as its passwd-files say. A list that
 * failed or came back empty is none: nobody has disappeared who is not in it.
 */
export async function findUsers(look: HostLook, setup: DovecotSetup): Promise<FoundUsers> {
  const problems: string[] = [];
  const home = homeTemplate(setup.root);
  const withHomes = (users: readonly FoundUser[]): readonly FoundUser[] =>
    users.map((user) => {
      const found = user.home ?? (home === undefined ? undefined : expandTemplate(home, user));
      return found === undefined ? user : { ...user, home: found };
    });
  const served = setup.isRunning === false ? undefined : await askServer(look, setup, problems);
  if (served !== undefined)
    return { users: withHomes(served), origin: "doveadm user", isComplete: true, problems };
  for (const file of passwdFiles(setup.root)) {
    const text = await look.text(file);
    if (text === undefined) {
      problems.push(`The list of users "${file}" is not there or cannot be read.`);
      continue;
    }
    const users = withHomes(parsePasswdFile(text));
    if (users.length === 0) problems.push(`The list of users "${file}" names nobody.`);
    else
      return { users, origin: `passwd-file ${file}`, isComplete: problems.length === 0, problems };
  }
  const others = userDrivers(setup.root).filter((driver) => driver !== "passwd-file");
  if (others.length > 0 && setup.isRunning !== true)
    problems.push(
      `Its users are known to ${others.join(" and ")}: only the running server lists them.`,
    );
  return { users: [], origin: "nothing", isComplete: false, problems };
}

async function askServer(
  look: HostLook,
  setup: DovecotSetup,
  problems: string[],
): Promise<readonly FoundUser[] | undefined> {
  if (setup.doveadm === undefined) return undefined;
  const doveadm = [setup.doveadm, ...setup.configurationOption];
  const listed = await look.run([...doveadm, "user", "*"], listTimeoutMs);
  if (listed === undefined || !listed.ok) {
    const state = listed === undefined ? "it did not end" : `${listed.state} ${listed.complaint}`;
    problems.push(`"doveadm user" lists nobody: ${state.trim()}.`.replace(/\.\.$/, "."));
    return undefined;
  }
  const names = parseUserNames(listed.stdout);
  if (names.length === 0) {
    problems.push(`"doveadm user" lists nobody: its user database may not know how to list.`);
    return undefined;
  }
  const users: FoundUser[] = [];
  for (let first = 0; first < names.length; first += namesAtOnce) {
    const some = names.slice(first, first + namesAtOnce);
    users.push(...(await fieldsOf(look, { doveadm, names: some, isAsked: first < mostAsked })));
  }
  return users;
}

async function fieldsOf(
  look: HostLook,
  {
    doveadm,
    names,
    isAsked,
  }: {
    readonly doveadm: readonly string[];
    readonly names: readonly string[];
    readonly isAsked: boolean;
  },
): Promise<readonly FoundUser[]> {
  const bare = names.map((name) => ({ name, settings: new Map<string, string>() }));
  // A name that looks like an option or a pattern is none to ask for.
  if (!isAsked || names.some((name) => /^-|[*?]/.test(name))) return bare;
  const found = await ask(look, doveadm, names);
  if (found !== undefined || names.length === 1) return found ?? bare;
  // One of them is nobody any more: then each is asked for alone.
  const users: FoundUser[] = [];
  for (const one of bare) users.push(...((await ask(look, doveadm, [one.name])) ?? [one]));
  return users;
}

async function ask(
  look: HostLook,
  doveadm: readonly string[],
  names: readonly string[],
): Promise<readonly FoundUser[] | undefined> {
  const answer = await look.run([...doveadm, "user", ...names], listTimeoutMs);
  return answer?.ok === true ? parseUserFields(answer.stdout, names) : undefined;
}

/** Where homes are for all users: mail_home, or what a user database says for all. */
export function homeTemplate(root: DovecotSection): string | undefined {
  const userdbs = sectionsOf(root, "userdb");
  for (const { settings, sections } of userdbs) {
    const inArguments = /(?:^|\s)home=(\S+)/.exec(settings.get("args") ?? "")?.[1];
    const inFields =
      /(?:^|\s)home=(\S+)/.exec(
        `${settings.get("override_fields") ?? ""} ${settings.get("default_fields") ?? ""}`,
      )?.[1] ?? sections.find(({ type }) => type === "fields")?.settings.get("home");
    const found = inArguments ?? inFields;
    if (found !== undefined) return found;
  }
  return settingOf(root, "mail_home");
}

/** Files with users: `driver = passwd-file` of 2.3, `userdb passwd-file { passwd_file_path }` of 2.4. */
export function passwdFiles(root: DovecotSection): readonly string[] {
  const common = root.settings.get("passwd_file_path");
  return [...sectionsOf(root, "userdb"), ...sectionsOf(root, "passdb")].flatMap((userdb) => {
    if (driverOf(userdb) !== "passwd-file") return [];
    const path =
      userdb.settings.get("passwd_file_path") ??
      common ??
      userdb.settings
        .get("args")
        ?.split(/\s+/)
        .find((word) => word.startsWith("/"));
    // One file for each domain: "/etc/mail/%d/users".
    return path === undefined || path.includes("%") ? [] : [path];
  });
}

export function userDrivers(root: DovecotSection): readonly string[] {
  return [...new Set(sectionsOf(root, "userdb").map(driverOf))].filter((driver) => driver !== "");
}

function driverOf({ settings, name }: DovecotSection): string {
  return settings.get("driver") ?? name;
}
