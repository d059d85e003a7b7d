import { displayWidth, fitted } from "./display-width.ts";
import { markup, type Markup } from "./html-escape.ts";
import { ageText, finenessOf, shareText, spacingText } from "./plot-words.ts";
import type { CoverageWindow, Lapse, Timeline, TimelineRow } from "./report.ts";
import { safeLabel } from "./safe-text.ts";
import type { PlotForm } from "./svg-scatter.ts";
import { ageTicks, logAxis, spacedTicks, type Axis } from "./svg-scale.ts";

/** Rows of bars over age; what nothing covers is hatched through all of them. */
export function timelineSvg(timeline: Timeline, form: PlotForm): Markup {
  const frame = frameOf(timeline, form);
  const { id, axis, width, height } = frame;
  const mark = axis.position(mostRecoveriesHours);
  return markup`<svg class="plot ${form.narrow ? "narrow" : "wide"}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${safeLabel(timeline.title)}</title>
<desc id="${id}-desc">${descriptionOf(timeline)}</desc>
<defs><pattern id="${id}-hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch-ground" width="7" height="7" /><line class="hatch-line" x1="0" y1="0" x2="0" y2="7" /></pattern></defs>
${axisMarkup(frame)}
${timeline.rows.map((row, index) => rowMarkup(row, { index, frame }))}
${timeline.lapses.map((lapse, index) => lapseMarkup(lapse, { index, frame }))}
<line class="mark-48h" x1="${mark}" y1="${frame.top - 4}" x2="${mark}" y2="${frame.bottom}" />
<text class="mark-48h" x="${mark}" y="${frame.top - 8}" text-anchor="middle">48 h</text>
${sharesMarkup(timeline, frame)}
</svg>`;
}

/** Paper §1.4.2: most operational recoveries take place within 48 hours. */
const mostRecoveriesHours = 48;
const letterPx = 7;
/** Of the words inside bars. */
const smallLetterPx = 6.2;
const sharesHeight = 92;

type Frame = {
  readonly id: string;
  readonly narrow: boolean;
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  /** Of the rows of bars. */
  readonly top: number;
  readonly bottom: number;
  readonly rowHeight: number;
  readonly rowCount: number;
  readonly axis: Axis;
};

function frameOf({ rows, lapses, shares = [] }: Timeline, { id, narrow }: PlotForm): Frame {
  const left = narrow ? 38 : 216;
  const width = narrow ? 360 : 760;
  const right = width - 14;
  const rowHeight = narrow ? 42 : 30;
  const top = 26 + (shares.length > 0 ? sharesHeight : 0);
  const bottom = top + (rows.length + lapses.length) * rowHeight;
  const ages = [
    ...rows.flatMap(({ windows }) => windows),
    ...lapses,
    ...shares.map(({ ageHours }) => ({ fromAgeHours: ageHours, toAgeHours: ageHours })),
  ].flatMap(({ fromAgeHours, toAgeHours }) => [fromAgeHours, toAgeHours]);
  const axis = logAxis([...ages, 1 / 60, mostRecoveriesHours], {
    ticks: ageTicks,
    from: left,
    to: right,
    smallest: 1 / 60,
    largest: 200 * 365 * 24,
    margin: 1.3,
    unlimitedBand: narrow ? 34 : 64,
  });
  const rowCount = rows.length;
  return {
    id,
    narrow,
    width,
    height: bottom + 44,
    left,
    right,
    top,
    bottom,
    rowHeight,
    rowCount,
    axis,
  };
}

type Place = { readonly index: number; readonly frame: Frame };

function rowMarkup(row: TimelineRow, { index, frame }: Place): Markup {
  const y = frame.top + index * frame.rowHeight;
  // Coarse first: where windows overlap, one can land as finely as the finest says.
  const windows = row.windows.toSorted((one, other) => other.spacingHours - one.spacingHours);
  return markup`<g class="layer-${row.layer}">${rowLabel(row.label, { y, frame })}${windows.map((window) => barMarkup(window, { y, frame }))}</g>
`;
}

function rowLabel(
  label: string,
  { y, frame }: { readonly y: number; readonly frame: Frame },
): Markup {
  const { narrow, left, rowHeight } = frame;
  const text = fitted(safeLabel(label), narrow ? 46 : 29);
  const baseline = narrow ? y + 13 : y + rowHeight / 2 + 4;
  return markup`<text class="row-name" x="${narrow ? left : left - 10}" y="${baseline}" text-anchor="${narrow ? "start" : "end"}">${text}</text>`;
}

function barMarkup(
  window: CoverageWindow,
  { y, frame }: { readonly y: number; readonly frame: Frame },
): Markup {
  const { left, right } = spanOf(window, frame);
  const top = barTop(y, frame);
  const height = barHeight(frame);
  const spacing = spacingText(window.spacingHours);
  const facts = `${ageText(window.fromAgeHours)} to ${ageText(window.toAgeHours)}: ${spacing}`;
  const room = (right - left) / smallLetterPx;
  const fineness = finenessOf(window.spacingHours);
  const inside = markup`<text class="inside" x="${(left + right) / 2}" y="${top + height / 2 + 4}" text-anchor="middle">${spacing}</text>`;
  return markup`<g class="fine-${fineness}"><title>${facts}</title><rect class="bar" x="${left}" y="${top}" width="${Math.max(2, right - left)}" height="${height}" rx="2" />${displayWidth(spacing) + 1 < room ? inside : undefined}</g>`;
}

