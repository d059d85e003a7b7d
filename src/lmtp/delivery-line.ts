import { textOfBytes } from "./delivery/message-recorder.ts";
import { peerText } from "./protocol/peer.ts";
import type { DeliveryReport } from "./stage-context.ts";

/** The most recipients that one line names. */
const maxNamed = 20;

/**
 * One line of the log on one delivery: who, to whom, how large, what was said. Nothing of the message
 * itself; nothing that could begin another line.
 */
export function deliveryLine(delivery: DeliveryReport): string {
  const { id, peer, sender, sizeBytes, durationMs, results } = delivery;
  const named = results.slice(0, maxNamed).map(({ recipient, reply, isServers }) => {
    const said = [reply.code, ...reply.lines.slice(0, 1)].join(" ");
    return `to=<${safe(recipient)}> ${isServers ? "server" : "stage"}="${safe(said)}"`;
  });
  const rest = results.length - named.length;
  return [
    `delivery=${id}`,
    `client=${safe(peerText(peer))}`,
    `from=<${safe(sender)}>`,
    `size=${sizeBytes}`,
    `ms=${Math.round(durationMs)}`,
    ...(delivery.isPassedThrough ? ["journal=none"] : []),
    ...(delivery.isAborted ? ["client went away"] : named),
    ...(rest > 0 ? [`and ${rest} more`] : []),
  ].join(" ");
}

function safe(bytes: string): string {
  if (/^[\x20\x21\x23-\x7e]{0,200}$/.test(bytes)) return bytes;
  const text = textOfBytes(bytes).replace(/[\p{C}\p{Zl}\p{Zp}"]/gu, "\u{fffd}");
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
