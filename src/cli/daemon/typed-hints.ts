import { resolve } from "node:path";
import type { HintsConfig } from "#policy";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { safeText } from "../text.ts";

/** Words of a helper's command: as many as a configuration may have. */
const mostWords = 100;

/**
 * What `--hints dovecot=FILE`, `cyrus=FOLDER` and `helper=COMMAND` say, as a configuration's `hints:` would.
 * Throws `cli.usage`.
 */
export function typedHints({
  arguments: typed,
  surroundings,
}: Pick<CommandContext, "arguments" | "surroundings">): HintsConfig | undefined {
  const texts = typed.texts("hints");
  if (texts.length === 0) return undefined;
  if (typed.positionals.length === 0)
    throw new CliError("cli.usage", "Cannot take --hints without a folder", {
      hint: "A configuration has them as `hints:` of the server.",
    });
  const hints: { -readonly [Key in keyof HintsConfig]: HintsConfig[Key] } = {};
  for (const text of texts) {
    const [, kind, value = ""] = /^(dovecot|cyrus|helper)=([^\0]+)$/s.exec(text) ?? [];
    if (kind === undefined || value.trim() === "") throw notUnderstood(text, "it is none");
    const key = keys[kind as keyof typeof keys];
    if (hints[key] !== undefined) throw notUnderstood(text, `${kind} was given before`);
    if (key === "helper") {
      const words = value.trim().split(/\s+/);
      if (words.length > mostWords) throw notUnderstood(text, `more than ${mostWords} words`);
      hints.helper = words;
    } else hints[key] = resolve(surroundings.workingFolder, value);
  }
  return hints;
}

const keys = { dovecot: "dovecotLog", cyrus: "cyrusChannel", helper: "helper" } as const;

function notUnderstood(text: string, why: string): CliError {
  return new CliError("cli.usage", `Cannot take hints from "${safeText(text)}": ${why}`, {
    hint: 'Write dovecot=FILE, cyrus=FOLDER or "helper=sudo -n stdbuf -oL fsnotifywait", each once.',
  });
}
