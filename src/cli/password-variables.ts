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

export type PasswordVariable = { readonly name: string; readonly kind: "password" | "file" };

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
