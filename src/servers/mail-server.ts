/**
 * The MailServer port: a mail server as it runs on a host: where its mail and its logs lie, whose
 * mail it has, what else belongs to its state, how it is made to stand still, how a copy of it is
 * proved usable, and how mail goes back into it. One adapter for each kind of server.
 *
 * An adapter looks through the Host port alone, with a time limit on each question, and as whoever
 * it runs as. What it could not look at it says (`unseen`); it never takes it for nothing.
 */
import type { AccountPlaces, Validation, Volume } from "#image";
import type { MailLayout } from "#mail";
import { protectedWords, type ProtectedWord } from "#policy";
import type { FoundTool } from "./look/find-program.ts";
import type { Unseen } from "./look/host-look.ts";
import type { ServerCommand } from "./server-command.ts";
import type { ValidationRequest } from "./validate/validator.ts";

export const serverKinds = ["dovecot", "cyrus", "courier", "mbox", "maildir", "generic"] as const;
export type ServerKind = (typeof serverKinds)[number];

/** What a volume is to the server: the mail itself, or what it needs beside it. */
export const volumePlaces = ["mail", "index", "control", "attachments", "alt"] as const;
export type VolumePlace = (typeof volumePlaces)[number];

export type ServerVolume = {
  /** Paper §2.1: database or log; "mixed" where both lie in the same folder, which must be frozen as one. */
  readonly role: Volume["role"];
  readonly place: VolumePlace;
  /** Absolute: the deepest folder that has it for all accounts. */
  readonly path: string;
  /** As the configuration has it, with its variables. */
  readonly written: string;
};

export type ServerAccount = {
  /** As the server names it: "support@example.org", or a user of the system. */
  readonly name: string;
  /** Absolute; absent where only the server would tell. */
  readonly home?: string;
  /** Where its mail lies, absolute; absent where it could not be told. */
  readonly mail?: string;
  readonly layout?: MailLayout;
};

export type ServerAccounts = {
  readonly accounts: readonly ServerAccount[];
  /** Where the list comes from: "doveadm user", "passwd-file /etc/dovecot/users", "folders of /var/vmail". */
  readonly origin: string;
  /**
   * The list is all that there are. False after a failure, or where only those with mail are known:
   * then nobody has disappeared who is not in it.
   */
  readonly isComplete: boolean;
  readonly problems: readonly string[];
};

/** In the words of the configuration. */
export const protectedKinds: typeof protectedWords = protectedWords;
export type ProtectedKind = ProtectedWord;

/** Something that belongs to the server's state. */
export type ProtectedItem = {
  readonly kind: ProtectedKind;
  /** Absolute: the deepest folder, or the file, that has it for all accounts. */
  readonly path: string;
  /** As the configuration has it. */
  readonly written: string;
  /** What is lost without it, one sentence. */
  readonly why: string;
  /** False where it is said to be there and nothing is: then there is nothing to miss. Undefined: not known. */
  readonly isThere: boolean | undefined;
};

/** One way in which mail comes back into the server. */
export type PutBackWay = {
  readonly name: string;
  /** Whether the server must run, or must not, or either. */
  readonly server: "runs" | "is stopped" | "either";
  /** What of a message survives it. */
  readonly keeps: readonly ("UID" | "UIDVALIDITY" | "flags" | "keywords" | "INTERNALDATE")[];
  /** Commands and actions, in order; capitals are to be filled in. */
  readonly steps: readonly string[];
  /** What to beware of. */
  readonly cautions: readonly string[];
  /** False of a recipe that was written from documents. */
  readonly isTried: boolean;
};

/** How the server could tell of changes: the daemon follows it where the configuration names it. */
export type ChangeHint = {
  readonly name: string;
  /** Whether the configuration already gives it. */
  readonly isOn: boolean;
  readonly about: string;
  /** Where it writes them down, absolute: a file, or the folder of a channel. Absent where that is not known. */
  readonly log?: string;
  /** What it does not tell of as it is, and how it would: one sentence. */
  readonly lacks?: string;
};

export interface MailServer {
  readonly kind: ServerKind;
  /** For people: "Dovecot 2.3.19.1". */
  readonly title: string;
  readonly version?: string;
  /** Why it is thought to be there, best reason first. */
  readonly evidence: readonly string[];
  /** Undefined where that could not be looked at. */
  readonly isRunning: boolean | undefined;
  readonly layouts: readonly MailLayout[];
  readonly tools: readonly FoundTool[];
  /** What could not be looked at, so far. Grows. */
  readonly unseen: readonly Unseen[];
  /** What cannot be told from the configuration, one sentence each. */
  readonly remarks: readonly string[];
  /** The mail's own volume first. Empty where the configuration does not say: see `remarks`. */
  readonly volumes: readonly ServerVolume[];
  /** Where accounts have what is not in their own folder; absent where all is found without it. */
  readonly places?: readonly AccountPlaces[];
  readonly commands: ServerCommands;
  accounts(signal?: AbortSignal): Promise<ServerAccounts>;
  alsoProtect(signal?: AbortSignal): Promise<readonly ProtectedItem[]>;
  /** Throws `server.no-command` where it has none, `server.command-failed`. */
  run(action: ServerAction, signal?: AbortSignal): Promise<void>;
  /**
   * Whether a frozen image is usable, by the server's own utility where it has one that says so, run
   * on a throw-away copy, and by our reader. Throws `server.validator-failed` where it cannot be had.
   */
  validate(request: ValidationRequest): Promise<Validation>;
  readonly putBack: readonly PutBackWay[];
  readonly changes: readonly ChangeHint[];
}

export const serverActions = ["stop", "start", "quiesce", "resume"] as const;
export type ServerAction = (typeof serverActions)[number];

/** How the server is made to stand still. Stop and start, and quiesce and resume, come in pairs. */
export type ServerCommands = Readonly<Partial<Record<ServerAction, ServerCommand>>>;
