import type { Connection } from "../network/connection.ts";
import type { Peer } from "../protocol/peer.ts";
import { readProxyHeader } from "../protocol/proxy-header.ts";

/** Who is behind the proxy, and what came after its header; undefined where there is no right one. */
export async function takeProxyHeader(
  connection: Connection,
  limitMs: number,
): Promise<{ readonly peer: Peer | undefined; readonly rest: Buffer } | undefined> {
  let bytes: Buffer = Buffer.alloc(0);
  try {
    for (;;) {
      const header = readProxyHeader(bytes);
      if (header.kind === "invalid") return undefined;
      if (header.kind === "header")
        return { peer: header.peer, rest: bytes.subarray(header.lengthBytes) };
      const more = await connection.read(limitMs);
      if (more === undefined) return undefined;
      bytes = Buffer.concat([bytes, more]);
    }
  } catch {
    return undefined;
  }
}
