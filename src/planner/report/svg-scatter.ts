import { displayWidth, fitted } from "./display-width.ts";
import { markup, type Markup } from "./html-escape.ts";
import { moneyText, rpoText, rtoText } from "./plot-words.ts";
import { standingOf } from "./plot-table.ts";
import type { Scatter, ScatterPoint } from "./report.ts";
import { safeLabel } from "./safe-text.ts";
import { placeLabels, type Box, type Dot, type LabelSize, type PlacedLabel } from "./svg-labels.ts";
import { durationTicks, logAxis, spacedTicks, type Axis } from "./svg-scale.ts";
import { groupsOf, shapeMarkup } from "./svg-shape.ts";

/** A plot is drawn twice, for a desk and for a phone; ids must differ. */
export type PlotForm = { readonly id: string; readonly narrow: boolean };

export type ScatterDrawing = {
  readonly svg: Markup;
  /** Points whose name is not in the drawing, for want of room: 0 is the first. */
  readonly numbered: readonly number[];
};

/** Only what has a place can be drawn; the table has all points. */
export function scatterSvg(scatter: Scatter, form: PlotForm): ScatterDrawing {
  const size = form.narrow ? narrowSize : wideSize;
  const { x, y } = axesOf(scatter, size);
  const marks = marksOf(scatter, { x, y, size });
  const labels = labelsOf(marks, size);
  // Large marks first, so that none hides another.
  const painted = marks.toSorted((one, other) => other.dot.radius - one.dot.radius);
  const { id } = form;
  const svg = markup`<svg class="plot ${form.narrow ? "narrow" : "wide"}" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${safeLabel(scatter.title)}</title>
<desc id="${id}-desc">${descriptionOf(scatter)}</desc>
${objectiveMarkup(scatter, { x, y, size })}${axesMarkup(x, y, size)}
${painted.map((mark) => markMarkup(mark, scatter))}
${labels.map(labelMarkup)}
</svg>`;
  const numbered = labels.filter(({ named }) => !named).map(({ mark }) => mark.index);
  return { svg, numbered: numbered.toSorted((one, other) => one - other) };
}

type Size = {
  readonly width: number;
  readonly height: number;
  readonly plot: Box;
  readonly largestRadius: number;
  readonly labelColumns: number;
  /** Or the chosen alone, where a name beside each mark would hide the others. */
  readonly namesAll: boolean;
};

const wideSize: Size = {
  width: 760,
  height: 470,
  plot: { left: 92, top: 14, right: 750, bottom: 414 },
  largestRadius: 22,
  labelColumns: 34,
  namesAll: true,
};
const narrowSize: Size = {
  width: 360,
  height: 390,
  plot: { left: 84, top: 10, right: 354, bottom: 336 },
  largestRadius: 15,
  labelColumns: 30,
  namesAll: false,
};
const letterPx = 7;
const lineHeightPx = 15;
const smallestRadius = 4.5;
/** How far the ring of what was chosen stands off. */
const ringPx = 5;
type Mark = {
  readonly point: ScatterPoint;
  readonly index: number;
  readonly dot: Dot;
  readonly group: number;
};

function axesOf(
  { points, objective }: Scatter,
  { plot }: Size,
): { readonly x: Axis; readonly y: Axis } {
  const shared = {
    ticks: durationTicks,
    smallest: 1 / 600,
    largest: 100 * 365 * 24 * 60,
    margin: 2.2,
    unlimitedBand: 76,
  };
  const rpo = points.map(({ rpoMinutes }) => rpoMinutes);
  const rto = points.map(({ rtoMinutes }) => rtoMinutes);
  if (objective !== undefined) {
    rpo.push(objective.rpoMinutes);
    rto.push(objective.rtoMinutes);
  }
  return {
    x: logAxis(rpo, { ...shared, from: plot.left, to: plot.right, zero: { band: 60, label: "0" } }),
    y: logAxis(rto, {
      ...shared,
      from: plot.bottom,
      to: plot.top,
      zero: { band: 46, label: "automatic" },
    }),
  };
}

