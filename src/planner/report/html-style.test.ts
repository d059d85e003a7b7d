import assert from "node:assert/strict";
import { test } from "node:test";
import { styleSheet } from "./html-style.ts";

type Colour = readonly [red: number, green: number, blue: number];

for (const [scheme, index] of [
  ["light", 0],
  ["dark", 1],
] as const) {
  const palette = new Map(
    [...styleSheet.matchAll(/--([a-z-]+):light-dark\((#\w{6}),(#\w{6})\)/g)].map(
      ([, name = "", ...values]) => [name, colourOf(values[index] ?? "")],
    ),
  );

  test(`every text can be read in the ${scheme} scheme: a contrast of 4.5 to 1 (WCAG 2.2, 1.4.3)`, () => {
    for (const text of ["ink", "muted", "link", "good", "warn", "bad"]) {
      for (const ground of ["ground", "raised"]) assertReadable(text, colour(ground));
    }
    for (const ground of ["good-ground", "warn-ground", "bad-ground"]) {
      assertReadable("ink", colour(ground));
    }
  });

  test(`words inside bars can be read on every shade of the ${scheme} scheme`, () => {
    for (const layer of ["operational", "disaster"]) {
      assertReadable("ground", colour(layer));
      const shades = [...styleSheet.matchAll(/\.fine-[123] .*?var\(--layer\) (\d+)%/g)];
      assert.equal(shades.length, 3);
      for (const [, percent] of shades) {
        assertReadable(
          "ink",
          mixed(colour(layer), colour("ground"), { share: Number(percent) / 100 }),
        );
      }
    }
  });

  function colour(name: string): Colour {
    const found = palette.get(name);
    assert.ok(found !== undefined, name);
    return found;
  }

  function assertReadable(text: string, ground: Colour): void {
    const [one, other] = [luminance(colour(text)), luminance(ground)];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    assert.ok(contrast >= 4.5, `${text} on ${ground.join(",")}: ${contrast.toFixed(2)}`);
  }
}

test("the style sheet fetches nothing and cannot end its element", () => {
  assert.doesNotMatch(styleSheet, /url\(|@import|<|src/);
});

function colourOf(hex: string): Colour {
  const part = (from: number): number => Number.parseInt(hex.slice(from, from + 2), 16);
  return [part(1), part(3), part(5)];
}

function mixed(one: Colour, other: Colour, { share }: { readonly share: number }): Colour {
  const part = (index: 0 | 1 | 2): number => one[index] * share + other[index] * (1 - share);
  return [part(0), part(1), part(2)];
}

/** WCAG 2.2, relative luminance. */
function luminance([red, green, blue]: Colour): number {
  const linear = (part: number): number => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}
