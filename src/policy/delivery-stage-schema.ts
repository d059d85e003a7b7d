import { z } from "zod";
import { quoted } from "#errors";
import { checkedText } from "./checked-values.ts";
import {
  type DeliveryStageConfig,
  journalFailurePolicies,
  type JournalFailurePolicy,
} from "./config.ts";

export type WrittenDeliveryStage = {
  readonly listen: string | readonly string[];
  readonly server: string;
  readonly when_journal_fails?: JournalFailurePolicy | undefined;
};

const address = checkedText((text) => {
  if (/^unix:\/[^\p{Cc}]{1,106}$/u.test(text)) return undefined;
  const port = Number(/^(?:\[[0-9a-fA-F:.]+\]|[^\s:/\p{Cc}]{1,253}):(\d{1,5})$/u.exec(text)?.[1]);
  if (port >= 1 && port <= 65_535) return undefined;
  return {
    code: "config.address",
    message: `${quoted(text)} is not an address I know`,
    hint: "Write it like 127.0.0.1:2424, [::1]:2424 or unix:/run/dovecot/lmtp.",
  };
});

export const deliveryStageSchema: z.ZodType<WrittenDeliveryStage> = z.strictObject({
  listen: z
    .union([address, z.array(address).min(1).max(20)])
    .describe("Where MTAs deliver: 127.0.0.1:2424 or unix:/PATH, or a list of them."),
  server: address.describe("The mail server's own LMTP service."),
  when_journal_fails: z
    .enum(journalFailurePolicies)
    .optional()
    .describe(
      "tempfail (the default): mail is refused for now and stays with the MTA; pass-through: it is delivered unprotected, and the gap is recorded.",
    ),
});

/** It was checked before. */
export function readDeliveryStage(written: WrittenDeliveryStage): DeliveryStageConfig {
  const { listen, server, when_journal_fails: whenJournalFails = "tempfail" } = written;
  return { listen: typeof listen === "string" ? [listen] : listen, server, whenJournalFails };
}
