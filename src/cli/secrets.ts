import { isAbsolute, join } from "node:path";
import type { SecretReference } from "#policy";
import { CliError } from "./cli-error.ts";
import type { PasswordSource } from "./passwords.ts";
import type { Surroundings } from "./terminal.ts";
import { safeText } from "./text.ts";

/** Where a configuration's reference to a secret points on this machine. */
export function secretSource(
  reference: SecretReference,
  { environment }: Surroundings,
): PasswordSource | undefined {
  switch (reference.kind) {
    case "file":
      return { kind: "file", path: reference.path };
    case "environment":
      return { kind: "variable", name: reference.name };
    case "credential": {
      // systemd.exec(5): LoadCredential= and its like; outside a unit there is no such folder.
      const folder = environment["CREDENTIALS_DIRECTORY"];
      if (folder === undefined || !isAbsolute(folder)) return undefined;
      if (/^[^/]+$/.test(reference.name) && reference.name !== "..")
        return { kind: "file", path: join(folder, reference.name) };
      throw new CliError(
        "cli.no-password",
        `Cannot use the credential "${safeText(reference.name)}": it is no file's name`,
        {
          hint: "Name it as LoadCredential= in the unit does.",
        },
      );
    }
  }
}
