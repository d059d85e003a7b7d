/**
 * cli: the command line. `main(argv)` runs one verb and returns its exit code; bin/restante.js sets it.
 *
 * Only this room reads the environment, the standard streams and chooses adapters. Verbs are flat, the target
 * comes first, `--at` is everywhere, preview precedes apply; each verb's module is loaded only when it runs.
 */
export { main } from "./main.ts";
