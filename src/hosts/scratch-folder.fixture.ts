/** A temporary folder of this machine, in which hosts under test find what they need. */
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MemoryNodes, rawPathFromText, type RawPath, writeMemoryNodes } from "#image";
import type { Host } from "./host.ts";
import { type HostFixture, shellCommands } from "./host.contract.ts";

/** Each storage test makes 261 folders: a filesystem in memory does that ten times as fast. */
const base = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

export class ScratchFolder implements Disposable {
  readonly path: string = realpathSync(mkdtempSync(join(base, "restante-hosts-")));
  #count = 0;

  /** A path that nothing is at yet. */
  fresh(): RawPath {
    return rawPathFromText(join(this.path, String(++this.#count), "repository"));
  }

  async withNodes(nodes: MemoryNodes): Promise<RawPath> {
    const path = join(this.path, String(++this.#count));
    mkdirSync(path);
    await writeMemoryNodes(rawPathFromText(path), nodes);
    return rawPathFromText(path);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A host whose files are those of this machine. */
export function scratchFixture(host: Host, close: () => Promise<void>): HostFixture {
  const scratch = new ScratchFolder();
  return {
    host,
    commands: shellCommands,
    makeFolder: (nodes) => scratch.withNodes(nodes),
    freshPath: async () => scratch.fresh(),
    async [Symbol.asyncDispose]() {
      await close();
      scratch[Symbol.dispose]();
    },
  };
}
