import { dirname, join } from "node:path";
import { formatMboxMessage, mboxKeywordsOf, type MboxMessage, type StoredMessage } from "#mail";
import type { ExportMailbox, ExportWriter, ExportWriterOptions } from "./export-writer.ts";
import { MailboxPaths } from "./mailbox-paths.ts";
import { makeFolder, NewFile } from "./new-files.ts";

export type MboxWriterOptions = ExportWriterOptions & {
  /** For mailboxes that have no UIDVALIDITY, so that a server believes their keywords. */
  readonly uidValidity: number;
};

/** One mboxrd, or one for each mailbox in a folder: "support@example.org/Archive/2024.mbox". */
export function mboxWriter({ path, levels, uidValidity }: MboxWriterOptions): ExportWriter {
  const paths = new MailboxPaths(levels);
  let file: NewFile | undefined;
  let base: MboxMessage["base"];
  const close = (): void => {
    file?.finish({ isDurable: true });
    file = undefined;
  };
  return {
    begin: (mailbox, messages) => {
      close();
      const place = paths.path(mailbox);
      const filePath = place === "" ? path : join(path, `${place}.mbox`);
      makeFolder(dirname(filePath));
      file = new NewFile(filePath);
      base = baseOf(mailbox, messages, uidValidity);
    },
    add: async (message, bytes) => {
      if (file === undefined) throw new Error("a message comes before its mailbox");
      const start = file.sizeBytes;
      const first = start === 0 && base !== undefined ? { base } : {};
      const { uid, ...rest } = message;
      const numbered = uid === undefined || base?.uidLast === 0 ? {} : { uid };
      let read = 0;
      const counted = (async function* () {
        for await (const piece of bytes) {
          read += piece.length;
          yield piece;
        }
      })();
      try {
        for await (const piece of formatMboxMessage({ ...rest, ...numbered, ...first }, counted))
          file.write(piece);
      } catch (error) {
        file.cutTo(start);
        throw error;
      }
      return read;
    },
    finish: async () => close(),
    close: () => file?.[Symbol.dispose](),
  };
}

/** What the first message says: UIDs are the server's where it numbered the mailbox. */
function baseOf(
  { uidValidity, uidNext }: ExportMailbox,
  messages: readonly StoredMessage[],
  otherwise: number,
): NonNullable<MboxMessage["base"]> {
  const names = new Set(messages.flatMap(mboxKeywordsOf));
  const highest = messages.reduce((uid, message) => Math.max(uid, message.uid ?? 0), 0);
  return {
    uidValidity: uidValidity ?? otherwise,
    uidLast: uidValidity === undefined ? 0 : Math.max(highest, (uidNext ?? 1) - 1),
    keywords: [...names].sort(),
  };
}
