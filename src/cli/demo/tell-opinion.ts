import type { CommandContext } from "../command.ts";
import { askRestic } from "../second-opinion.ts";
import { plural, safeText } from "../text.ts";
import type { DemoRepository } from "./places.ts";

/** What restic, where it is installed, says of a repository. False where it found an error. */
export async function showSecondOpinion(
  { repository, password }: DemoRepository,
  { output, surroundings }: CommandContext,
): Promise<boolean> {
  const opinion = await askRestic({ repository, password, surroundings });
  await output.document({ type: "second-opinion", repository, ...opinion });
  switch (opinion.kind) {
    case "absent":
      await output.text(
        "\n6  Any restic (0.14 or newer) reads this copy too; it is not installed here\n",
      );
      return true;
    case "agrees":
      await output.text(
        `\n6  restic, another program, checked the copy, found no error, and lists the same moments:\n${opinion.snapshots.map(({ id, time, paths }) => `   ${safeText(id)}  ${safeText(time)}  ${safeText(paths.join(" "))}\n`).join("")}`,
      );
      return true;
    case "disagrees":
      await output.text(
        `\n6  ${output.style("red", "restic found an error in the copy")}:\n${opinion.said.replace(/^/gm, "   ")}\n`,
      );
      return false;
  }
}

/** The same of the second site, in one line. */
export async function showOpinionOfSecondSite(
  { repository, password }: DemoRepository,
  { output, surroundings }: CommandContext,
): Promise<boolean> {
  const opinion = await askRestic({ repository, password, surroundings });
  await output.document({ type: "second-opinion", repository, ...opinion });
  if (opinion.kind === "agrees")
    await output.text(
      `   restic checked the second site too: no error, ${plural(opinion.snapshots.length, "moment")}\n`,
    );
  if (opinion.kind === "disagrees")
    await output.text(
      `   ${output.style("red", "restic found an error at the second site")}:\n${opinion.said.replace(/^/gm, "   ")}\n`,
    );
  return opinion.kind !== "disagrees";
}
