import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createSecureContext, type SecureContext } from "node:tls";
import { LmtpError, type ServerTls } from "#lmtp";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command.ts";
import { safeText } from "./text.ts";

export type LmtpTls = { readonly tls?: SecureContext; readonly serverTls?: ServerTls };

/** Certificates as the options name them. Nothing of a key is ever in an error. */
export async function lmtpTls(context: CommandContext): Promise<LmtpTls> {
  const { arguments: typed } = context;
  const [cert, key] = [typed.text("tls-cert"), typed.text("tls-key")];
  if ((cert === undefined) !== (key === undefined))
    throw new CliError("cli.usage", "Cannot offer STARTTLS: --tls-cert and --tls-key go together");
  const [name, ca] = [typed.text("server-tls"), typed.text("server-ca")];
  if (ca !== undefined && name === undefined)
    throw new CliError("cli.usage", "Cannot use --server-ca: it goes with --server-tls NAME");
  return {
    ...(cert === undefined || key === undefined
      ? {}
      : { tls: secureContext(cert, await read(cert, context), await read(key, context)) }),
    ...(name === undefined
      ? {}
      : {
          serverTls: {
            name,
            ...(ca === undefined ? {} : { authorities: await read(ca, context) }),
          },
        }),
  };
}

function secureContext(path: string, cert: string, key: string): SecureContext {
  try {
    return createSecureContext({ cert, key });
  } catch {
    // OpenSSL's reason may quote what it read.
    throw new LmtpError(
      "lmtp.certificate",
      `Cannot use the certificate "${safeText(path)}": it, or its key, is not right`,
      { hint: "Both must be PEM, and the key must be the certificate's, without a passphrase." },
    );
  }
}

async function read(path: string, { surroundings }: CommandContext): Promise<string> {
  try {
    return await readFile(resolve(surroundings.workingFolder, path), "utf8");
  } catch (cause) {
    throw new LmtpError(
      "lmtp.certificate",
      `Cannot read "${safeText(path)}": there is no such file that can be read`,
      { hint: "Check the path, and that this user may read it.", cause },
    );
  }
}
