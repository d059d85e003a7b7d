import type { Socket } from "node:net";
import { connect, type SecureContext, TLSSocket } from "node:tls";
import { LmtpError } from "../lmtp-error.ts";
import type { StageClock } from "./stage-clock.ts";
import { withLimit } from "./stage-clock.ts";
import { timedOut } from "./connection.ts";

/** How the mail server's certificate is looked at. */
export type ServerTls = {
  /** The name that its certificate must be for. */
  readonly name: string;
  /** Certificates of who may have signed it, PEM; absent: those that the system trusts. */
  readonly authorities?: string;
};

type Wait = { readonly limitMs: number; readonly clock: StageClock };

/** TLS towards the mail server, whose certificate must be right. */
export async function startTls(
  plain: Socket,
  { tls, ...wait }: Wait & { readonly tls: ServerTls },
): Promise<Socket> {
  const socket = connect({
    socket: plain,
    servername: tls.name,
    ...(tls.authorities === undefined ? {} : { ca: tls.authorities }),
  });
  return await secured(socket, { ...wait, event: "secureConnect", whose: "the mail server" });
}

/** TLS towards an MTA, with our certificate. */
export async function acceptTls(
  plain: Socket,
  { context, ...wait }: Wait & { readonly context: SecureContext },
): Promise<Socket> {
  const socket = new TLSSocket(plain, { isServer: true, secureContext: context });
  return await secured(socket, { ...wait, event: "secure", whose: "the MTA" });
}

async function secured(
  socket: TLSSocket,
  options: Wait & { readonly event: "secure" | "secureConnect"; readonly whose: string },
): Promise<Socket> {
  const { event, whose, limitMs, clock } = options;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once(event, resolve);
  const onError = (cause: Error): void =>
    reject(
      new LmtpError("lmtp.certificate", `Cannot begin TLS with ${whose}: ${cause.message}`, {
        hint: "Check the certificate, its name and who signed it.",
        cause,
      }),
    );
  socket.once("error", onError);
  const onClose = (): void => onError(new Error("the connection was closed"));
  socket.once("close", onClose).once("end", onClose);
  // Nobody reads yet; without this the other side's end would not be seen before the limit.
  const onReadable = (): void => {
    if (socket.readableLength === 0) socket.read(0);
  };
  socket.on("readable", onReadable);
  try {
    await withLimit(promise, { clock, limitMs, expired: () => timedOut("begin TLS", limitMs) });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    socket.off("error", onError).off("close", onClose).off("end", onClose);
    socket.off("readable", onReadable);
    socket.on("error", () => undefined);
  }
}
