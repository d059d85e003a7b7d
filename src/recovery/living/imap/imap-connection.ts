import type { ImapFlow, ImapTransport } from "imapflow";
import { setTimeout as pause } from "node:timers/promises";
import { quoted } from "#errors";
import { openProcessStream } from "#hosts";
import { largestMessageBytes } from "../living-account.ts";
import { LivingError } from "../living-error.ts";
import { type ImapLogin, type ImapServer, imapServerText } from "./imap-server.ts";

/** How often a connection that broke is made again before the work on it is given up; and after how long. */
const pausesMs: readonly number[] = [0, 1000, 4000, 15_000];

/** What imapflow's errors carry. */
type ClientError = Error & {
  readonly responseStatus?: string;
  readonly responseText?: string;
  readonly serverResponseCode?: string;
  readonly authenticationFailed?: boolean;
  readonly mailboxMissing?: boolean;
};

export type WorkOptions = {
  /** What is done, for the error: `append to "INBOX"`. */
  readonly what: string;
  /** Whether it may be done again when the connection broke in the middle. Default: true. */
  readonly isRepeatable?: boolean;
};

/** One login of one user, made when it is needed, and made again when it broke. */
export class ImapConnection implements AsyncDisposable {
  readonly location: string;
  readonly #server: ImapServer;
  readonly #login: ImapLogin;
  readonly #signal: AbortSignal | undefined;
  #client: ImapFlow | undefined;
  #wasConnected = false;

