import type { Finding } from "./finding.ts";

/** A running server as a URL names it. */
export type ImapPlace = {
  /** `imaps`: TLS from the first byte. `imap`: STARTTLS, except to this machine itself. */
  readonly scheme: "imap" | "imaps";
  readonly host: string;
  readonly port: number;
};

const hint = "Write it like imaps://mx1.example.org, with :port where it is not the usual one.";
const hostPattern = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/;

/** Whether a text is meant to be a server's URL, right or wrong. */
export function isImapUrl(text: string): boolean {
  return /^imaps?:\/\//i.test(text);
}

/** `imap[s]://host[:port]`. What is not understood may hold a password, so no message quotes it. */
export function parseImapUrl(text: string): ImapPlace | Finding {
  const [, scheme = "", rest = ""] = /^(imaps?):\/\/(.*)$/su.exec(text) ?? [];
  if (scheme !== "imap" && scheme !== "imaps")
    return unreadable("the url of a server begins with imap:// or imaps://");
  if (rest.includes("@"))
    return {
      code: "config.inline-secret",
      message: "a user or a password must not stand in the url of a server",
      hint: "Name the user with --imap-user, and keep the password in a file.",
    };
  const where = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([^:/[\]]*))(?::([0-9]{1,5}))?\/?$/.exec(rest);
  const host = where?.[1] ?? where?.[2] ?? "";
  if (where === null || (where[1] === undefined && !hostPattern.test(host)))
    return unreadable("the host of the url cannot be one");
  const port = where[3] === undefined ? (scheme === "imaps" ? 993 : 143) : Number(where[3]);
  if (port < 1 || port > 65_535) return unreadable("a port is a number from 1 to 65535");
  return { scheme, host, port };
}

function unreadable(message: string): Finding {
  return { code: "config.url", message, hint };
}
