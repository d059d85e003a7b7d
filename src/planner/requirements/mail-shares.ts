/** How the site's mail is divided among its lines of business. */
export type MailShares = {
  /** By name; what is left over goes evenly to those that say nothing. */
  readonly shares: ReadonlyMap<string, number>;
  /** Of those that say something. */
  readonly stated: number;
  readonly silent: readonly string[];
  /** Whether they have more than all, or leave nothing, or something that is nobody's. */
  readonly tooMuch: boolean;
  readonly nothingLeft: boolean;
  readonly nobodys: boolean;
};

/** What sums of fractions are off by. */
const inexact = 1e-9;
/** Three thirds are written 33.3% each: so much may be missing and nobody minds. */
const rounding = 0.005;

export function mailShares(
  lines: readonly { readonly name: string; readonly share: number | undefined }[],
): MailShares {
  const stated = lines.reduce((sum, { share = 0 }) => sum + share, 0);
  const silent = lines.filter(({ share }) => share === undefined).map(({ name }) => name);
  const left = Math.max(0, 1 - stated);
  return {
    shares: new Map(lines.map(({ name, share }) => [name, share ?? left / silent.length])),
    stated,
    silent,
    tooMuch: stated > 1 + inexact,
    nothingLeft: silent.length > 0 && left < inexact,
    nobodys: silent.length === 0 && left > rounding,
  };
}
