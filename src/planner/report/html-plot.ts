import { markup, type Markup } from "./html-escape.ts";
import { tableMarkup } from "./html-table.ts";
import { scatterTable, timelineTables } from "./plot-table.ts";
import { ageText, finenessWords, moneyText, rpoText, rtoText } from "./plot-words.ts";
import type { Scatter, Table, Timeline } from "./report.ts";
import { safeLabel } from "./safe-text.ts";
import { scatterSvg, type ScatterDrawing } from "./svg-scatter.ts";
import { groupsOf, shapeMarkup } from "./svg-shape.ts";
import { timelineSvg } from "./svg-timeline.ts";

/** Drawn for a desk and for a phone (one of them is hidden), then a legend, then the same as a table. */
export function scatterMarkup(scatter: Scatter, id: string): Markup {
  const wide = scatterSvg(scatter, { id: `${id}-wide`, narrow: false });
  const narrow = scatterSvg(scatter, { id: `${id}-narrow`, narrow: true });
  return markup`<figure>
<figcaption>${safeLabel(scatter.title)}</figcaption>
${wide.svg}
${numberedMarkup(scatter, { drawing: wide, form: "wide" })}${narrow.svg}
${numberedMarkup(scatter, { drawing: narrow, form: "narrow" })}${scatterLegend(scatter)}
${fallbackMarkup([scatterTable(scatter)], id)}</figure>
`;
}

export function timelineMarkup(timeline: Timeline, id: string): Markup {
  return markup`<figure>
<figcaption>${safeLabel(timeline.title)}</figcaption>
${timelineSvg(timeline, { id: `${id}-wide`, narrow: false })}
${timelineSvg(timeline, { id: `${id}-narrow`, narrow: true })}
${lapsesMarkup(timeline)}${timelineLegend(timeline)}
${fallbackMarkup(timelineTables(timeline), id)}</figure>
`;
}

/** In full and in sight: a lapse is what the drawing is looked at for. */
function lapsesMarkup({ lapses }: Timeline): Markup | undefined {
  if (lapses.length === 0) return undefined;
  const items = lapses.map(
    ({ fromAgeHours, toAgeHours, text }) =>
      markup`<li>✗ Lapse, ${ageText(fromAgeHours)} to ${ageText(toAgeHours)}: ${text}</li>`,
  );
  return markup`<ul class="lapses">${items}</ul>
`;
}

function fallbackMarkup(tables: readonly Table[], id: string): Markup {
  return markup`<details class="numbers"><summary>The same numbers as a table</summary>
${tables.map((table, index) => tableMarkup(table, `${id}-table-${index + 1}`))}</details>
`;
}

/** The names of the points that had room for their number alone, or for a part of the name. */
function numberedMarkup(
  { points }: Scatter,
  { drawing, form }: { readonly drawing: ScatterDrawing; readonly form: "wide" | "narrow" },
): Markup | undefined {
  if (drawing.numbered.length === 0) return undefined;
  const names = drawing.numbered.map(
    (index) => markup`<li><b>${index + 1}</b> ${safeLabel(points[index]?.label ?? "")}</li>`,
  );
  return markup`<ul class="key ${form}" aria-hidden="true">${names}</ul>
`;
}

function scatterLegend({ points, objective, currency }: Scatter): Markup {
  const groups = groupsOf(points).map((group, index) =>
    legendItem(
      markup`<g class="mark front group-${index % 4}">${swatch(index)}</g>`,
      safeLabel(group),
    ),
  );
  const items = [...groups];
  if (points.some(({ onFront }) => onFront))
    items.push(legendItem(markup`<g class="mark front">${swatch(0)}</g>`, "filled: on the front"));
  if (points.some(({ onFront }) => !onFront))
    items.push(
      legendItem(
        markup`<g class="mark">${swatch(0)}</g>`,
        "pale: another is as good or better in RPO, RTO and cost",
      ),
    );
  if (points.some(({ chosen }) => chosen)) {
    const ring = markup`<g class="mark front chosen"><circle class="ring" cx="9" cy="9" r="8" /><circle cx="9" cy="9" r="4" /></g>`;
    items.push(legendItem(ring, "✓ ringed: chosen"));
  }
  if (objective !== undefined) {
    const words = `objective: RPO at most ${rpoText(objective.rpoMinutes)}, RTO at most ${rtoText(objective.rtoMinutes)}`;
    items.push(
      legendItem(markup`<rect class="objective" x="1" y="3" width="16" height="12" />`, words),
    );
  }
  const costs = points.map(({ costPerYear }) => costPerYear).filter(Number.isFinite);
  if (costs.length > 0) {
    const [least, most] = [Math.min(...costs), Math.max(...costs)];
    const span =
      least === most
        ? moneyText(most, currency)
        : `${moneyText(least, currency)} to ${moneyText(most, currency)}`;
    const sizes = markup`<g class="mark"><circle cx="4" cy="12" r="2.5" /><circle cx="12" cy="9" r="6" /></g>`;
    items.push(legendItem(sizes, `area: cost a year, ${span}`));
  }
  return markup`<ul class="legend">${items}</ul>`;
}

function swatch(group: number): Markup {
  return shapeMarkup(group, { x: 9, y: 9, radius: 6 });
}

function timelineLegend({ lapses, rows }: Timeline): Markup {
  const layers = (["operational", "disaster"] as const)
    .filter((layer) => rows.some((row) => row.layer === layer))
    .map((layer) =>
      legendItem(
        markup`<g class="layer-${layer}"><g class="fine-0"><rect class="bar" x="1" y="3" width="16" height="12" /></g></g>`,
        `${layer} recovery`,
      ),
    );
  const shades = finenessWords.map((words, fineness) =>
    legendItem(
      markup`<g class="layer-operational"><g class="fine-${fineness}"><rect class="bar" x="1" y="3" width="16" height="12" /></g></g>`,
      words,
    ),
  );
  const hatch = markup`<rect class="hatch-ground" x="1" y="3" width="16" height="12" /><path class="hatch-line" d="M2 15L12 3M8 15L17 4" />`;
  const lapse = lapses.length > 0 ? [legendItem(hatch, "✗ lapse: nothing covers it")] : [];
  const mark = legendItem(
    markup`<line class="mark-48h" x1="9" y1="1" x2="9" y2="17" />`,
    "48 h: most operational recoveries lie within (paper §1.4.2)",
  );
  return markup`<ul class="legend">${layers}${shades}${lapse}${mark}</ul>`;
}

function legendItem(drawing: Markup, words: string): Markup {
  return markup`<li><svg class="swatch" viewBox="0 0 18 18" aria-hidden="true">${drawing}</svg>${words}</li>`;
}
