/** The IMAP way to a living account, against Debian's Dovecot with every layout that it writes. */
import { join } from "node:path";
import { after, before } from "node:test";
import { doveadmServer, openImapAccount } from "#recovery";
import { livingAccountContract } from "../src/recovery/living/living-account.contract.ts";
import {
  DovecotImap,
  type ImapUser,
  masterName,
  masterPassword,
  withoutImap,
} from "./support/dovecot-imap.ts";

const layouts = ["maildir", "sdbox", "mdbox"] as const;

for (const { separator, prefix } of [
  { separator: "/", prefix: "" },
  { separator: ".", prefix: "INBOX." },
]) {
  const users = layouts.flatMap((layout) =>
    ["", ...(separator === "/" ? ["own-"] : [])].flatMap((kind) =>
      Array.from({ length: 10 }, (_, index): ImapUser => ({
        name: `${kind}${layout}${index}`,
        layout,
      })),
    ),
  );
  let server: DovecotImap;
  before(async () => {
    if (withoutImap === false) server = await DovecotImap.start({ users, separator, prefix });
  });
  after(async () => await server?.[Symbol.asyncDispose]());
  // The same without a login, on the pipes of the server's own program.
  if (separator === "/")
    for (const layout of layouts) {
      let next = 0;
      livingAccountContract(`doveadm exec imap (${layout})`, {
        open: async () =>
          await openImapAccount({
            server: doveadmServer({ configurationFile: join(server.folder, "dovecot.conf") }),
            user: `own-${layout}${next++}`,
            password: "",
          }),
        separator,
        skip: withoutImap,
      });
    }
  for (const layout of layouts) {
    let next = 0;
    livingAccountContract(`IMAP to Dovecot (${layout}, ${separator}, "${prefix}")`, {
      open: async () => {
        const user = `${layout}${next++}`;
        return await openImapAccount({
          server: { host: "127.0.0.1", port: server.port, security: "none" },
          user,
          name: `${user}*${masterName}`,
          password: masterPassword,
        });
      },
      separator,
      skip: withoutImap,
    });
  }
}
