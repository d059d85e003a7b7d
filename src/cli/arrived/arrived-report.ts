import type { ArrivedMail, ArrivedMessage } from "#methods";
import { formatBytes, formatInstant, toRfc3339Nano } from "#time";
import type { CommandContext } from "../command.ts";
import { countText, plural, safeText, tableText } from "../text.ts";
import type { OpenArrived } from "./open-arrived.ts";

/** Messages that are shown one by one. */
const maxShown = 20;

/** What became of mail that came in through the delivery stage, before anything is done with it. */
export async function showArrived(
  opened: OpenArrived,
  { output }: Pick<CommandContext, "output">,
): Promise<void> {
  const { arrived, missing, unanswered, site, journal } = opened;
  const messages = [...missing.values()].flat().toSorted((a, b) => a.sequence - b.sequence);
  await output.document({
    type: "arrived",
    group: journal.group,
    ...arrivedJson(arrived),
    messages: messages.map(messageJson),
    unansweredMessages: unanswered.map(messageJson),
  });
  await output.text(`${safeText(journal.group)}, mail at delivery: ${countsText(arrived)}\n`);
  await output.text(listText("may be missing", messages, site.zone));
  await output.text(
    listText("without an answer of the server, not offered", unanswered, site.zone),
  );
  if (arrived.omitted > 0)
    output.warning(
      `${plural(arrived.omitted, "message")} more cannot be listed: ${plural(arrived.unreadable, "delivery", "deliveries")} of which the journal has the bytes no more, and what is beyond the first 10,000`,
    );
}

function countsText({ counts }: ArrivedMail): string {
  const { observed, missing, filtered, refused, unanswered } = counts;
  return [
    `${countText(observed)} seen in the store`,
    `${countText(missing)} may be missing`,
    `${countText(filtered)} taken and not stored as they came (filtered or changed)`,
    `${countText(refused)} refused`,
    `${countText(unanswered)} without an answer`,
  ].join(", ");
}

function arrivedJson({ counts, omitted, unreadable }: ArrivedMail): object {
  return { counts, omitted, unreadable };
}

function messageJson({ atNs, sender, recipient, sizeBytes, delivery }: ArrivedMessage): object {
  return { at: toRfc3339Nano(atNs), sender, recipient, sizeBytes, delivery };
}

function listText(what: string, messages: readonly ArrivedMessage[], zone: string): string {
  if (messages.length === 0) return "";
  const rows = messages
    .slice(0, maxShown)
    .map(({ atNs, sender, recipient, sizeBytes, delivery }) => [
      `    ${formatInstant(atNs, zone)}`,
      safeText(recipient),
      formatBytes(sizeBytes),
      `from ${safeText(sender === "" ? "<>" : sender)}`,
      safeText(delivery),
    ]);
  const more = messages.length - maxShown;
  const rest = more > 0 ? `    … and ${countText(more)} more; --json has them all\n` : "";
  return `  ${what}: ${countText(messages.length)}\n${tableText(rows, { right: [2] })}${rest}`;
}
