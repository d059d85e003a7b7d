import type { ImapServer } from "./imap-server.ts";

export type DoveadmOptions = {
  /** Default: the first in PATH. */
  readonly program?: string;
  /** Where it is not the usual one. Absolute. */
  readonly configurationFile?: string;
};

/**
 * The Dovecot of this machine without a login: `doveadm exec imap` is a session of the user that it is
 * told, on pipes. Who may run it for others (root, as a rule) needs no password and no master user.
 */
export function doveadmServer({
  program = "doveadm",
  configurationFile,
}: DoveadmOptions = {}): ImapServer {
  const option = configurationFile === undefined ? [] : ["-c", configurationFile];
  return {
    host: "localhost",
    port: 0,
    security: "none",
    through: {
      shown: configurationFile === undefined ? "doveadm:" : `doveadm:${configurationFile}`,
      command: (user) => [program, ...option, "exec", "imap", "-u", user],
    },
  };
}
