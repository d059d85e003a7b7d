import { expandTemplate } from "#mail";
import type { HostLook } from "../look/host-look.ts";
import { parentFolder } from "../folders.ts";
import type { ProtectedItem, ProtectedKind } from "../mail-server.ts";
import type { DovecotSetup } from "./dovecot-setup.ts";
import { folderForAll, type PlaceContext } from "./dovecot-volumes.ts";
import { passwdFiles } from "./dovecot-users.ts";
import type { MailPlace, NamespacePlace } from "./mail-place.ts";
import {
  type DovecotSection,
  pathsInValue,
  listOf,
  pathsInDict,
  sectionsOf,
  settingOf,
} from "./settings-text.ts";

/** A path as written, and why it belongs to the state. */
type Wanted = { readonly kind: ProtectedKind; readonly written: string; readonly why: string };

/** Users whose own paths are looked at: whether anybody has such a file. */
const looked = 20;

/** What belongs to the state of a Dovecot beside the messages. */
export async function protectedItems(
  look: HostLook,
  setup: DovecotSetup,
  {
    places,
    context,
  }: { readonly places: readonly NamespacePlace[]; readonly context: PlaceContext },
): Promise<readonly ProtectedItem[]> {
  const found: ProtectedItem[] = [];
  const wanted = [
    ...places.flatMap(({ place }) => ofPlace(place)),
    ...ofPlugins(setup.root, places),
    ...ofSieve(setup.root),
    ...ofKeys(setup.root),
    ...passwdFiles(setup.root).map((written) => ({
      kind: "users" as const,
      written,
      why: "Who has mail, where, and by which password, is known to it alone.",
    })),
    {
      kind: "configuration" as const,
      written: parentFolder(setup.configurationFile),
      why: "Without it nobody knows where mail lay and in which form.",
    },
  ];
  for (const one of wanted) {
    const path = folderForAll(one.written, context);
    if (path === undefined || found.some((item) => item.kind === one.kind && item.path === path))
      continue;
    found.push({ ...one, path, isThere: await isThere(look, one.written, { path, context }) });
  }
  return found;
}

async function isThere(
  look: HostLook,
  written: string,
  { path, context }: { readonly path: string; readonly context: PlaceContext },
): Promise<boolean | undefined> {
  if (!/[%~]/.test(written)) return await look.isThere(path);
  const own = context.users.slice(0, looked).flatMap((user) => expandTemplate(written, user) ?? []);
  if (own.length === 0) return (await look.isThere(path)) ? undefined : false;
  for (const one of own) if (await look.isThere(one)) return true;
  return context.users.length > looked ? undefined : false;
}

function ofPlace(place: MailPlace): readonly Wanted[] {
  const { path, index = path, control = path, alt, attachments } = place;
  const items: Wanted[] = [];
  const add = (kind: ProtectedKind, written: string, why: string): void =>
    void items.push({ kind, written, why });
  if (place.driver === "maildir") {
    add(
      "uidlist",
      control,
      "Without dovecot-uidlist every message gets a new UID: every client downloads all mail again.",
    );
    add(
      "keywords",
      control,
      "Without dovecot-keywords a message's keywords become unknown-0, unknown-1, ….",
    );
    add(
      "index logs",
      index,
      "What is not in file names (private flags, modification sequences) is in the index logs.",
    );
  } else if (place.driver === "sdbox" || place.driver === "mdbox") {
    add(
      "index logs",
      index,
      "Flags and UIDs lie only in the indexes and their logs: without them all flags are gone.",
    );
    add(
      "indexes",
      index,
      "Without its indexes a dbox shows no message until it is rebuilt, and copied mail vanishes.",
    );
  } else if (place.driver === "mbox") {
    add("indexes", index, "What does not stand in the headers of an mbox is in its indexes.");
  }
  add("subscriptions", control, "Which folders a client shows is in the file of subscriptions.");
  if (alt !== undefined)
    add("alternative storage", alt, "Older messages were moved there and are nowhere else.");
  if (attachments !== undefined)
    add(
      "attachments",
      attachments,
      "Attachments are stored there once, and messages only refer to them.",
    );
  return items;
}

