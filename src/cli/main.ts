import { deriveEarly } from "./early-derivation.ts";
import { exitCodes } from "./exit-codes.ts";
import { takeEnvironment } from "./password-variables.ts";
import { processTerminal } from "./process-terminal.ts";

/**
 * Runs one command line (without node and script) in this process and returns its exit code.
 * SIGINT and SIGTERM end it in order, a second one at once. SIGHUP is survived: `restic unlock`
 * sends it to see whether the holder of a lock lives, and a lost connection must not tear a restore.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const environment = takeEnvironment(process.env);
  const controller = new AbortController();
  const terminal = processTerminal({
    input: process.stdin,
    output: process.stdout,
    messages: process.stderr,
    noColour: (environment["NO_COLOR"] ?? "") !== "" || environment["TERM"] === "dumb",
  });
  let interruptedAtMs = 0;
  const interrupt = (): void => {
    // A service manager signals the whole group and the launcher passes its own on: one wish, two signals.
    if (controller.signal.aborted && performance.now() - interruptedAtMs < sameWishMs) return;
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    interruptedAtMs = performance.now();
    terminal.say("\nrestante: ending in order; once more to end at once\n");
    controller.abort();
  };
  const survive = (): void => undefined;
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt).on("SIGHUP", survive);
  try {
    await deriveEarly({ argv, environment, workingFolder: process.cwd() });
    const [{ runCommandLine }, { systemClock }] = await Promise.all([
      import("./run.ts"),
      import("#time"),
    ]);
    return await runCommandLine(argv, {
      terminal,
      environment,
      hideFromChildren: (variable) => delete process.env[variable],
      workingFolder: process.cwd(),
      program: programTyped(process.argv[1]),
      timeZone: systemTimeZone(),
      now: systemClock(),
      clockMs: () => performance.now(),
      signal: controller.signal,
      openRepository: async (storage, options) =>
        await (await import("#repository")).openRepository(storage, options),
    });
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt).off("SIGHUP", survive);
  }
}

const sameWishMs = 500;

function systemTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Installed, it is on PATH by its name; in a checkout its file is run. */
function programTyped(script: string | undefined): string {
  return script === undefined || !script.endsWith(".js") ? "restante" : `node ${script}`;
}
