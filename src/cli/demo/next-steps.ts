import { toRfc3339Nano } from "#time";
import type { CommandContext } from "../command.ts";
import type { DemoPlaces } from "./places.ts";
import type { DemoResult } from "./run-demo.ts";

/** How to go on by hand, with the second site's repository: it is the only one that is left. */
export async function showNextSteps(
  { mail, secondSite: { repository, password } }: DemoPlaces,
  { mailbox, lossAtNs }: DemoResult,
  { output, surroundings }: CommandContext,
): Promise<void> {
  const alias =
    surroundings.program === "restante" ? [] : [`alias restante=${quoted(surroundings.program)}`];
  const before = toRfc3339Nano(lossAtNs);
  const commands = [
    ...alias,
    `export RESTANTE_REPOSITORY=${quoted(repository)} RESTANTE_PASSWORD=${quoted(password)}`,
    `restante moments ${quoted(mail)}`,
    `restante ls ${quoted(mailbox.path)} --at ${before}`,
    `rm ${quoted(mailbox.path)}/cur/*`,
    `restante diff ${quoted(mailbox.path)} --at ${before}`,
    `restante restore ${quoted(mailbox.path)} --at ${before} --dry-run`,
    `restante restore ${quoted(mailbox.path)} --at ${before}`,
    `RESTIC_PASSWORD="$RESTANTE_PASSWORD" restic -r ${quoted(repository)} snapshots`,
  ];
  await output.document({ type: "next-steps", folder: mail, repository, password, commands });
  const lines = commands.map((line) => `   ${line}\n`).join("");
  await output.text(`\nGo on by hand, from the second site:\n${lines}`);
}

/** As a shell reads it; plain where nothing needs quotes. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
