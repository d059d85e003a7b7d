import type { Random } from "./random.ts";
import { toMailDate } from "./synthetic-mail.ts";

export type Transaction = {
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly timeMs: number;
  readonly host: string;
};

/**
 * What the servers on the way put before a message, one per recipient in the order given.
 *
 * Dovecot's LMTP service prepends Return-Path, Delivered-To and a Received line with an id and `for
 * <recipient>`: these differ per recipient. Below them stands Postfix's Received line, which names a
 * recipient only when there is but one; so from there on, all recipients have the same bytes.
 */
export function writeDeliveryTraces(random: Random, transaction: Transaction): readonly Buffer[] {
  const { sender, recipients, timeMs, host } = transaction;
  const date = toMailDate(timeMs);
  const only = recipients.length === 1 ? `\tfor <${recipients[0] ?? ""}>; ${date}\n` : "";
  const domain = sender.slice(sender.indexOf("@") + 1);
  const relayed =
    `Received: from mail.${domain} (unknown [198.51.100.${1 + random.integer(254)}])\n` +
    `\tby ${host} (Postfix) with ESMTPS id ${random.hex(11).toUpperCase()}` +
    (only === "" ? `; ${date}\n` : `\n${only}`);
  const session = random.bytes(15).toString("base64");
  return recipients.map((recipient, index) => {
    const part = recipients.length === 1 ? "" : `:T${index + 1}`;
    return Buffer.from(
      `Return-Path: <${sender}>\nDelivered-To: ${recipient}\n` +
        `Received: from ${host} ([127.0.0.1])\n\tby ${host} with LMTP\n\tid ${session}${part}\n` +
        `\t(envelope-from <${sender}>)\n\tfor <${recipient}>; ${date}\n${relayed}`,
      "latin1",
    );
  });
}
