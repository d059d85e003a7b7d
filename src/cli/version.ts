import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export type PackageDescription = {
  readonly name: string;
  readonly version: string;
  /** Lowest major version of Node that runs it. */
  readonly leastNode: number;
};

/** The version in package.json, so that nothing is written twice. */
export function programVersion(): string {
  return packageDescription().version;
}

/** Of the nearest package.json above this file: sources and dist/ stand at different depths. */
export function packageDescription(): PackageDescription {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const found = describedIn(join(folder, "package.json"));
    if (found !== undefined) return found;
    if (dirname(folder) === folder)
      throw new RangeError("no package.json of restante above its own code");
  }
}

function describedIn(path: string): PackageDescription | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (
      error instanceof Error &&
      "code" in error &&
      (error.code === "ENOENT" || error.code === "ENOTDIR")
    )
      return undefined;
    throw error;
  }
  const { name, version, engines } = JSON.parse(text) as {
    name?: string;
    version?: string;
    engines?: { node?: string };
  };
  if (name !== "restante" || version === undefined) return undefined;
  return { name, version, leastNode: Number(/\d+/.exec(engines?.node ?? "")?.[0] ?? 0) };
}
