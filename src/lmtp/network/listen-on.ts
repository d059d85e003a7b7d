import { chmod, lstat, unlink } from "node:fs/promises";
import { connect, type Server } from "node:net";
import { systemErrorCode } from "#errors";
import { LmtpError } from "../lmtp-error.ts";
import { type Endpoint, endpointText, isLocal } from "./endpoint.ts";

export type ListenOptions = {
  readonly endpoint: Endpoint;
  readonly socketMode: number;
};

/** Throws LmtpError `lmtp.public-address` for an address that others than this machine can reach. */
export function requireLocal(endpoint: Endpoint): void {
  if (isLocal(endpoint)) return;
  throw new LmtpError(
    "lmtp.public-address",
    `Cannot listen on ${endpointText(endpoint)}: others than this machine could deliver mail there`,
    { hint: "Listen on 127.0.0.1 or a Unix socket, or give --allow-public and a firewall." },
  );
}

/** Throws LmtpError `lmtp.in-use`, `lmtp.listen`. */
export async function listenOn(server: Server, options: ListenOptions): Promise<void> {
  const { endpoint, socketMode } = options;
  if (endpoint.kind === "unix") await removeStaleSocket(endpoint);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.once("listening", resolve);
  server.listen(
    endpoint.kind === "unix"
      ? { path: endpoint.path }
      : { host: endpoint.host, port: endpoint.port },
  );
  try {
    await promise;
    if (endpoint.kind === "unix") await chmod(endpoint.path, socketMode);
  } catch (cause) {
    server.close();
    throw listenError(endpoint, cause);
  } finally {
    server.off("error", reject);
  }
  // What accept(2) reports of one connection is no reason to end the others.
  server.on("error", () => undefined);
}

/** A socket that a killed process left behind. Anything that is no socket is left alone. */
async function removeStaleSocket(endpoint: Extract<Endpoint, { kind: "unix" }>): Promise<void> {
  const { path } = endpoint;
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket() || (await answers(path)))
    throw listenError(endpoint, Object.assign(new Error("in use"), { code: "EADDRINUSE" }));
  await unlink(path).catch(() => undefined);
}

async function answers(path: string): Promise<boolean> {
  return await new Promise<boolean>((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    // Only this says for sure that nobody listens.
    socket.once("error", (error) => resolve(systemErrorCode(error) !== "ECONNREFUSED"));
  });
}

function listenError(endpoint: Endpoint, cause: unknown): LmtpError {
  const code = systemErrorCode(cause) ?? String(cause);
  const place = endpointText(endpoint);
  if (code === "EADDRINUSE")
    return new LmtpError("lmtp.in-use", `Cannot listen on ${place}: something is there already`, {
      hint: "Is another delivery stage running? Otherwise name another place.",
      cause,
    });
  return new LmtpError("lmtp.listen", `Cannot listen on ${place}: the system reports ${code}`, {
    hint: "Check that the folder is there, and who may write to it; ports below 1024 need a privilege.",
    cause,
  });
}
