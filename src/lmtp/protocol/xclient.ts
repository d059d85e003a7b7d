import { isIP } from "node:net";
import { hasControls } from "./command.ts";
import type { Peer } from "./peer.ts";

const known = new Set(["NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT"]);

/**
 * What an MTA says of its client with XCLIENT (Postfix, XCLIENT_README): `NAME=VALUE …`, values in
 * xtext (RFC 3461 §4). What is not named stays as it was. Undefined where it cannot be understood.
 */
export function applyXclient(attributes: string, before: Peer): Peer | undefined {
  const peer: { -readonly [Key in keyof Peer]: Peer[Key] | undefined } = { ...before };
  for (const text of attributes.split(/ +/)) {
    const [, key = "", value = ""] = /^([A-Za-z]+)=(\S+)$/.exec(text) ?? [];
    const decoded = decodeXtext(value);
    if (!known.has(key.toUpperCase()) || decoded === undefined) return undefined;
    const told = isUnknown(decoded) ? undefined : decoded;
    switch (key.toUpperCase()) {
      case "ADDR": {
        const address = told?.replace(/^IPV6:/i, "");
        if (address !== undefined && isIP(address) === 0) return undefined;
        peer.address = address;
        break;
      }
      case "PORT":
        if (told !== undefined && !/^\d{1,5}$/.test(told)) return undefined;
        peer.port = told === undefined ? undefined : Number(told);
        break;
      case "NAME":
        peer.name = told;
        break;
      case "HELO":
        peer.greeting = told;
        break;
      default:
        break;
    }
  }
  return Object.fromEntries(Object.entries(peer).filter(([, value]) => value !== undefined));
}

function isUnknown(value: string): boolean {
  return ["[UNAVAILABLE]", "[TEMPUNAVAIL]"].includes(value.toUpperCase());
}

function decodeXtext(text: string): string | undefined {
  if (text === "" || text.length > 255 || /\+(?![0-9A-F]{2})/.test(text)) return undefined;
  const decoded = text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return hasControls(decoded) ? undefined : decoded;
}
