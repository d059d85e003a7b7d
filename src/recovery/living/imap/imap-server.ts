/** Where a running IMAP server is, and how it is talked to. */
export type ImapServer = {
  readonly host: string;
  readonly port: number;
  /**
   * `tls` from the first byte (RFC 8314); `starttls` or no connection at all; `none` only where the
   * way there is safe, or a person said so.
   */
  readonly security: "tls" | "starttls" | "none";
  /** Certificates of authorities to trust instead of the system's, PEM. */
  readonly authorities?: string;
  /** A program of this machine whose input and output are the session, already logged in, instead of a connection. */
  readonly through?: {
    /** For people and for records. */
    readonly shown: string;
    readonly command: (user: string) => readonly string[];
  };
  /** How long a connection may take. Default: 30 seconds. */
  readonly connectTimeoutMs?: number;
  /** How long the server may be silent while it owes an answer. Default: 5 minutes. */
  readonly silenceTimeoutMs?: number;
};

export type ImapLogin = {
  /** Whose mail it is. */
  readonly user: string;
  /** The name that logs in, where it is another: "support*master" of a Dovecot master user. */
  readonly name?: string;
  readonly password: string;
};

/** "imap://mx1:143", without secrets. */
export function imapServerText({
  host,
  port,
  security,
  through,
}: Pick<ImapServer, "host" | "port" | "security" | "through">): string {
  if (through !== undefined) return through.shown;
  const name = host.includes(":") ? `[${host}]` : host;
  return `${security === "tls" ? "imaps" : "imap"}://${name}:${port}`;
}

const loopbackName = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i;

/** Whether what is sent to this host never leaves this machine. */
export function isLoopback(host: string): boolean {
  return loopbackName.test(host);
}
