/**
 * What a proxy says of its client before the first byte of the protocol (HAProxy, proxy-protocol.txt).
 *
 * Version 1: `PROXY TCP4 192.0.2.1 192.0.2.2 51234 24` CR LF, or `PROXY UNKNOWN …`; at most 107 bytes.
 *
 * Version 2:
 *
 * | offset | bytes | what                                                              |
 * | ------ | ----- | ----------------------------------------------------------------- |
 * | 0      | 12    | 0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A                               |
 * | 12     | 1     | 0x20 LOCAL: the proxy itself, a check; 0x21 PROXY                 |
 * | 13     | 1     | 0x11 TCP over IPv4, 0x21 TCP over IPv6; others say nothing to us  |
 * | 14     | 2     | length of what follows, big-endian                                |
 * | 16     | 4/16  | source address                                                    |
 * |        | 4/16  | destination address                                               |
 * |        | 2, 2  | source port, destination port, big-endian                         |
 * |        | …     | more that is skipped                                              |
 */
import { isIPv4, isIPv6 } from "node:net";
import type { Peer } from "./peer.ts";

export type ProxyHeader =
  | { readonly kind: "more" }
  | { readonly kind: "invalid" }
  | {
      readonly kind: "header";
      /** Undefined where the proxy speaks for itself, or does not know: the socket's peer stays. */
      readonly peer: Peer | undefined;
      readonly lengthBytes: number;
    };

const signature = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const maxVersion1Bytes = 107;
/** Addresses take 36 bytes; the rest would be notes that we skip. */
const maxVersion2Bytes = 2048;

export function readProxyHeader(bytes: Buffer): ProxyHeader {
  const compared = Math.min(bytes.length, signature.length);
  if (compared > 0 && bytes.subarray(0, compared).equals(signature.subarray(0, compared)))
    return compared < signature.length ? { kind: "more" } : readVersion2(bytes);
  return readVersion1(bytes);
}

function readVersion1(bytes: Buffer): ProxyHeader {
  const start = Buffer.from("PROXY ");
  const compared = Math.min(bytes.length, start.length);
  if (!bytes.subarray(0, compared).equals(start.subarray(0, compared))) return { kind: "invalid" };
  const end = bytes.subarray(0, maxVersion1Bytes).indexOf("\r\n");
  if (end === -1) return { kind: bytes.length >= maxVersion1Bytes ? "invalid" : "more" };
  const [, family, source = "", , port = ""] = bytes.toString("latin1", 0, end).split(" ");
  const lengthBytes = end + 2;
  if (family === "UNKNOWN") return { kind: "header", peer: undefined, lengthBytes };
  const isRight = (family === "TCP4" && isIPv4(source)) || (family === "TCP6" && isIPv6(source));
  if (!isRight || !/^\d{1,5}$/.test(port)) return { kind: "invalid" };
  return { kind: "header", peer: { address: source, port: Number(port) }, lengthBytes };
}

function readVersion2(bytes: Buffer): ProxyHeader {
  if (bytes.length < 16) return { kind: "more" };
  const command = bytes.readUInt8(12);
  const family = bytes.readUInt8(13);
  const rest = bytes.readUInt16BE(14);
  const lengthBytes = 16 + rest;
  if ((command !== 0x20 && command !== 0x21) || lengthBytes > maxVersion2Bytes)
    return { kind: "invalid" };
  if (bytes.length < lengthBytes) return { kind: "more" };
  const size = family === 0x11 ? 4 : family === 0x21 ? 16 : 0;
  if (command === 0x20 || size === 0) return { kind: "header", peer: undefined, lengthBytes };
  if (rest < 2 * size + 4) return { kind: "invalid" };
  const address = addressText(bytes.subarray(16, 16 + size));
  const port = bytes.readUInt16BE(16 + 2 * size);
  return { kind: "header", peer: { address, port }, lengthBytes };
}

function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2));
  return groups.map((group) => group.toString(16)).join(":");
}
