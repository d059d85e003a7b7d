import { connect, type Socket } from "node:net";
import { LmtpError } from "../lmtp-error.ts";
import { timedOut } from "./connection.ts";
import { type Endpoint, endpointText } from "./endpoint.ts";
import type { StageClock } from "./stage-clock.ts";

/** Connects. Throws LmtpError `lmtp.unreachable`, `lmtp.timeout`. */
export async function openSocket(
  endpoint: Endpoint,
  { limitMs, clock }: { readonly limitMs: number; readonly clock: StageClock },
): Promise<Socket> {
  const socket =
    endpoint.kind === "unix"
      ? connect({ path: endpoint.path })
      : connect({ host: endpoint.host, port: endpoint.port, noDelay: true });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("connect", resolve);
  const onError = (cause: Error): void =>
    reject(
      new LmtpError(
        "lmtp.unreachable",
        `Cannot reach the mail server at ${endpointText(endpoint)}: ${causeText(cause)}`,
        { hint: "Check that its LMTP service runs and listens there.", cause, retryable: true },
      ),
    );
  socket.once("error", onError);
  using _timer = clock.after(limitMs, () =>
    reject(timedOut(`connect to ${endpointText(endpoint)}`, limitMs)),
  );
  try {
    await promise;
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    socket.off("error", onError);
    // Whoever gets it listens for errors itself; one in between must not end the process.
    socket.on("error", () => undefined);
  }
}

function causeText(cause: Error): string {
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
}
