/** The IMAP way to a living account, against Debian's Cyrus with either separator. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { openImapAccount } from "#recovery";
import { livingAccountContract } from "../src/recovery/living/living-account.contract.ts";
import { Cyrus, withoutCyrus } from "./support/cyrus.ts";
import { CyrusSession } from "./support/cyrus-session.ts";
import { freePort } from "./support/dovecot-imap.ts";

const owners = 12;

for (const { separator, prefix, lines } of [
  { separator: "/", prefix: "", lines: ["munge8bit: no"] },
  {
    separator: ".",
    prefix: "INBOX.",
    lines: ["munge8bit: no", "unixhierarchysep: no", "altnamespace: no"],
  },
]) {
  let folder = "";
  let port = 0;
  let server: Cyrus;
  let next = 0;
  before(async () => {
    if (withoutCyrus !== false) return;
    // It makes every change durable: in memory that costs nothing.
    folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "restante-cyrus-"));
    port = await freePort();
    server = await Cyrus.start(join(folder, "server"), { lines, port });
    const admin = await CyrusSession.logIn(server, "admin");
    for (let owner = 0; owner < owners; owner++)
      await admin.command(`CREATE user${separator}owner${owner}`);
    await admin.logOut();
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  livingAccountContract(`IMAP to Cyrus ("${separator}", "${prefix}")`, {
    open: async () =>
      await openImapAccount({
        server: { host: "127.0.0.1", port, security: "none" },
        user: `owner${next++}`,
        password: "pw",
      }),
    separator,
    // It takes neither quotes nor backslashes, and no percent sign.
    oddNames: ["under_score", "plus+"],
    skip: withoutCyrus,
  });
}
