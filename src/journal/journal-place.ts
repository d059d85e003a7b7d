/** A name for a folder that no other group's journal has: letters, digits, "-" and "_" as they are, any other byte as %XX. */
export function journalFolderName(group: string): string {
  let name = "";
  for (const byte of Buffer.from(group, "utf8")) {
    const character = String.fromCharCode(byte);
    name += /[A-Za-z0-9_-]/.test(character) ? character : `%${byte.toString(16).padStart(2, "0")}`;
  }
  return name;
}

/** What a `base` mark names: a moment, and the copy that has it. */
export type BaseName = {
  /** In the configuration, or the copy's location. */
  readonly copy: string;
  /** The moment's ID in that copy; never with a space. */
  readonly moment: string;
};

export function formatBaseName({ copy, moment }: BaseName): string {
  return `${moment} ${copy}`;
}

/** Undefined where the text is none. */
export function parseBaseName(text: string): BaseName | undefined {
  const space = text.indexOf(" ");
  if (space <= 0 || space === text.length - 1) return undefined;
  return { moment: text.slice(0, space), copy: text.slice(space + 1) };
}
