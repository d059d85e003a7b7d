import { readFile } from "node:fs/promises";
import { CliError } from "./cli-error.ts";
import { longestPasswordFileBytes, passwordIn } from "./password-text.ts";
import {
  fromPasswordVariables,
  imapPasswordVariables,
  newPasswordVariables,
  type PasswordVariable,
  passwordVariables,
  targetPasswordVariables,
} from "./password-variables.ts";
import type { Surroundings } from "./terminal.ts";
import { safeText } from "./text.ts";

/** Which of two a password is, where a run has two: of which repository, the one that is to be set, or a mail server's. */
export type PasswordRole = "copied-from" | "copied-to" | "new" | "imap";

/** First wins. A password that is meant for the one is never tried on the other. */
function variablesFor(
  role: PasswordRole | undefined,
  environment: Surroundings["environment"],
): readonly PasswordVariable[] {
  const isOurs = ({ name }: PasswordVariable): boolean => name.startsWith("RESTANTE_");
  const [ours, restics] = [
    passwordVariables.filter(isOurs),
    passwordVariables.filter((variable) => !isOurs(variable)),
  ];
  const asRestic = fromPasswordVariables.some(({ name }) => (environment[name] ?? "") !== "");
  switch (role) {
    case undefined:
      return passwordVariables;
    case "copied-from":
      return [...ours, ...(asRestic ? fromPasswordVariables : restics)];
    case "copied-to":
      return [...targetPasswordVariables, ...(asRestic ? restics : [])];
    case "new":
      return newPasswordVariables;
    case "imap":
      return imapPasswordVariables;
  }
}

export type Passwords = {
  /** The password of a repository. `isNew` asks twice. */
  password(location: string, options?: PasswordOptions): Promise<string>;
};

export type PasswordSource =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "variable"; readonly name: string };

export type PasswordOptions = {
  readonly isNew?: boolean;
  /** What the configuration names for this copy; goes before the usual variables. */
  readonly source?: PasswordSource | undefined;
  readonly role?: PasswordRole | undefined;
};

export function passwordsFrom(surroundings: Surroundings): Passwords {
  const { environment, terminal, signal } = surroundings;
  return {
    async password(location, { isNew = false, source, role } = {}) {
      if (source !== undefined) return await passwordFrom(source, surroundings);
      for (const { name, kind } of variablesFor(role, environment)) {
        const value = environment[name];
        if (value === undefined || value === "") continue;
        return kind === "password" ? value : await passwordFromFile(value);
      }
      if (!terminal.inputIsTerminal) throw noPassword(location, role);
      const typed = await terminal.ask(
        `${isNew ? "New password" : "Password"} of ${safeText(location)}: `,
        { secret: true, signal },
      );
      if (typed === "") throw noPassword(location, role);
      if (isNew && typed !== (await terminal.ask("The same again: ", { secret: true, signal }))) {
        throw new CliError(
          "cli.no-password",
          `Cannot set the password of "${safeText(location)}": the two were not the same`,
          {
            hint: "Run it again and type the same password twice.",
          },
        );
      }
      return typed;
    },
  };
}

async function passwordFrom(
  source: PasswordSource,
  { environment, hideFromChildren }: Surroundings,
): Promise<string> {
  if (source.kind === "file") return await passwordFromFile(source.path);
  const value = environment[source.name];
  hideFromChildren(source.name);
  if (value !== undefined && value !== "") return value;
  throw new CliError(
    "cli.no-password",
    `Cannot take the password from ${safeText(source.name)}: the variable is not set`,
    {
      hint: "Set it, or name another key in the configuration.",
    },
  );
}

/** A password file as restic reads it: byte order mark and surrounding white space do not count. */
export async function passwordFromFile(path: string): Promise<string> {
  const hint = "Name a readable file that holds the password alone.";
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new CliError(
      "cli.no-password",
      `Cannot read password file "${safeText(path)}": ${reason(cause)}`,
      { hint, cause },
    );
  }
  if (bytes.length > longestPasswordFileBytes) {
    throw new CliError(
      "cli.no-password",
      `Cannot take password file "${safeText(path)}": it has ${bytes.length} bytes`,
      { hint },
    );
  }
  const password = passwordIn(bytes);
  if (password !== "") return password;
  throw new CliError(
    "cli.no-password",
    `Cannot take password file "${safeText(path)}": it is empty`,
    { hint },
  );
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message.replace(/,.*$/s, "") : String(error);
}

function noPassword(location: string, role: PasswordRole | undefined): CliError {
  const names = { "copied-from": "", "copied-to": "TO_", new: "NEW_", imap: "IMAP_" } as const;
  const name = `RESTANTE_${role === undefined ? "" : names[role]}PASSWORD`;
  const action = role === "new" ? "set a new password of" : role === "imap" ? "log in to" : "open";
  return new CliError(
    "cli.no-password",
    `Cannot ${action} "${safeText(location)}": no password was given`,
    {
      hint: `Set ${name}_FILE to a file that holds it, or ${name}; on a terminal it is asked for.`,
    },
  );
}
