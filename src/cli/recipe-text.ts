import type { ServerRecipe } from "#servers";

/** A recipe for people: what to write into the configuration, the scripts, and how it is proved. */
export function recipeText(recipe: ServerRecipe): string {
  const { title, isTried, about, configuration, files, validation, putBack, cautions } = recipe;
  const list = (heading: string, lines: readonly string[]): string =>
    `# ${heading}\n${lines.map((line) => `#   ${line}\n`).join("")}`;
  return [
    `# ${title}${isTried ? "" : ": UNTRIED here, written from the maker's documents. Try it on a copy of your server first."}`,
    `# ${about}`,
    "#",
    "# In the configuration, below servers:",
    configuration.trimEnd(),
    ...files.flatMap(({ name, text }) => ["", `# ---- ${name} ----`, text.trimEnd()]),
    "",
    list("A copy is proved by:", validation).trimEnd(),
    list("Mail comes back by:", putBack).trimEnd(),
    list("Beware:", cautions),
  ].join("\n");
}
