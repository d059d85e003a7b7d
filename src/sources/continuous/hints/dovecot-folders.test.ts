import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { RawPath } from "#image";
import { DovecotFolders } from "./dovecot-folders.ts";

type Store = Disposable & {
  readonly folders: DovecotFolders;
  /** Folders to look at, with "/**" behind those with all below them. */
  readonly of: (user: string, ...mailboxes: readonly string[]) => readonly string[];
};

function storeOf(
  paths: readonly string[],
  {
    below = "",
    apart = [],
    partsOf,
  }: {
    readonly below?: string;
    readonly apart?: readonly string[];
    readonly partsOf?: (path: RawPath) => readonly RawPath[];
  } = {},
): Store {
  const top = realpathSync(mkdtempSync(join(tmpdir(), "restante-folders-")));
  const root = join(top, below);
  for (const path of paths) mkdirSync(join(root, path), { recursive: true });
  mkdirSync(join(top, "elsewhere", "cur"), { recursive: true });
  if (paths.includes("linked"))
    symlinkSync(join(top, "elsewhere"), join(root, "linked", "Maildir"));
  if (paths.includes("sd/sdbox/mailboxes"))
    symlinkSync(join(top, "elsewhere"), join(root, "sd/sdbox/mailboxes/Link"));
  const known = paths.flatMap((path) => {
    const steps = path.split("/");
    return steps.map((_, index) => steps.slice(0, index + 1).join("/"));
  });
  const folders = new DovecotFolders({
    places: () =>
      apart.length === 0
        ? [{ path: "" as RawPath, folder: root as RawPath }]
        : apart.map((one) => ({ path: `x/${one}` as RawPath, folder: join(root, one) as RawPath })),
    isProtected: (path) => !path.startsWith("secret"),
    folders: () => [...new Set(known)] as readonly string[] as RawPath[],
    ...(partsOf === undefined ? {} : { partsOf }),
    steadyMs: () => 0,
  });
  return {
    folders,
    of: (user, ...mailboxes) =>
      folders
        .hintsOf(mailboxes.length === 0 ? { user } : { user, mailboxes })
        .map(({ folder, below: isBelow }) => (isBelow === true ? `${folder}/**` : folder)),
    [Symbol.dispose]: () => rmSync(top, { recursive: true }),
  };
}

test("a mailbox of a Maildir is its folder with cur and new, whatever the separator", () => {
  using store = storeOf(["example.org/md/Maildir/cur", "example.org/md/Maildir/.A.S&AOk-nt/cur"]);
  const top = "example.org/md/Maildir";
  assert.deepEqual(store.of("md@example.org", "INBOX"), [top, `${top}/cur`, `${top}/new`]);
  const sent = [`${top}/.A.S&AOk-nt`, `${top}/.A.S&AOk-nt/cur`, `${top}/.A.S&AOk-nt/new`];
  for (const name of ["A/Sént", "A.Sént", "INBOX.A.Sént", "INBOX/A/Sént"])
    assert.deepEqual(store.of("md@example.org", name), sent, name);
  assert.deepEqual(store.of("md@example.org", "nothing", "A/Sént"), sent);
});

test("a mailbox of a dbox is its folder, and what is stored for all", () => {
  using store = storeOf([
    "sd/sdbox/mailboxes",
    "sd/sdbox/mailboxes/INBOX/dbox-Mails",
    "sd/sdbox/mailboxes/A/B/dbox-Mails",
    "mm/mdbox/mailboxes/INBOX/dbox-Mails",
    "mm/mdbox/storage",
  ]);
  assert.deepEqual(store.of("sd", "INBOX"), ["sd/sdbox/mailboxes/INBOX/dbox-Mails"]);
  assert.deepEqual(store.of("sd", "A/B"), ["sd/sdbox/mailboxes/A/B/dbox-Mails"]);
  assert.deepEqual(store.of("mm", "inbox"), [
    "mm/mdbox/mailboxes/INBOX/dbox-Mails",
    "mm/mdbox/storage",
  ]);
});

test("where the mailbox is not known, or none is meant, all of the account is in question", () => {
  using store = storeOf(["md/Maildir/cur"]);
  for (const names of [[], ["Gone"], ["a long name that is cut..."]])
    assert.deepEqual(store.of("md", ...names), ["md/Maildir/**"]);
});