function ofPlugins(root: DovecotSection, places: readonly NamespacePlace[]): readonly Wanted[] {
  const plugins = listOf(root, "mail_plugins");
  const items: Wanted[] = [];
  const add = (kind: ProtectedKind, written: string | undefined, why: string): void => {
    if (written !== undefined) items.push({ kind, written, why });
  };
  if (plugins.includes("acl")) {
    const why = "Who may see whose folders is in the access control lists.";
    for (const { place } of places) add("acl", place.control ?? place.path, why);
    const global = settingOf(root, "acl")
      ?.replace(/^vfile:?/, "")
      .split(":")[0];
    add("acl", global?.startsWith("/") === true ? global : settingOf(root, "acl_global_path"), why);
    for (const key of ["acl_shared_dict", "acl_sharing_map"])
      for (const path of pathsInDict(root, key))
        add("acl", path, "Which folders are shared with whom is listed there.");
  }
  for (const key of ["mail_attribute_dict", "mail_attribute"])
    for (const path of pathsInDict(root, key))
      add(
        "attributes",
        path,
        "Annotations of folders (METADATA), special uses and keys of users are in the attributes.",
      );
  if (plugins.includes("quota")) {
    const why = "How much each user has, and may have, must be computed again without it.";
    for (const path of quotaPaths(root)) add("quota", path, why);
  }
  return items;
}

/** `quota = dict:User quota::file:%h/dovecot-quota`; other backends keep their count in the mail or its indexes. */
function quotaPaths(root: DovecotSection): readonly string[] {
  const plugin = sectionsOf(root, "plugin")[0]?.settings ?? new Map<string, string>();
  return [...plugin]
    .filter(([key]) => /^quota\d*$/.test(key))
    .flatMap(([, value]) => /:file:(\S+)/.exec(value)?.[1] ?? []);
}

/** 2.3: plugin settings; 2.4: `sieve_script NAME { path = … }`. */
function ofSieve(root: DovecotSection): readonly Wanted[] {
  const why = "How arriving mail is filed and answered is in the scripts of the users.";
  const shared = "Scripts that run for everybody.";
  const plugin = sectionsOf(root, "plugin")[0]?.settings ?? new Map<string, string>();
  const old = [...plugin].flatMap(([key, value]): Wanted[] => {
    if (!/^sieve(?:_dir|_before\d*|_after\d*|_default|_global(?:_dir|_path)?)?$/.test(key))
      return [];
    return pathsInValue(value).map((written) => ({
      kind: "sieve",
      written,
      why: key === "sieve" || key === "sieve_dir" ? why : shared,
    }));
  });
  const scripts = sectionsOf(root, "sieve_script").flatMap(({ settings, name }): Wanted[] =>
    ["path", "active_path", "sieve_script_path", "sieve_script_active_path"].flatMap((key) => {
      const written = settings.get(key);
      return written === undefined || written === ""
        ? []
        : [{ kind: "sieve", written, why: name === "personal" ? why : shared }];
    }),
  );
  const found = [...old, ...scripts];
  const uses = [...listOf(root, "mail_plugins"), ...listOf(root, "protocols")];
  if (found.length > 0 || !uses.includes("sieve")) return found;
  return ["~/sieve", "~/.dovecot.sieve"].map((written) => ({ kind: "sieve", written, why }));
}

/** Settings whose value is "<FILE": the file is named, and never read. */
function ofKeys(root: DovecotSection): readonly Wanted[] {
  const why = "Mail is encrypted: without its keys no copy of it can be read by anybody.";
  const found: string[] = [];
  const visit = (section: DovecotSection): void => {
    for (const [key, value] of section.settings) {
      if (!/^(?:mail_)?crypt_.*key|^crypt_private_key_file$/.test(key)) continue;
      const path = value.startsWith("<") ? value.slice(1).trim() : value;
      if (path.startsWith("/")) found.push(path);
    }
    for (const below of section.sections) visit(below);
  };
  visit(root);
  const isOn = listOf(root, "mail_plugins").includes("mail_crypt");
  // doveconf hides the value of a key.
  const folder = isOn && found.length === 0 ? ["%h"] : [];
  return [...found, ...folder].map((written) => ({ kind: "mail_crypt keys", written, why }));
}
