import { readFileSync } from "node:fs";

/** As snapshots name the program that wrote them: "restante 0.1.0". */
export const programVersion: string = `restante ${ownVersion()}`;

function ownVersion(): string {
  // The package's manifest stands two folders above, in the sources and in dist alike.
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return String((JSON.parse(text) as { version?: unknown }).version);
}
