import { once } from "node:events";
import type { MemoryNodes, RawPath } from "#image";
import { storageContract } from "../storage/storage.contract.ts";
import { hostContract } from "./host.contract.ts";
import { memoryHost, type MemoryProgram } from "./memory-host.ts";

const programs: Readonly<Record<string, MemoryProgram>> = {
  copy: async ({ input }) => ({ exitCode: 0, stdout: input }),
  fail: async () => ({ exitCode: 3, stdout: Buffer.from("out"), stderr: Buffer.from("err") }),
  killed: async () => ({ signal: "SIGKILL" }),
  talkative: async () => ({ exitCode: 0, stdout: new Uint8Array(3_000_000) }),
  endless: async ({ signal }) => {
    await once(signal, "abort");
    return { signal: "SIGTERM" };
  },
};

hostContract("memory host", async () => {
  const folders: Record<string, MemoryNodes> = {};
  const host = memoryHost({ programs, folders });
  let count = 0;
  return {
    host,
    commands: {
      copy: ["copy"],
      fail: ["fail"],
      killed: ["killed"],
      endless: ["endless"],
      talkative: ["talkative"],
      missing: ["missing"],
    },
    async makeFolder(nodes) {
      const path = `/folder/${++count}`;
      folders[path] = nodes;
      return path as RawPath;
    },
    freshPath: async () => `/repository/${++count}` as RawPath,
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
});

storageContract("a storage of the memory host", async () => {
  const storage = await memoryHost().openStorage("/repository" as RawPath);
  return { storage, [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose]() };
});
