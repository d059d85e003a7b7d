import { join } from "node:path";
import { readHeaders, type StoredMessage } from "#mail";
import type { ExportWriter, ExportWriterOptions } from "./export-writer.ts";
import { messageFileName, UniqueNames } from "./file-names.ts";
import { MailboxPaths } from "./mailbox-paths.ts";
import { makeFolder, NewFile } from "./new-files.ts";

/** As much of a message as holds its subject. */
export const subjectHeadBytes: number = 32 * 1024;

export type EmlWriterOptions = ExportWriterOptions & {
  /** One message as the file itself, without a folder. */
  readonly isOneFile: boolean;
};

/** Each message a file as it was, named by its date and subject, in a folder for each mailbox. */
export function emlWriter({ path, levels, isOneFile }: EmlWriterOptions): ExportWriter {
  const paths = new MailboxPaths(levels);
  let folder = path;
  let names = new UniqueNames();
  return {
    begin: (mailbox) => {
      if (isOneFile) return;
      folder = join(path, paths.path(mailbox));
      names = new UniqueNames();
      makeFolder(folder);
    },
    add: async (message, bytes) => {
      const file = new NewFile(isOneFile ? path : join(folder, ".message.partial"));
      const head: Uint8Array[] = [];
      let headBytes = 0;
      try {
        for await (const piece of bytes) {
          if (headBytes < subjectHeadBytes) {
            head.push(Uint8Array.from(piece));
            headBytes += piece.length;
          }
          file.write(piece);
        }
        file.finish({ mtimeNs: message.internalDateNs, isDurable: isOneFile });
        if (!isOneFile)
          file.renameTo(join(folder, names.take(nameOf(message, Buffer.concat(head)), ".eml")));
      } catch (error) {
        file.discard();
        throw error;
      }
      return file.sizeBytes;
    },
    finish: async () => undefined,
    close: () => undefined,
  };
}

export function nameOf({ internalDateNs }: StoredMessage, head: Uint8Array): string {
  const { subject = "" } = readHeaders(head, { limitBytes: subjectHeadBytes });
  return messageFileName({ dateNs: internalDateNs, subject });
}
