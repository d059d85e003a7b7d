import { safeText } from "./text.ts";

/** The command that saves what can be saved, to be pasted into a shell. */
export function repairText(location: string): string {
  return `restante repair --copy ${shellWord(safeText(location))}`;
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
