import { quoted } from "#errors";
import { type AddFinding, valueIn, type YamlDocument } from "#policy";
import { missingHint } from "./requirements-vocabulary.ts";
import { standardTiers } from "./standard-tiers.ts";
import { unknownTier } from "./tier.ts";

/** Lines of business that name a tier that is none, or that neither choose a tier nor state objectives. */
export function checkTiers(document: YamlDocument, add: AddFinding): void {
  const tiers = tierNames(document);
  for (const line of document.keysOf(["lines_of_business"])) {
    const path = ["lines_of_business", line];
    const keys = document.keysOf(path);
    if (!keys.includes("tier")) {
      checkObjectivesAreThere(document, { line, add });
      continue;
    }
    const tier = valueIn(document.value, [...path, "tier"]);
    if (typeof tier !== "string" || tiers.has(tier.trim().toLowerCase())) continue;
    const catalogue = [...tiers.values()].map((name) => ({ name }));
    add([...path, "tier"], unknownTier(tier, { line, tiers: catalogue }));
  }
}

/** Names of the catalogue in force, by name in lower case. */
function tierNames(document: YamlDocument): ReadonlyMap<string, string> {
  const names = [...standardTiers.map(({ name }) => name), ...document.keysOf(["tiers"])];
  return new Map(names.map((name) => [name.toLowerCase(), name]));
}

function checkObjectivesAreThere(
  document: YamlDocument,
  { line, add }: { readonly line: string; readonly add: AddFinding },
): void {
  const path = ["lines_of_business", line];
  const written = valueIn(document.value, path);
  if (typeof written !== "object" || written === null || Array.isArray(written)) return;
  const keys = document.keysOf(path);
  const missing = ["operational", "disaster"].filter((layer) => !keys.includes(layer));
  const code = "config.missing";
  if (missing.length === 2) {
    const message = `${quoted(line)} has neither a tier nor objectives`;
    const hint =
      "Choose a tier, like tier: gold, or say under operational and disaster what must be reached.";
    add(path, { code, message, hint }, "key");
    return;
  }
  for (const layer of missing)
    add(
      [...path, layer],
      { code, message: `"${layer}" is missing`, hint: missingHint([layer]) },
      "key",
    );
}
