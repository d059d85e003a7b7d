import { servePeer } from "#hosts";
import { rawPathFromText } from "#image";
import { resolve } from "node:path";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { safeText } from "../text.ts";

/**
 * Serves this machine to a Restante at the other end of standard input and output, which started us
 * over SSH. Standard output belongs to the protocol: nothing else may be written to it.
 */
export async function run({ arguments: typed, surroundings }: CommandContext): Promise<ExitCode> {
  const { terminal, signal, workingFolder } = surroundings;
  if (terminal.outputIsTerminal) {
    throw new CliError("cli.usage", "Cannot serve a terminal: it does not speak the protocol", {
      hint: "`restante peer` is started by another Restante over SSH; see docs/formats/peer-protocol.md.",
    });
  }
  const roots = typed.texts("root").map((root) => rawPathFromText(resolve(workingFolder, root)));
  try {
    await servePeer({
      input: process.stdin,
      output: process.stdout,
      ...(roots.length === 0 ? {} : { roots }),
      signal,
      log: (line) => terminal.say(`restante peer: ${safeText(line)}\n`),
    });
  } finally {
    // A client that keeps its end open must not keep us.
    process.stdin.destroy();
  }
  return exitCodes.done;
}
