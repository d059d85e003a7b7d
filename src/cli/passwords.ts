import { readFile } from "node:fs/promises";
import { CliError } from "./cli-error.ts";
import type { Surroundings } from "./terminal.ts";
import { safeText } from "./text.ts";

/** Where a password may come from, first wins. restic's names last, so that both can be set. */
export const passwordVariables = [
  { name: "RESTANTE_PASSWORD", kind: "password" },
  { name: "RESTANTE_PASSWORD_FILE", kind: "file" },
  { name: "RESTIC_PASSWORD", kind: "password" },
  { name: "RESTIC_PASSWORD_FILE", kind: "file" },
] as const;

/** The same of the repository that a duplicate is copied to. */
export const targetPasswordVariables = [
  { name: "RESTANTE_TO_PASSWORD", kind: "password" },
  { name: "RESTANTE_TO_PASSWORD_FILE", kind: "file" },
] as const;

/** A password that a repository is to have from now on. */
export const newPasswordVariables = [
  { name: "RESTANTE_NEW_PASSWORD", kind: "password" },
  { name: "RESTANTE_NEW_PASSWORD_FILE", kind: "file" },
] as const;

/**
 * Where two repositories take part, restic (`copy`) calls the one that is copied from so; its usual
 * names mean the one that is copied to then.
 */
export const fromPasswordVariables = [
  { name: "RESTIC_FROM_PASSWORD", kind: "password" },
  { name: "RESTIC_FROM_PASSWORD_FILE", kind: "file" },
] as const;

/** What a running server is logged in to with: the user's own, or the master user's. */
export const imapPasswordVariables = [
  { name: "RESTANTE_IMAP_PASSWORD", kind: "password" },
  { name: "RESTANTE_IMAP_PASSWORD_FILE", kind: "file" },
] as const;

type PasswordVariable = { readonly name: string; readonly kind: "password" | "file" };

/** Which of two a password is, where a run has two: of which repository, the one that is to be set, or a mail server's. */
export type PasswordRole = "copied-from" | "copied-to" | "new" | "imap";

/** Longest password file that is read. */
const longestPasswordFileBytes = 64 * 1024;

/**
 * Takes the passwords out of the environment, so that no child (the commands that stop and start a mail
 * server) inherits them. Returns a copy in which they can still be read.
 */
export function takeEnvironment(
  environment: Record<string, string | undefined>,
): Readonly<Record<string, string | undefined>> {
  const copy = { ...environment };
  for (const { name, kind } of [
    ...passwordVariables,
    ...targetPasswordVariables,
    ...newPasswordVariables,
    ...fromPasswordVariables,
    ...imapPasswordVariables,
  ]) {
    if (kind === "password") delete environment[name];
  }
  return copy;
}

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
  const password = bytes
    .toString("utf8")
    .replace(/^\uFEFF/, "")
    .trim();
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
