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
  { below = "", apart = [] }: { readonly below?: string; readonly apart?: readonly string[] } = {},
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
