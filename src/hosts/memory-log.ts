import type { RawPath } from "#image";
import { HostError } from "./host-error.ts";
import { checkLogName, differs, largestLogPiece, type LogFolder } from "./log-folder.ts";

/** A log that lives in this process, for tests. */
export function memoryLogFolder(path: RawPath, files: Map<string, Buffer>): LogFolder {
  return {
    location: path,
    list: async () =>
      [...files]
        .map(([name, { length }]) => ({ name, sizeBytes: length }))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    read: async (name, { offset, lengthBytes }) => {
      checkLogName(name);
      const bytes = files.get(name);
      if (bytes === undefined)
        throw new HostError("host.not-found", `Cannot read "${path}": there is none`);
      return bytes.subarray(offset, offset + Math.min(lengthBytes, largestLogPiece));
    },
    write: async (name, { offset, bytes }) => {
      checkLogName(name, true);
      const there = files.get(name) ?? Buffer.alloc(0);
      const same = there.subarray(offset, offset + bytes.length);
      if (offset > there.length || Buffer.compare(same, bytes.subarray(0, same.length)) !== 0)
        throw differs(path, name);
      files.set(name, Buffer.concat([there, bytes.subarray(same.length)]));
    },
    setPosition: async (bytes) => void files.set("position", Buffer.from(bytes)),
  };
}
