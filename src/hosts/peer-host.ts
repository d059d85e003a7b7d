import type { Image, RawPath } from "#image";
import type { Storage } from "#storage";
import {
  type CommandEnd,
  type CommandResult,
  defaultOutputBytes,
  type FreeSpace,
  type Host,
  type HostOptions,
  type OpenFolderOptions,
  type RunOptions,
} from "./host.ts";
import type { HeaderFields } from "./header-fields.ts";
import { brokenProtocol } from "./host-error.ts";
import { checkAbsolute, pathAsText } from "./host-path.ts";
import type { LogFolder } from "./log-folder.ts";
import { type ConnectorOptions, PeerConnector } from "./peer-connector.ts";
import { openRemoteImage } from "./remote-image.ts";
import { remoteLogFolder } from "./remote-log.ts";
import { openRemoteStorage } from "./remote-storage.ts";
import { checkCommand } from "./run-command.ts";

/** A host that a peer serves at the other end of a connection, which is made when it is first needed. */
export function peerHost(options: ConnectorOptions): Host {
  return new PeerHost(options);
}

class PeerHost implements Host {
  readonly name: string;
  readonly kind = "ssh";
  readonly #connector: PeerConnector;

  constructor(options: ConnectorOptions) {
    this.name = options.name;
    this.#connector = new PeerConnector(options);
  }

  /** Not tried again once it may have begun: what a command did the first time is not known. */
  async run(command: readonly string[], options: RunOptions): Promise<CommandResult> {
    checkCommand(command, options);
    const { timeoutMs, input, limitBytes = defaultOutputBytes, signal } = options;
    return await this.#connector.attempt(
      async (link) => {
        using call = await link.begin({
          header: { what: "run", command, timeoutMs, limitBytes },
          ...(input === undefined ? {} : { body: input }),
          credit: 4,
          workMs: timeoutMs,
          signal,
        });
        const outputs = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
        let left = 2 * limitBytes;
        for (;;) {
          const { kind, fields, body } = await call.next(signal);
          if (kind === "done") return resultOf(fields, outputs);
          left -= body.length;
          if (left < 0) throw brokenProtocol("a command's output is larger than was asked for");
          outputs[fields.oneOf("of", ["stdout", "stderr"] as const)].push(body);
        }
      },
      { signal, isRepeatable: false },
    );
  }

  async openFolder(path: RawPath, options: OpenFolderOptions = {}): Promise<Image> {
    return await openRemoteImage(this.#connector, checkAbsolute(path), options);
  }

  async openStorage(path: RawPath, { signal }: HostOptions = {}): Promise<Storage> {
    pathAsText(checkAbsolute(path));
    return await openRemoteStorage(this.#connector, path, signal);
  }

  openLog(path: RawPath): LogFolder {
    pathAsText(checkAbsolute(path));
    return remoteLogFolder(this.#connector, path);
  }

  async freeSpace(path: RawPath, { signal }: HostOptions = {}): Promise<FreeSpace> {
    const header = { what: "free-space", path: checkAbsolute(path) };
    return await this.#connector.attempt(
      async (link) => {
        const { fields } = await link.ask({ header, signal });
        return { freeBytes: fields.count("freeBytes"), totalBytes: fields.count("totalBytes") };
      },
      { signal, isRepeatable: true },
    );
  }

  /** Ends the connection: what was opened on the host can be used no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connector[Symbol.asyncDispose]();
  }
}

function resultOf(
  fields: HeaderFields,
  { stdout, stderr }: Readonly<Record<"stdout" | "stderr", readonly Uint8Array[]>>,
): CommandResult {
  const end: CommandEnd = fields.has("signal")
    ? { signal: fields.text("signal") }
    : { exitCode: fields.count("exitCode", 255) };
  return {
    ...end,
    stdout: Buffer.concat(stdout),
    stderr: Buffer.concat(stderr),
    isCut: fields.flag("isCut"),
  };
}
