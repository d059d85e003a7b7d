import { quoted } from "#errors";
import { type AddFinding, valueIn, type YamlDocument, type YamlPath } from "#policy";
import type { Objectives, Tier } from "./requirements.ts";
import { formatSpan, readSpan, spanFinding } from "./spans.ts";
import { standardTiers } from "./standard-tiers.ts";

type Layer = "operational" | "disaster";
type Layers = Readonly<Record<Layer, Partial<Objectives>>>;

/** A line of business or a tier, with the objectives that hold for it. */
type Holder = {
  readonly name: string;
  readonly path: YamlPath;
  readonly layers: Layers;
  /** Layers whose objectives it states itself; the others are its tier's. */
  readonly own: ReadonlySet<Layer>;
  readonly isSiteLossAccepted: boolean;
};

const bothLayers: readonly Layer[] = ["operational", "disaster"];

/** Objectives that ask for nothing, contradict each other, or rank otherwise than §4.2 expects. */
export function checkObjectives(document: YamlDocument, add: AddFinding): void {
  const tiers = document.keysOf(["tiers"]).map((name) => tierAt(document, name));
  const catalogue = new Map([
    ...standardTiers.map((tier): [string, Holder] => [tier.name, standardHolder(tier)]),
    ...tiers.map((tier): [string, Holder] => [tier.name.toLowerCase(), tier]),
  ]);
  const lines = document
    .keysOf(["lines_of_business"])
    .map((name) => lineAt(document, { name, catalogue }));
  for (const holder of [...tiers, ...lines]) {
    checkReach(holder, add);
    checkLayers(holder, add);
  }
  for (const line of lines) checkHardwareFailure(document, line, add);
  checkRanking(lines, add);
}

function tierAt(document: YamlDocument, name: string): Holder {
  const path = ["tiers", name];
  return {
    name,
    path,
    layers: layersAt(document, path),
    own: new Set(bothLayers),
    isSiteLossAccepted: valueIn(document.value, [...path, "disaster"]) === "accepted",
  };
}

function standardHolder({ name, operational, disaster }: Tier): Holder {
  return {
    name,
    path: [],
    layers: { operational, disaster: disaster ?? {} },
    own: new Set(bothLayers),
    isSiteLossAccepted: disaster === undefined,
  };
}

type LineOptions = { readonly name: string; readonly catalogue: ReadonlyMap<string, Holder> };

function lineAt(document: YamlDocument, { name, catalogue }: LineOptions): Holder {
  const path = ["lines_of_business", name];
  const keys = document.keysOf(path);
  const chosen = valueIn(document.value, [...path, "tier"]);
  const tier = typeof chosen === "string" ? catalogue.get(chosen.trim().toLowerCase()) : undefined;
  const own = new Set(bothLayers.filter((layer) => keys.includes(layer)));
  const stated = layersAt(document, path);
  const layerOf = (layer: Layer): Partial<Objectives> =>
    own.has(layer) ? stated[layer] : (tier?.layers[layer] ?? {});
  return {
    name,
    path,
    layers: { operational: layerOf("operational"), disaster: layerOf("disaster") },
    own,
    isSiteLossAccepted: own.has("disaster")
      ? valueIn(document.value, [...path, "disaster"]) === "accepted"
      : (tier?.isSiteLossAccepted ?? false),
  };
}

function layersAt(document: YamlDocument, path: YamlPath): Layers {
  return {
    operational: objectivesAt(document, [...path, "operational"]),
    disaster: objectivesAt(document, [...path, "disaster"]),
  };
}

/** Where an objective stands: in the line of business itself, or in the tier that it chose. */
function placeOf({ path, own }: Holder, layer: Layer, { key }: { readonly key: string }): YamlPath {
  return own.has(layer) ? [...path, layer, key] : [...path, "tier"];
}

