/** `show --part`: one part of a message, decoded, as it was attached. */
import { resolve } from "node:path";
import { decodedText, decodePart, type MimePart } from "#mail";
import { formatBytes } from "#time";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";
import { requireAbsent, writeNewFile } from "./new-file.ts";
import { nameOf, type ReadMessage, takeableParts } from "./show-message.ts";
import { safeDocument, safeText } from "./text.ts";

/** Into the file that `--to` names, which must not be there yet; else to stdout. */
export async function showPart(
  message: ReadMessage,
  section: string,
  context: CommandContext,
): Promise<void> {
  const { output, surroundings } = context;
  const part = partOf(message, section);
  const { type, fileName } = part;
  const bytes = decodePart(part);
  const to = context.arguments.text("to");
  const about = {
    type: "part",
    section,
    contentType: type,
    ...(fileName === undefined ? {} : { fileName }),
    sizeBytes: bytes.length,
  } as const;
  if (to !== undefined) {
    const path = resolve(surroundings.workingFolder, to);
    await requireAbsent(path);
    await writeNewFile(path, bytes);
    await output.text(
      `wrote ${safeText(to)}: ${safeText(nameOf(part))}, ${formatBytes(bytes.length)}\n`,
    );
    await output.document({ ...about, file: path });
  } else if (output.json) {
    await output.document({ ...about, bytesBase64: bytes.toString("base64") });
  } else if (!surroundings.terminal.outputIsTerminal) await output.bytes(bytes);
  else await output.text(textForTerminal(part, bytes));
}

function partOf({ root }: ReadMessage, section: string): MimePart {
  const parts = takeableParts(root);
  const found = parts.find((part) => part.section === section);
  if (found !== undefined) return found;
  const there = parts.slice(0, 20).map((part) => `${part.section} (${safeText(part.type)})`);
  throw new CliError(
    "cli.nothing-matched",
    `Cannot show part "${safeText(section)}": the message has none of that number`,
    { hint: `There are ${there.join(", ")}${parts.length > 20 ? ", …" : ""}.` },
  );
}

function textForTerminal(part: MimePart, bytes: Buffer): string {
  if (part.type.startsWith("text/") || part.type.startsWith("message/"))
    return safeDocument(decodedText(part, bytes));
  throw new CliError(
    "cli.usage",
    `Cannot show part "${part.section}" on a terminal: ${safeText(part.type)} is no text`,
    { hint: "Write it into a file with --to FILE, or into a pipe." },
  );
}
