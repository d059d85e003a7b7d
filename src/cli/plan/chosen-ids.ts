import type { CommandContext } from "../command.ts";

/** "--choose ID" for every line of business, under ""; "--choose sales=ID" for one. */
export function chosenIds({ arguments: typed }: CommandContext): ReadonlyMap<string, string> {
  return new Map(
    typed.texts("choose").map((text): [string, string] => {
      const at = text.lastIndexOf("=");
      return at < 0 ? ["", text] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
