/** A file that a person asked for by name: whole or not at all, and never over one that is there. */
import { lstat } from "node:fs/promises";
import { asError, systemErrorCode } from "#errors";
import { writeDurably } from "#files";
import { CliError } from "./cli-error.ts";
import { safeText } from "./text.ts";

/** Throws `cli.not-written` where there is a file of that name: somebody may have written it by hand. */
export async function writeNewFile(path: string, content: string | Uint8Array): Promise<void> {
  try {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    await writeDurably(path, bytes, { ...ofNamedFile, exclusive: true });
  } catch (cause) {
    throw fileNotWritten(path, cause);
  }
}

/** Takes the place of a file that is there, as a report does. Throws `cli.not-written`. */
export async function writeNamedFile(path: string, text: string): Promise<void> {
  try {
    await writeDurably(path, Buffer.from(text), ofNamedFile);
  } catch (cause) {
    throw fileNotWritten(path, cause);
  }
}

/** Throws what `writeNewFile` would, before anybody has done the work for it. */
export async function requireAbsent(path: string): Promise<void> {
  try {
    await lstat(path);
  } catch {
    return;
  }
  throw fileNotWritten(path, undefined);
}

/** As if it had been opened with 0o640: who keeps files to themselves by umask does so here too. */
const ofNamedFile = { mode: 0o640 & ~process.umask(), modeIsOptional: true };

/** Without a cause the file is there. */
function fileNotWritten(path: string, cause: unknown): CliError {
  const there = cause === undefined || systemErrorCode(cause) === "EEXIST";
  const reason = there ? "it is there already" : safeText(asError(cause).message);
  return new CliError("cli.not-written", `Cannot write "${safeText(path)}": ${reason}`, {
    hint: there
      ? "Name a file that is not there yet."
      : "Name a file in a folder that is there and writable.",
    cause,
  });
}
