/** isync's mbsync, a mail program that is not ours: what it sees of an account over IMAP. */
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why tests with it are skipped; false where it is installed. */
export const withoutMbsync: string | false =
  spawnSync("mbsync", ["--version"]).error === undefined ? false : "isync is not installed";

export type MbsyncOptions = {
  readonly port: number;
  readonly user: string;
  readonly password: string;
};

/** Fetches the whole account anew: "mailbox: content flags seconds" of each message, sorted. */
export function seenByMbsync({ port, user, password }: MbsyncOptions): string[] {
  const folder = mkdtempSync(join(tmpdir(), "restante-mbsync-"));
  try {
    mkdirSync(join(folder, "mail"));
    writeFileSync(
      join(folder, "mbsyncrc"),
      `FSync no

IMAPStore far
Host 127.0.0.1
Port ${port}
User ${user}
Pass ${password}
SSLType None
AuthMechs LOGIN

MaildirStore near
Path ${folder}/mail/
Inbox ${folder}/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Near
Sync Pull
CopyArrivalDate yes
SyncState *
`,
    );
    const { status, stderr } = spawnSync("mbsync", ["-c", join(folder, "mbsyncrc"), "-a"], {
      env: { ...process.env, HOME: folder },
    });
    if (status !== 0) throw new Error(`mbsync: ${stderr.toString()}`);
    return readdirSync(join(folder, "mail"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\/(?:cur|new)$/.test(entry.parentPath))
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        const mailbox = entry.parentPath.slice(join(folder, "mail").length + 1, -"/cur".length);
        const letters = /:2,([A-Z]*)$/.exec(entry.name)?.[1] ?? "";
        const seconds = Math.floor(statSync(path).mtimeMs / 1000);
        return `${mailbox}: ${contentOf(readFileSync(path))} ${letters} ${seconds}`;
      })
      .sort();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** It puts a field of its own into what it stores. */
function contentOf(bytes: Buffer): string {
  const text = bytes.toString("latin1").replace(/^X-TUID: .*\r?\n/m, "");
  return createHash("sha256").update(text, "latin1").digest("hex").slice(0, 16);
}