test("nothing leads out of the store, nor through a link", () => {
  using store = storeOf(["md/Maildir/cur", "linked", "sd/sdbox/mailboxes", "secret/cur"], {
    below: "mail/users",
  });
  const hostile = ["..", ".", "../..", "/", "//etc", "a\0b", "../../elsewhere", "x".repeat(300)];
  for (const name of hostile) {
    assert.deepEqual(store.of("md", name), ["md/Maildir/**"], name);
    assert.deepEqual(store.of(name, "INBOX"), [""], name);
    assert.deepEqual(
      store.of(`md@${name}`, "INBOX").filter((path) => path.includes("..")),
      [],
    );
  }
  assert.deepEqual(store.of("linked", "INBOX"), [""]);
  assert.deepEqual(store.of("sd", "Link"), ["sd/sdbox/**"]);
  assert.deepEqual(store.of("secret", "INBOX"), [], "another group's");
});

test("accounts at unusual places are found among the folders that are known", () => {
  using store = storeOf([
    "example.org/m/md/Maildir/cur",
    "example.com/m/md/Maildir/cur",
    "example.org/m/md/Maildir/.Archive/cur",
  ]);
  assert.equal(store.of("md@example.com", "INBOX")[0], "example.com/m/md/Maildir");
  assert.deepEqual([...store.folders.unknown], []);
});

test("a user who is not known is said, and looked for where new accounts come", () => {
  using store = storeOf(["example.org/md/cur"]);
  assert.deepEqual(store.of("new@example.org", "INBOX"), ["", "example.org"]);
  assert.deepEqual([...store.folders.unknown], ["new@example.org"]);
});

test("a store may be one user's own", () => {
  using store = storeOf(["cur", ".A/cur"], { below: "home/md/Maildir" });
  assert.deepEqual(store.of("md", "A"), [".A", ".A/cur", ".A/new"]);
});

test("of a store in several places each has its part of an account", () => {
  using store = storeOf(["mail/md/mdbox/storage", "index/md/mdbox/mailboxes/INBOX/dbox-Mails"], {
    apart: ["mail", "index"],
  });
  assert.deepEqual(
    new Set(store.of("md", "INBOX")),
    new Set(["x/mail/md/mdbox/**", "x/index/md/mdbox/mailboxes/INBOX/dbox-Mails"]),
  );
  assert.deepEqual(store.of("joe", "INBOX"), ["x/mail", "x/index"]);
});

/** A store whose places are known: each account's parts have its name. */
function partsIn(...places: readonly string[]): (path: RawPath) => readonly RawPath[] {
  return (path) => {
    const [, place = "", name = ""] = /^x\/([^/]+)\/([^/]+)/.exec(path) ?? [];
    return places.includes(place) ? places.map((one) => `x/${one}/${name}` as RawPath) : [path];
  };
}

test("lists and indexes of a Maildir that lie elsewhere are looked at with their mailbox", () => {
  using store = storeOf(
    ["mail/md/cur", "mail/md/.A/cur", "index/md/.INBOX", "index/md/.A", "control/md/.INBOX"],
    { apart: ["mail", "index", "control"], partsOf: partsIn("mail", "index", "control") },
  );
  const beside = ["x/index/md", "x/control/md"];
  assert.deepEqual(
    new Set(store.of("md", "INBOX")),
    new Set([
      "x/mail/md",
      "x/mail/md/cur",
      "x/mail/md/new",
      ...beside,
      "x/index/md/.INBOX",
      "x/control/md/.INBOX",
    ]),
  );
  assert.deepEqual(
    new Set(store.of("md", "A")),
    // The lists of a new mailbox are in the folder that has it next.
    new Set(["x/mail/md/.A", "x/mail/md/.A/cur", "x/mail/md/.A/new", ...beside, "x/index/md/.A"]),
  );
  assert.deepEqual(
    store.of("md", "unknown"),
    ["x/mail/md", ...beside].map((path) => `${path}/**`),
  );
});

test("a part that looks like an account by itself is none, and older messages are looked at, too", () => {
  const mailbox = "mailboxes/INBOX/dbox-Mails";
  using store = storeOf(
    [
      `mail/xd/${mailbox}`,
      "mail/xd/storage",
      `index/xd/${mailbox}`,
      "index/xd/storage",
      "alt/xd/storage",
    ],
    { apart: ["mail", "index", "alt"], partsOf: partsIn("mail", "index", "alt") },
  );
  assert.deepEqual(
    new Set(store.of("xd", "INBOX")),
    new Set([
      `x/mail/xd/${mailbox}`,
      "x/mail/xd/storage",
      "x/index/xd",
      `x/index/xd/${mailbox}`,
      "x/index/xd/storage",
      "x/alt/xd",
      "x/alt/xd/storage",
    ]),
  );
});