function marksOf(
  scatter: Scatter,
  { x, y, size }: { readonly x: Axis; readonly y: Axis; readonly size: Size },
): readonly Mark[] {
  const groups = groupsOf(scatter.points);
  const dearest = dearestOf(scatter.points);
  return scatter.points.flatMap((point, index) => {
    if (Number.isNaN(point.rpoMinutes) || Number.isNaN(point.rtoMinutes)) return [];
    const share =
      dearest > 0 && point.costPerYear > 0 ? Math.min(1, point.costPerYear / dearest) : 0;
    const dot = {
      x: x.position(point.rpoMinutes),
      y: y.position(point.rtoMinutes),
      radius: Math.max(smallestRadius, size.largestRadius * Math.sqrt(share)),
    };
    return [{ point, index, dot, group: groups.indexOf(point.group) }];
  });
}

function dearestOf(points: readonly ScatterPoint[]): number {
  const costs = points.map(({ costPerYear }) => costPerYear).filter(Number.isFinite);
  return costs.reduce((most, cost) => Math.max(most, cost), 0);
}

function markMarkup({ point, index, dot, group }: Mark, { currency }: Scatter): Markup {
  const { label, rpoMinutes, rtoMinutes, costPerYear, chosen, onFront } = point;
  const classes = `mark group-${group % 4}${onFront ? " front" : ""}${chosen ? " chosen" : ""}`;
  const standing = standingOf(point);
  const facts = `RPO ${rpoText(rpoMinutes)}, RTO ${rtoText(rtoMinutes)}, ${moneyText(costPerYear, currency)} a year${standing === "" ? "" : ` (${standing})`}`;
  const ring = markup`<circle class="ring" cx="${dot.x}" cy="${dot.y}" r="${dot.radius + ringPx}" />`;
  return markup`<g class="${classes}"><title>${index + 1}. ${safeLabel(label)}: ${facts}</title>${chosen ? ring : undefined}${shapeMarkup(group, dot)}</g>
`;
}

type LabelText = { readonly text: string; readonly named: boolean };
type Label = LabelText & { readonly mark: Mark; readonly box: PlacedLabel };

/** By number and name where there is room, else by number. The chosen one comes first, then the front. */
function labelsOf(marks: readonly Mark[], size: Size): readonly Label[] {
  const ringed = ({ point, dot }: Mark): Dot =>
    point.chosen ? { ...dot, radius: dot.radius + ringPx } : dot;
  const labels = marks
    .toSorted((one, other) => importanceOf(other) - importanceOf(one))
    .map((mark) => ({ mark, texts: textsOf(mark, size) }));
  const places = placeLabels(
    labels.map(({ mark, texts }) => ({
      dot: ringed(mark),
      sizes: texts.map(({ text }) => sizeOf(text)),
    })),
    { bounds: size.plot, dots: marks.map(ringed) },
  );
  return places.flatMap((box, rank) => {
    const label = labels[rank];
    const chosen = label?.texts[box.size];
    return label === undefined || chosen === undefined
      ? []
      : [{ mark: label.mark, box, ...chosen }];
  });
}

/** What may stand beside a mark, best first; `named` is what needs no key to be understood. */
function textsOf({ point, index }: Mark, { labelColumns, namesAll }: Size): readonly LabelText[] {
  const number = `${point.chosen ? "✓ " : ""}${index + 1}`;
  const numbered = { text: number, named: false };
  if (!namesAll && !point.chosen) return [numbered];
  const name = safeLabel(point.label);
  const shown = fitted(name, labelColumns);
  return [{ text: `${number} ${shown}`, named: shown === name }, numbered];
}

function sizeOf(text: string): LabelSize {
  return { width: displayWidth(text) * letterPx, height: lineHeightPx };
}

function importanceOf({ point }: Mark): number {
  return (point.chosen ? 2 : 0) + (point.onFront ? 1 : 0);
}

