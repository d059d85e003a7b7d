import { isIP, isIPv4 } from "node:net";
import { quoted } from "#errors";
import { LmtpError } from "../lmtp-error.ts";

/** Where a server listens. */
export type Endpoint =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

/** `unix:/run/lmtp`, `/run/lmtp`, `127.0.0.1:24`, `[::1]:24`, `inet:mail.example.org:24`. */
export function parseEndpoint(text: string): Endpoint {
  const path = /^(?:unix:)?(\/.+)$/.exec(text)?.[1];
  if (path !== undefined) {
    // Linux, unix(7): sun_path holds 108 bytes, with the zero at the end.
    if (Buffer.byteLength(path) > 107)
      throw badEndpoint(text, "the path of a socket has at most 107 bytes");
    return { kind: "unix", path };
  }
  const [, bracketed, plain, digits = ""] =
    /^(?:inet:|tcp:)?(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535) throw badEndpoint(text, "it has another form");
  return { kind: "tcp", host, port };
}

export function endpointText(endpoint: Endpoint): string {
  if (endpoint.kind === "unix") return `unix:${endpoint.path}`;
  const host = isIP(endpoint.host) === 6 ? `[${endpoint.host}]` : endpoint.host;
  return `${host}:${endpoint.port}`;
}

/** Whether only this machine can connect. A name other than localhost counts as public. */
export function isLocal(endpoint: Endpoint): boolean {
  if (endpoint.kind === "unix") return true;
  const { host } = endpoint;
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

function badEndpoint(text: string, why: string): LmtpError {
  return new LmtpError("lmtp.address", `Cannot use the address ${quoted(text)}: ${why}`, {
    hint: "Give unix:/PATH or HOST:PORT, for example unix:/var/run/dovecot/lmtp or 127.0.0.1:24.",
  });
}
