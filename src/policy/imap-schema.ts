import { z } from "zod";
import { absolutePathText, checkedText, tidyPath } from "./checked-values.ts";
import type { ImapConfig, SecretReference } from "./config.ts";
import { type ImapPlace, parseImapUrl } from "./imap-url.ts";
import { parseSecretReference } from "./secret-reference.ts";

export type WrittenImap = {
  readonly url: string;
  readonly master?: string | undefined;
  readonly password?: string | undefined;
  readonly authority?: string | undefined;
};

const url = checkedText((text) => {
  const parsed = parseImapUrl(text);
  return "code" in parsed ? parsed : undefined;
}).meta({ pattern: "^imaps?://" });

const secret = checkedText((text) => {
  const reference = parseSecretReference(text);
  return "code" in reference ? reference : undefined;
}).meta({ pattern: "^(credential:|env:|file:/)" });

export const imapSchema: z.ZodType<WrittenImap> = z.strictObject({
  url: url.describe("Where it answers: imaps://host[:port], or imap:// with STARTTLS."),
  master: z
    .string()
    .regex(/^[^\s\p{C}*]{1,255}$/u)
    .optional()
    .describe("The master user that may log in as everybody (Dovecot: user*master)."),
  password: secret
    .optional()
    .describe(
      "Where the master user's password is read from: credential:NAME, env:NAME, file:/path.",
    ),
  authority: absolutePathText
    .optional()
    .describe("A PEM file of the authority that signed the server's certificate."),
});

/** It was checked before: nothing here can fail. */
export function readImap({ url: written, master, password, authority }: WrittenImap): ImapConfig {
  return {
    place: parseImapUrl(written) as ImapPlace,
    ...(master === undefined ? {} : { master }),
    ...(password === undefined
      ? {}
      : { password: parseSecretReference(password) as SecretReference }),
    ...(authority === undefined ? {} : { authority: tidyPath(authority) }),
  };
}
