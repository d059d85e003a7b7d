import { markup, type Markup } from "./html-escape.ts";
import type { ScatterPoint } from "./report.ts";

/** The groups of the points in the order in which they first appear: each has its own shape. */
export function groupsOf(points: readonly ScatterPoint[]): readonly string[] {
  return [...new Set(points.map(({ group }) => group))];
}

/** Shapes of one area, so that only cost makes a mark larger: circle, square, diamond, triangle. */
export function shapeMarkup(
  group: number,
  { x, y, radius }: { readonly x: number; readonly y: number; readonly radius: number },
): Markup {
  switch (group % 4) {
    case 0:
      return markup`<circle cx="${x}" cy="${y}" r="${radius}" />`;
    case 1: {
      const side = radius * Math.sqrt(Math.PI);
      return markup`<rect x="${x - side / 2}" y="${y - side / 2}" width="${side}" height="${side}" />`;
    }
    case 2: {
      const half = radius * Math.sqrt(Math.PI / 2);
      return markup`<path d="M${x} ${y - half}L${x + half} ${y}L${x} ${y + half}L${x - half} ${y}Z" />`;
    }
    default: {
      const half = radius * Math.sqrt(Math.PI / Math.sqrt(3));
      const rise = half * Math.sqrt(3);
      const base = y + rise / 3;
      return markup`<path d="M${x} ${base - rise}L${x + half} ${base}L${x - half} ${base}Z" />`;
    }
  }
}
