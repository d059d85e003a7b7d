import type { Arguments } from "../arguments.ts";
import { CliError } from "../cli-error.ts";

/** What says where arrived mail is looked for says nothing without it. */
export function requireArrived(typed: Arguments): void {
  if (typed.has("arrived") || typed.text("journal") === undefined) return;
  throw new CliError("cli.usage", "Cannot use --journal without --arrived", {
    hint: "It names the journal of a delivery stage; other journals are found by their target.",
  });
}
