const usualColumns = 80;
const leastColumns = 40;
const mostColumns = 96;

export type WrapOptions = {
  readonly indent: string;
  /** Of the terminal; undefined: as usual. */
  readonly columns: number | undefined;
};

/** Whole lines of at most the terminal's width, broken between words. */
export function wrappedText(text: string, { indent, columns = usualColumns }: WrapOptions): string {
  const width = Math.min(mostColumns, Math.max(leastColumns, columns)) - 1;
  let lines = "";
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length > indent.length && line.length + 1 + word.length > width) {
      lines += `${line}\n`;
      line = indent;
    }
    line += line.length > indent.length ? ` ${word}` : word;
  }
  return `${lines}${line}\n`;
}