function labelMarkup({ mark, text, box }: Label): Markup {
  const { dot, point } = mark;
  const baseline = (box.top + box.bottom) / 2 + 4;
  const { x, anchor } = anchorOf(box, dot);
  return markup`${box.apart ? leaderMarkup(dot, box) : undefined}<text class="${point.chosen ? "name chosen" : "name"}" x="${x}" y="${baseline}" text-anchor="${anchor}">${text}</text>
`;
}

/** Against its mark: how wide the letters are is only estimated. */
function anchorOf(box: Box, dot: Dot): { readonly x: number; readonly anchor: string } {
  if (box.left >= dot.x) return { x: box.left, anchor: "start" };
  if (box.right <= dot.x) return { x: box.right, anchor: "end" };
  return { x: (box.left + box.right) / 2, anchor: "middle" };
}

/** From the edge of the mark to the nearest corner or side of its label. */
function leaderMarkup({ x, y, radius }: Dot, box: Box): Markup {
  const nearX = Math.min(Math.max(x, box.left), box.right);
  const nearY = Math.min(Math.max(y, box.top), box.bottom);
  const share = radius / Math.max(radius, Math.hypot(nearX - x, nearY - y));
  const startX = x + (nearX - x) * share;
  const startY = y + (nearY - y) * share;
  return markup`<line class="leader" x1="${startX}" y1="${startY}" x2="${nearX}" y2="${nearY}" />`;
}

function objectiveMarkup(
  { objective }: Scatter,
  { x, y, size }: { readonly x: Axis; readonly y: Axis; readonly size: Size },
): Markup | undefined {
  if (objective === undefined) return undefined;
  const { rpoMinutes, rtoMinutes } = objective;
  if (Number.isNaN(rpoMinutes) || Number.isNaN(rtoMinutes)) return undefined;
  const { left, bottom } = size.plot;
  const right = rpoMinutes > 0 ? x.position(rpoMinutes) : x.start;
  const top = rtoMinutes > 0 ? y.position(rtoMinutes) : y.start;
  return markup`<rect class="objective" x="${left}" y="${top}" width="${right - left}" height="${bottom - top}" />
`;
}

function axesMarkup(x: Axis, y: Axis, { plot, height }: Size): Markup {
  const { left, top, right, bottom } = plot;
  const middle = (top + bottom) / 2;
  const across = spacedTicks(x.ticks, letterPx);
  return markup`<g class="grid">${x.ticks.map(({ at }) => markup`<line x1="${at}" y1="${top}" x2="${at}" y2="${bottom}" />`)}${y.ticks.map(({ at }) => markup`<line x1="${left}" y1="${at}" x2="${right}" y2="${at}" />`)}</g>
<path class="break" d="M${x.start} ${top}V${bottom}M${left} ${y.start}H${right}" />
<path class="axis" d="M${left} ${top}V${bottom}H${right}" />
<g class="ticks">${across.map(({ at, label }) => markup`<text x="${at}" y="${bottom + 17}" text-anchor="middle">${label}</text>`)}${y.ticks.map(({ at, label }) => markup`<text x="${left - 7}" y="${at + 4}" text-anchor="end">${label}</text>`)}</g>
<text class="axis-name" x="${(left + right) / 2}" y="${height - 12}" text-anchor="middle">RPO: mail that may be lost →</text>
<text class="axis-name" x="12" y="${middle}" text-anchor="middle" transform="rotate(-90 12 ${middle})">RTO: until mail is back →</text>`;
}

function descriptionOf({ points, currency }: Scatter): string {
  const chosen = points
    .filter((point) => point.chosen)
    .map(({ label, rpoMinutes, rtoMinutes, costPerYear }) => {
      const cost = moneyText(costPerYear, currency);
      return `${safeLabel(label)}: RPO ${rpoText(rpoMinutes)}, RTO ${rtoText(rtoMinutes)}, ${cost} a year`;
    });
  const choice = chosen.length === 0 ? "None is chosen." : `Chosen: ${chosen.join("; ")}.`;
  return `${points.length} options by RPO (across) and RTO (up), both logarithmic; a mark's area is its yearly cost. ${choice} The table after the plot has all numbers.`;
}
