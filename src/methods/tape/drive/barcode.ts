import { quoted } from "#errors";
import { tapeError } from "../tape-error.ts";

declare const barcode: unique symbol;
/** What is printed on the cartridge: six letters and digits, and two more for the kind of medium where the maker adds them. */
export type Barcode = string & { readonly [barcode]: true };

/** Throws `methods.tape-barcode`. */
export function parseBarcode(text: string): Barcode {
  if (isBarcode(text)) return text;
  throw tapeError(
    "methods.tape-barcode",
    `Cannot use the barcode ${quoted(text)}: it is not six capital letters and digits`,
    { hint: "Write it as it is printed on the cartridge, like RST001 or RST001L8." },
  );
}

export function isBarcode(text: string): text is Barcode {
  return /^[A-Z0-9]{6}(?:[A-Z0-9]{2})?$/.test(text);
}

/** What the label VOL1 holds: the medium's two characters are not a part of the name (ANSI X3.27: six characters). */
export function volumeSerialOf(volume: Barcode): string {
  return volume.slice(0, 6);
}
