import { displayPath, type Validation } from "#image";
import type { ServerCommand } from "../server-command.ts";
import { Findings } from "./findings.ts";
import { runUtility } from "./run-utility.ts";
import type { ValidationRequest, Validator } from "./validator.ts";

const placeholder = "{path}";

/**
 * Validates with a utility that a person named: it gets the folder of a writable copy in place of
 * "{path}", and its exit code decides. It counts nothing. Throws `server.validator-failed` where it
 * cannot be run.
 */
export function commandValidator(command: ServerCommand): Validator {
  const name = command.words[0]?.split("/").at(-1) ?? "";
  return { name, validate: (request) => validate(request, { command, name }) };
}

async function validate(
  { writableCopy, clock, signal }: ValidationRequest,
  { command, name }: { readonly command: ServerCommand; readonly name: string },
): Promise<Validation> {
  const findings = new Findings();
  await using layer = await writableCopy();
  const folder = displayPath(layer.path);
  const [program = "", ...parameters] = command.words.map((word) =>
    word.replaceAll(placeholder, folder),
  );
  const wrong = await runUtility([program, ...parameters], {
    output: { onBytes: () => undefined },
    environment: {},
    timeoutMs: command.timeoutMs,
    signal,
  });
  if (wrong !== undefined) findings.add(`The server's utility rejects it: ${wrong}.`);
  return {
    validator: name,
    version: "",
    atNs: clock(),
    valid: findings.isEmpty,
    mailboxes: 0,
    messages: 0,
    counts: [],
    findings: findings.all(),
  };
}
