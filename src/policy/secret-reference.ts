import { closestWord } from "#errors";
import type { SecretReference } from "./config.ts";
import type { Finding } from "./finding.ts";

const schemes = ["credential", "file", "env"] as const;
const hint = "Write credential:NAME, env:NAME or file:/path, and keep the secret there.";

/**
 * Where a secret is read from. What is not understood may be the secret itself, so no message quotes it.
 */
export function parseSecretReference(text: string): SecretReference | Finding {
  const [, scheme, rest = ""] = /^([a-z]+):(.*)$/s.exec(text) ?? [];
  switch (scheme) {
    case "credential":
      // A file name in $CREDENTIALS_DIRECTORY (systemd.exec, "Credentials").
      if (/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}$/.test(rest))
        return { kind: "credential", name: rest };
      return {
        code: "config.key",
        message: 'what follows "credential:" is not the name of a credential',
        hint,
      };
    case "env":
      if (/^[A-Za-z_][A-Za-z0-9_]{0,254}$/.test(rest)) return { kind: "environment", name: rest };
      return {
        code: "config.key",
        message: 'what follows "env:" is not the name of a variable',
        hint,
      };
    case "file":
      if (/^\/[^\p{Cc}]+$/u.test(rest)) return { kind: "file", path: rest };
      return {
        code: "config.key",
        message: 'what follows "file:" is not a path from the root on',
        hint,
      };
    default: {
      const meant = scheme === undefined ? undefined : closestWord(scheme, schemes);
      if (meant === undefined)
        return {
          code: "config.inline-secret",
          message: "a secret must not stand in the configuration",
          hint,
        };
      return {
        code: "config.key",
        message: "this does not say where the key is read from",
        suggestion: meant === "file" ? "file:/path" : `${meant}:NAME`,
      };
    }
  }
}
