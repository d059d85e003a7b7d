import { quoted } from "#errors";
import type { Host } from "#hosts";
import type { ServerAction, ServerCommands } from "./mail-server.ts";
import { ServerError } from "./server-error.ts";

/** A command of the server's host: program and arguments, with its time limit. */
export type ServerCommand = {
  readonly words: readonly string[];
  readonly timeoutMs: number;
};

export const defaultCommandTimeoutMs: number = 120_000;

/**
 * What a command leaves running keeps what it was given as output: a file without a name, not our
 * pipe, of which it would die later. Only the end of what was said is read.
 */
const throughFile =
  'f=$(mktemp) || exit 70; exec 3<>"$f" 4<"$f"; rm -f "$f"; "$@" </dev/null >&3 2>&3 3>&- 4<&-; s=$?; tail -c 2000 <&4; exit $s';

/** Runs one of a server's commands on its host. Throws `server.no-command`, `server.command-failed`, HostError. */
export async function runServerCommand(
  action: ServerAction,
  {
    host,
    commands,
    title,
    signal,
  }: {
    readonly host: Host;
    readonly commands: ServerCommands;
    readonly title: string;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<void> {
  const command = commands[action];
  if (command === undefined)
    throw new ServerError("server.no-command", `Cannot ${action} ${title}: it has no command`, {
      hint: `Name one in the configuration, as ${action}: [systemctl, ${action}, UNIT].`,
    });
  const { words, timeoutMs } = command;
  const result = await host.run(["/bin/sh", "-c", throughFile, "restante", ...words], {
    timeoutMs,
    ...(signal === undefined ? {} : { signal }),
  });
  if ("exitCode" in result && result.exitCode === 0) return;
  const state =
    "exitCode" in result ? `it exited with ${result.exitCode}` : `it was ended by ${result.signal}`;
  const said = Buffer.from(result.stdout)
    .toString("utf8")
    .trim()
    .replaceAll(/\s*\n\s*/g, " / ");
  throw new ServerError(
    "server.command-failed",
    `Cannot ${action} ${title} with ${quoted(words[0] ?? "")}: ${state}${said === "" ? "" : ` and said ${quoted(said)}`}`,
    { hint: "Try it by hand on that host, as the user that Restante runs as." },
  );
}
