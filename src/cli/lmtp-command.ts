import type { CommandSpec } from "./command.ts";
import type { OptionSpec } from "./arguments.ts";

const places: readonly OptionSpec[] = [
  {
    name: "listen",
    value: "ADDRESS",
    multiple: true,
    about: "where MTAs deliver: HOST:PORT or unix:/PATH; several may be given",
  },
  {
    name: "server",
    value: "ADDRESS",
    about: "the mail server's LMTP service: unix:/PATH or HOST:PORT",
  },
  {
    name: "journal",
    value: "DIR",
    about: "the folder of the journal; made where there is none",
    complete: "folder",
  },
  {
    name: "group",
    value: "GROUP",
    about: "the protection group whose journal it is (default: the folder's name)",
  },
  {
    name: "when-journal-fails",
    value: "POLICY",
    about:
      "tempfail: mail is refused for now and stays with the MTA (default); pass-through: it is delivered unprotected, and the gap is recorded",
    complete: ["tempfail", "pass-through"],
  },
  {
    name: "name",
    value: "NAME",
    about: "what the stage calls itself (default: this machine's name)",
  },
];

const access: readonly OptionSpec[] = [
  { name: "allow-public", about: "listen on an address that other machines can reach" },
  { name: "socket-mode", value: "MODE", about: "permission bits of a Unix socket (default: 0660)" },
  {
    name: "trust",
    value: "PEER",
    multiple: true,
    about: "who may say XCLIENT or send a proxy's header: an address, a network, or unix",
  },
  { name: "proxy-protocol", about: "trusted peers begin with a PROXY header, version 1 or 2" },
  { name: "tls-cert", value: "FILE", about: "certificate for STARTTLS, PEM", complete: "file" },
  { name: "tls-key", value: "FILE", about: "its private key, PEM", complete: "file" },
  {
    name: "server-tls",
    value: "NAME",
    about: "speak to the mail server under TLS; its certificate must be for NAME",
  },
  {
    name: "server-ca",
    value: "FILE",
    about: "who may have signed it, PEM (default: whom the system trusts)",
    complete: "file",
  },
];

/** Option → the limit that it sets; the same list says what is typed and what it means. */
export const limitOptions = [
  ["connect-timeout", "connectMs", "the mail server is to accept a connection", "30s"],
  ["greeting-timeout", "greetingMs", "it is to greet", "5m"],
  ["mail-timeout", "mailMs", "it is to answer MAIL", "5m"],
  ["rcpt-timeout", "recipientMs", "it is to answer RCPT", "5m"],
  ["data-timeout", "dataMs", "it is to answer DATA", "2m"],
  ["block-timeout", "blockMs", "one piece of a message, from the MTA or to the server", "3m"],
  ["final-timeout", "finalMs", "it is to answer the final dot", "10m"],
  ["command-timeout", "commandMs", "the MTA's next command", "5m"],
  ["journal-timeout", "journalMs", "the journal is to be on the disk", "1m"],
  ["idle-timeout", "idleMs", "an unused connection to the server is kept", "30s"],
  ["stop-timeout", "stopMs", "deliveries under way at a stop", "1m"],
] as const;

/** Option → the bound that it sets. */
export const boundOptions = [
  ["max-sessions", "maxSessions", "connections of MTAs at once", "100"],
  ["max-connections", "maxConnections", "connections to the mail server at once", "100"],
  ["max-recipients", "maxRecipients", "recipients of one message", "1000"],
] as const;

const numbers: readonly OptionSpec[] = [
  ...boundOptions.map(([name, , about, standard]) => ({
    name,
    value: "N",
    about: `${about} (default: ${standard})`,
  })),
  { name: "max-size", value: "SIZE", about: "of one message (default: 1GiB)" },
  ...limitOptions.map(([name, , about, standard]) => ({
    name,
    value: "DURATION",
    about: `how long: ${about} (default: ${standard})`,
  })),
  {
    name: "status-every",
    value: "DURATION",
    about: "say the counters so often (default: 1h), and at the end",
  },
];

export const lmtpCommand: CommandSpec = {
  name: "lmtp",
  summary: "stand before the mail server, and journal new mail before it is acknowledged",
  usage: ["--listen ADDRESS --server ADDRESS --journal DIR"],
  about: [
    "Takes mail over LMTP, hands it to the mail server while it comes in, and writes it into the journal at the same time. The mail server gets the final dot when the journal is on the disk; the MTA gets, for each recipient, what the mail server said. So no message is acknowledged that is not in the journal (RPO 0 for new mail), and none that the mail server did not take.",
    "Runs in the foreground until it is told to end (SIGTERM): then deliveries under way are finished, and the journal is closed. One line on standard error for each delivery. The exact behaviour in each case of failure, and the lines for Postfix, Exim, Dovecot and Cyrus, are in docs/operations/lmtp-stage.md.",
    "The journal is encrypted with the password of RESTANTE_PASSWORD_FILE or RESTANTE_PASSWORD. It protects against the loss of the mail store; on the same machine it does not outlive the machine. By itself it is neither mirrored, nor brought into a copy, nor thinned: it grows. `restante daemon` with delivery_stage in the configuration runs the same stage and does all of that.",
  ],
  options: [...places, ...access, ...numbers],
  examples: [
    {
      command:
        "restante lmtp --listen 127.0.0.1:2424 --server unix:/var/run/dovecot/lmtp --journal /srv/journal/mail",
      about: "between an MTA and Dovecot on this machine",
    },
    {
      command:
        "restante lmtp --listen unix:/run/restante/lmtp --server unix:/var/run/cyrus/socket/lmtp --journal /srv/journal/mail --when-journal-fails pass-through",
      about: "before Cyrus; deliver also while the journal's disk is full",
    },
  ],
  positionals: { least: 0, most: 0 },
  load: () => import("./commands/lmtp.ts"),
};