function lapseMarkup(lapse: Lapse, { index, frame }: Place): Markup {
  const { left, right } = spanOf(lapse, frame);
  const y = frame.top + (frame.rowCount + index) * frame.rowHeight;
  const middle = barTop(y, frame) + barHeight(frame) / 2 + 4;
  const facts = `${ageText(lapse.fromAgeHours)} to ${ageText(lapse.toAgeHours)}: ${safeLabel(lapse.text)}`;
  const width = Math.max(3, right - left);
  const band = markup`<rect x="${left}" y="${frame.top}" width="${width}" height="${y + frame.rowHeight - frame.top}" fill="url(#${frame.id}-hatch)" />`;
  return markup`<g class="lapse"><title>${facts}</title>${band}${rowLabel("✗ Lapse", { y, frame })}${lapseText(lapse, { left, right, middle, frame })}</g>
`;
}

/** On the side that has more room, where it fits; all lapses are written out below the drawing. */
function lapseText(
  { text }: Lapse,
  place: {
    readonly left: number;
    readonly right: number;
    readonly middle: number;
    readonly frame: Frame;
  },
): Markup | undefined {
  const { left, right, middle, frame } = place;
  const before = left - frame.left;
  const after = frame.right - right;
  const isBefore = before > after;
  const safe = safeLabel(text);
  if ((displayWidth(safe) + 2) * letterPx > Math.max(before, after)) return undefined;
  return markup`<text x="${isBefore ? left - 6 : right + 6}" y="${middle}" text-anchor="${isBefore ? "end" : "start"}">${safe}</text>`;
}

function spanOf(
  { fromAgeHours, toAgeHours }: { readonly fromAgeHours: number; readonly toAgeHours: number },
  { axis, right }: Frame,
): { readonly left: number; readonly right: number } {
  const end = toAgeHours === Infinity ? right : axis.position(toAgeHours);
  return { left: Math.min(axis.position(fromAgeHours), end), right: end };
}

function barTop(y: number, { narrow }: Frame): number {
  return narrow ? y + 18 : y + 4;
}

function barHeight({ narrow, rowHeight }: Frame): number {
  return narrow ? rowHeight - 21 : rowHeight - 8;
}

function axisMarkup({ axis, left, right, top, bottom }: Frame): Markup {
  const labels = spacedTicks(axis.ticks, letterPx);
  return markup`<g class="grid">${axis.ticks.map(({ at }) => markup`<line x1="${at}" y1="${top}" x2="${at}" y2="${bottom}" />`)}</g>
<path class="axis" d="M${left} ${bottom}H${right}" />
<g class="ticks">${labels.map(({ at, label }) => markup`<text x="${at}" y="${bottom + 16}" text-anchor="middle">${label}</text>`)}</g>
<text class="axis-name" x="${(left + right) / 2}" y="${bottom + 36}" text-anchor="middle">age of the moment wanted →</text>`;
}

/** Only the points are known; the line between them is for the eye. */
function sharesMarkup({ shares = [] }: Timeline, frame: Frame): Markup | undefined {
  const known = shares.filter(
    ({ ageHours, share }) => !Number.isNaN(ageHours) && !Number.isNaN(share),
  );
  if (known.length === 0) return undefined;
  const bottom = frame.top - 26;
  const top = 22;
  const dots = known
    .toSorted((one, other) => one.ageHours - other.ageHours)
    .map(({ ageHours, share }) => ({
      x: frame.axis.position(ageHours),
      y: bottom - (bottom - top) * Math.min(1, Math.max(0, share)),
      label: shareText(share),
      fact: `${shareText(share)} of recoveries want a moment at most ${ageText(ageHours)} old`,
    }));
  const line = dots.map(({ x, y }) => markup`${x},${y} `);
  return markup`<g class="shares"><path class="axis" d="M${frame.left} ${bottom}H${frame.right}" /><text class="row-name" x="${frame.narrow ? frame.left : frame.left - 10}" y="${frame.narrow ? 10 : bottom}" text-anchor="${frame.narrow ? "start" : "end"}">recoveries up to that age</text><polyline points="${line}" />${dots.map(({ x, y, label, fact }) => markup`<g><title>${fact}</title><circle cx="${x}" cy="${y}" r="3.5" /><text x="${x}" y="${y - 7}" text-anchor="middle">${label}</text></g>`)}</g>`;
}

function descriptionOf({ rows, lapses }: Timeline): string {
  const gaps = lapses.map(
    ({ fromAgeHours, toAgeHours, text }) =>
      `${ageText(fromAgeHours)} to ${ageText(toAgeHours)} (${safeLabel(text)})`,
  );
  const said = gaps.length === 0 ? "No lapse." : `Lapses: ${gaps.join("; ")}.`;
  return `Ages of the moments that ${rows.length} methods cover, logarithmic from 1 minute on; darker is finer. ${said} The tables after the plot have all numbers.`;
}