  constructor(server: ImapServer, login: ImapLogin, signal?: AbortSignal) {
    this.#server = server;
    this.#login = login;
    this.#signal = signal;
    this.location = `${imapServerText(server)}/${login.user}`;
    signal?.addEventListener("abort", this.#abort, { once: true });
  }

  readonly #abort = (): void => this.#client?.close();

  /** Runs work on a connection that stands. Throws LivingError, or what the signal was aborted with. */
  async run<Result>(
    work: (client: ImapFlow) => Promise<Result>,
    options: WorkOptions,
  ): Promise<Result> {
    const { what, isRepeatable = true } = options;
    for (let attempt = 0; ; attempt++) {
      this.#signal?.throwIfAborted();
      const client = await this.connected();
      try {
        return await work(client);
      } catch (error) {
        this.#signal?.throwIfAborted();
        if (error instanceof LivingError) throw error;
        if (client.usable) throw this.#refused(error as ClientError, what);
        if (isRepeatable && attempt + 1 < pausesMs.length) continue;
        throw new LivingError(
          "living.lost",
          `Cannot ${what} of ${quoted(this.location)}: the connection broke (${quoted(textOf(error))})`,
          {
            hint: "Look at the server and its log, then run it again.",
            retryable: true,
            cause: error,
          },
        );
      }
    }
  }

  /** The connection, made (again) where it does not stand. */
  async connected(): Promise<ImapFlow> {
    if (this.#client?.usable === true) return this.#client;
    // A server that was never there is told at once; one that restarts is waited for.
    const pauses = this.#wasConnected ? pausesMs : pausesMs.slice(0, 1);
    for (const [attempt, pauseMs] of pauses.entries()) {
      const isLast = attempt === pauses.length - 1;
      if (pauseMs > 0) await pause(pauseMs, undefined, this.#signalOption());
      const client = await this.#newClient();
      try {
        await client.connect();
        this.#client = client;
        this.#wasConnected = true;
        return client;
      } catch (error) {
        client.close();
        this.#signal?.throwIfAborted();
        const failure = this.#notConnected(error as ClientError);
        if (isLast || !failure.retryable) throw failure;
      }
    }
    throw new Error("there is a last attempt");
  }

  async #newClient(): Promise<ImapFlow> {
    // Loaded only where a server is talked to.
    const imapflow = await import("imapflow");
    const { host, port, security, authorities, connectTimeoutMs = 30_000 } = this.#server;
    const { silenceTimeoutMs = 300_000, through } = this.#server;
    const { user, name = user, password } = this.#login;
    const client = new imapflow.ImapFlow({
      host,
      port,
      secure: security === "tls",
      ...(security === "tls" ? {} : { doSTARTTLS: security === "starttls" }),
      ...(authorities === undefined ? {} : { tls: { ca: authorities } }),
      auth: { user: name, pass: password },
      ...(through === undefined ? {} : { transport: pipeTransport(through.command(user)) }),
      // It would write what is sent and received.
      logger: false,
      emitLogs: false,
      clientInfo: { name: "restante" },
      disableAutoIdle: true,
      disableCompression: true,
      disableAutoEnable: true,
      disableIMAP4rev2: true,
      connectionTimeout: connectTimeoutMs,
      greetingTimeout: connectTimeoutMs,
      socketTimeout: silenceTimeoutMs,
      maxLiteralSize: largestMessageBytes + 1024,
      maxLineLength: 16 * 1024 * 1024,
      maxResponseSize: largestMessageBytes + 32 * 1024 * 1024,
    });
    // What breaks outside of a command shows as a connection that is not usable.
    client.on("error", () => undefined);
    return client;
  }

  #notConnected(error: ClientError): LivingError {
    const where = quoted(this.location);
    if (error.authenticationFailed === true) {
      return new LivingError(
        "living.refused",
        `Cannot log in to ${where}: the server refuses the name or the password`,
        {
          hint: "Check the user, the master user and where the password comes from.",
          cause: error,
        },
      );
    }
    const isInsecure = /STARTTLS|TLS|certificate|CERT_|SELF_SIGNED/i.test(
      `${textOf(error)} ${String((error as { code?: unknown }).code)}`,
    );
    if (isInsecure && (error as { tlsFailed?: boolean }).tlsFailed !== false) {
      return new LivingError(
        "living.insecure",
        `Cannot talk to ${where} safely: ${quoted(textOf(error))}`,
        {
          hint: "Give the server a certificate that is trusted here, or name its authority.",
          cause: error,
        },
      );
    }
    const isPiped = this.#server.through !== undefined;
    return new LivingError(
      "living.unreachable",
      `Cannot reach ${where}: ${quoted(textOf(error))}`,
      {
        hint: isPiped
          ? "Check that doveadm is on this machine, that it knows the user, and that you may run it for others: root may."
          : "Check host, port and network, and that the IMAP server runs.",
        retryable: !isPiped,
        cause: error,
      },
    );
  }

  #refused(error: ClientError, what: string): LivingError {
    const code = error.serverResponseCode?.toUpperCase();
    const said = error.responseText ?? textOf(error);
    if (error.mailboxMissing === true || code === "NONEXISTENT" || code === "TRYCREATE") {
      return new LivingError(
        "living.no-mailbox",
        `Cannot ${what} of ${quoted(this.location)}: there is no such mailbox`,
        { hint: "It was removed or renamed meanwhile; plan the restore again.", cause: error },
      );
    }
    const named = code === undefined || said.includes(code) ? "" : ` (${code})`;
    return new LivingError(
      "living.rejected",
      `Cannot ${what} of ${quoted(this.location)}: the server says ${quoted(said)}${named}`,
      {
        hint: "Look at the server's log; quota, size limits and rights are the usual reasons.",
        cause: error,
      },
    );
  }

  #signalOption(): { readonly signal?: AbortSignal } {
    return this.#signal === undefined ? {} : { signal: this.#signal };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#abort);
    const client = this.#client;
    this.#client = undefined;
    if (client?.usable === true) await client.logout().catch(() => undefined);
    client?.close();
  }
}

/** The session of a program, which is there as soon as it was begun. */
function pipeTransport(command: readonly string[]): ImapTransport {
  return {
    connect: (_options, onConnect) => {
      const stream = openProcessStream(command);
      setImmediate(onConnect);
      return stream;
    },
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
