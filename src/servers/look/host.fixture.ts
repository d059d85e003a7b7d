/** A host in memory with these files and programs; for the tests of whoever looks at a host. */
import { ImageError, type MemoryNodes, type RawPath, rawPathFromText } from "#image";
import { type Host, memoryHost, type MemoryProgram } from "#hosts";

export type FixtureHost = {
  /** Absolute path → text, or a node. */
  readonly files?: Readonly<Record<string, MemoryNodes[string]>>;
  /** Name or path → what it prints, or does. A text ends with exit code 0. */
  readonly programs?: Readonly<Record<string, string | MemoryProgram>>;
  readonly kind?: Host["kind"];
};

export function fixtureHost({ files = {}, programs = {}, kind = "local" }: FixtureHost): Host {
  const folders: Record<string, Record<string, MemoryNodes[string]>> = { "/": {} };
  for (const [path, node] of Object.entries(files)) {
    const steps = path.split("/").slice(1);
    for (let depth = 0; depth < steps.length; depth++) {
      const folder = `/${steps.slice(0, depth).join("/")}`;
      const below = steps.slice(depth).map(rawPathFromText).join("/");
      (folders[folder] ??= {})[below] = node;
    }
  }
  const memory = memoryHost({
    kind,
    folders,
    programs: Object.fromEntries(
      Object.entries(programs).map(([name, program]) => [
        name,
        typeof program === "string"
          ? async () => ({ exitCode: 0, stdout: Buffer.from(program) })
          : program,
      ]),
    ),
  });
  return {
    name: memory.name,
    kind: memory.kind,
    run: (command, options) => memory.run(command, options),
    openStorage: (path, options) => memory.openStorage(path, options),
    openLog: (path) => memory.openLog(path),
    freeSpace: (path, options) => memory.freeSpace(path, options),
    openFolder: async (path: RawPath, options) => {
      const node = files[path];
      if (isRefused(node)) throw node.failure;
      if (node !== undefined && (typeof node !== "object" || !("type" in node)))
        throw new ImageError("image.not-a-folder", `Cannot open folder "${path}": it is a file`);
      return await memory.openFolder(path, options);
    },
    [Symbol.asyncDispose]: () => memory[Symbol.asyncDispose](),
  };
}

function isRefused(node: MemoryNodes[string] | undefined): node is { readonly failure: Error } {
  return typeof node === "object" && "failure" in node && "type" in node;
}