function objectivesAt(document: YamlDocument, path: YamlPath): Partial<Objectives> {
  const read = (key: string): number | undefined => {
    const value = valueIn(document.value, [...path, key]);
    if (typeof value !== "string" && typeof value !== "number") return undefined;
    const finding = spanFinding(value, { mayBeNothing: true, example: "" });
    return finding === undefined ? readSpan(value) : undefined;
  };
  const [lose, back, reach] = ["lose_at_most", "back_within", "reach_back"].map(read);
  return {
    ...(lose === undefined ? {} : { loseAtMostMs: lose }),
    ...(back === undefined ? {} : { backWithinMs: back }),
    ...(reach === undefined ? {} : { reachBackMs: reach }),
  };
}

/** Who may lose as much as is kept needs nothing kept. */
function checkReach({ path, layers, own }: Holder, add: AddFinding): void {
  for (const layer of own) {
    const { loseAtMostMs, reachBackMs } = layers[layer];
    if (loseAtMostMs === undefined || reachBackMs === undefined) continue;
    if (loseAtMostMs < reachBackMs) continue;
    const message = `${formatSpan(loseAtMostMs)} may be lost and nothing older than ${formatSpan(reachBackMs)} is kept: this asks for nothing`;
    add([...path, layer, "lose_at_most"], {
      code: "planner.contradiction",
      message,
      hint: "Lose less, or reach back further.",
    });
  }
}

const objectiveKeys = [
  ["lose_at_most", "loseAtMostMs", "cost more mail"],
  ["back_within", "backWithinMs", "take longer"],
] as const;

/** The loss of a site is rarer and may cost more than an everyday loss, not less (§4.2). */
function checkLayers(holder: Holder, add: AddFinding): void {
  const { layers, own } = holder;
  // What the tier says of both was said of the tier.
  if (own.size === 0) return;
  for (const [key, objective, consequence] of objectiveKeys) {
    const everyday = layers.operational[objective];
    const site = layers.disaster[objective];
    if (everyday === undefined || site === undefined || everyday <= site) continue;
    const message = `an everyday loss may ${consequence} than the loss of the site (${formatSpan(everyday)}, ${formatSpan(site)})`;
    add(placeOf(holder, "operational", { key }), {
      severity: "warning",
      code: "planner.ranking",
      message,
      hint: "Check that the two are not exchanged.",
    });
  }
}

function checkHardwareFailure(
  document: YamlDocument,
  { path, isSiteLossAccepted }: Holder,
  add: AddFinding,
): void {
  const hardware = valueIn(document.value, [...path, "hardware_failure"]);
  if (hardware !== "disaster" || !isSiteLossAccepted) return;
  add([...path, "hardware_failure"], {
    code: "planner.contradiction",
    message: "destroyed volumes must be back by the disaster objectives, and there are none",
    hint: "Give disaster objectives, or write hardware_failure: operational.",
  });
}

/** A line that ranks before another in everyday losses does so when the site is lost (§4.2). */
function checkRanking(known: readonly Holder[], add: AddFinding): void {
  for (const [key, objective, consequence] of objectiveKeys) {
    const lines = known.flatMap((holder) => {
      const { name, layers } = holder;
      const everyday = layers.operational[objective];
      const site = layers.disaster[objective];
      return everyday === undefined || site === undefined ? [] : [{ holder, name, everyday, site }];
    });
    const groups = Map.groupBy(
      lines.toSorted((left, right) => left.everyday - right.everyday),
      ({ everyday }) => everyday,
    );
    // Of the lines that rank higher, the one that asks least when the site is lost.
    let slackest: (typeof lines)[number] | undefined;
    const reported = new Set<string>();
    for (const group of groups.values()) {
      for (const { name, site } of group) {
        if (slackest === undefined || slackest.site <= site || reported.has(slackest.name))
          continue;
        reported.add(slackest.name);
        const message = `${quoted(slackest.name)} ranks before ${quoted(name)} in everyday losses, and its loss of the site may ${consequence}`;
        add(placeOf(slackest.holder, "disaster", { key }), {
          severity: "warning",
          code: "planner.ranking",
          message,
          hint: "Lines of business usually rank the same in both (paper §4.2).",
        });
      }
      for (const line of group)
        if (slackest === undefined || line.site > slackest.site) slackest = line;
    }
  }
}
