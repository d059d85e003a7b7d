/** Pixels; `top` is the smaller one, as in SVG. */
export type Box = {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
};

export type Dot = { readonly x: number; readonly y: number; readonly radius: number };
export type LabelSize = { readonly width: number; readonly height: number };

export type PlacedLabel = Box & {
  /** Which of the label's sizes it has. */
  readonly size: number;
  /** Whether it lies so far from its dot that a line must join them. */
  readonly apart: boolean;
};

/**
 * A place for each label beside its dot, where it covers no dot and no label. Of the sizes that a label
 * may have, the first that has room is taken; without any it lies on its dot, with the last of them.
 * Greedy, in the order given: put first what matters most. Quadratic in the number of dots.
 */
export function placeLabels(
  labels: readonly { readonly dot: Dot; readonly sizes: readonly LabelSize[] }[],
  options: { readonly bounds: Box; readonly dots: readonly Dot[] },
): readonly PlacedLabel[] {
  const taken: Box[] = options.dots.map(boxOf);
  return labels.map(({ dot, sizes }) => {
    const place = firstPlace(dot, sizes, { bounds: options.bounds, taken });
    if (place === undefined) return { ...boxOf(dot), size: sizes.length - 1, apart: false };
    taken.push(place);
    return place;
  });
}

function firstPlace(
  dot: Dot,
  sizes: readonly LabelSize[],
  { bounds, taken }: { readonly bounds: Box; readonly taken: readonly Box[] },
): PlacedLabel | undefined {
  for (const [size, labelSize] of sizes.entries()) {
    for (const distance of distances) {
      for (const direction of directions) {
        const box = boxBeside(dot, labelSize, { distance, direction });
        if (!isInside(box, bounds) || taken.some((other) => overlaps(box, other))) continue;
        return { ...box, size, apart: distance > near };
      }
    }
  }
  return undefined;
}

function boxOf({ x, y, radius }: Dot): Box {
  return { left: x - radius, top: y - radius, right: x + radius, bottom: y + radius };
}

const near = 4;
const distances: readonly number[] = [near, 14, 26, 40, 56];
/** Right first, as text is read; diagonals last. */
const directions: readonly (readonly [number, number])[] = [
  [1, 0],
  [-1, 0],
  [0, -1],
  [0, 1],
  [1, -1],
  [1, 1],
  [-1, -1],
  [-1, 1],
];

function boxBeside(
  { x, y, radius }: Dot,
  { width, height }: LabelSize,
  {
    distance,
    direction: [across, down],
  }: { readonly distance: number; readonly direction: readonly [number, number] },
): Box {
  const diagonal = across !== 0 && down !== 0 ? Math.SQRT1_2 : 1;
  const reach = (radius + distance) * diagonal;
  const middleX = x + across * (reach + width / 2);
  const middleY = y + down * (reach + height / 2);
  return {
    left: middleX - width / 2,
    top: middleY - height / 2,
    right: middleX + width / 2,
    bottom: middleY + height / 2,
  };
}

function isInside(box: Box, bounds: Box): boolean {
  return (
    box.left >= bounds.left &&
    box.right <= bounds.right &&
    box.top >= bounds.top &&
    box.bottom <= bounds.bottom
  );
}

export function overlaps(one: Box, other: Box): boolean {
  return (
    one.left < other.right &&
    other.left < one.right &&
    one.top < other.bottom &&
    other.top < one.bottom
  );
}
