import { displayPath, type RawPath } from "#image";
import type { Header } from "./frame.ts";
import { brokenProtocol } from "./host-error.ts";
import type { Received } from "./link-call.ts";
import { checkLogName, type LogFile, type LogFolder, type LogOptions } from "./log-folder.ts";
import type { PeerConnector } from "./peer-connector.ts";

/** A folder of a log on another host. Everything may be asked twice, so a lost connection is no failure yet. */
export function remoteLogFolder(connector: PeerConnector, path: RawPath): LogFolder {
  return new RemoteLogFolder(connector, path);
}

class RemoteLogFolder implements LogFolder {
  readonly location: string;
  readonly #connector: PeerConnector;
  readonly #path: RawPath;

  constructor(connector: PeerConnector, path: RawPath) {
    this.#connector = connector;
    this.#path = path;
    this.location = `ssh://${connector.options.name}${displayPath(path)}`;
  }

  async list(options: LogOptions = {}): Promise<readonly LogFile[]> {
    const { body } = await this.#ask({ what: "log-list" }, options);
    return filesOf(body);
  }

  async read(
    name: string,
    {
      offset,
      lengthBytes,
      ...options
    }: { readonly offset: number; readonly lengthBytes: number } & LogOptions,
  ): Promise<Uint8Array> {
    checkLogName(name);
    const header = { what: "log-read", name, offset, lengthBytes };
    const { body } = await this.#ask(header, options);
    if (body.length > lengthBytes) throw brokenProtocol("more of a log came than was asked for");
    return body;
  }

  async write(
    name: string,
    {
      offset,
      bytes,
      ...options
    }: { readonly offset: number; readonly bytes: Uint8Array } & LogOptions,
  ): Promise<void> {
    checkLogName(name, true);
    await this.#ask({ what: "log-write", name, offset }, { ...options, body: bytes });
  }

  async setPosition(bytes: Uint8Array, options: LogOptions = {}): Promise<void> {
    await this.#ask({ what: "log-position" }, { ...options, body: bytes });
  }

  async #ask(
    { what, ...header }: Header & { readonly what: string },
    { signal, body }: LogOptions & { readonly body?: Uint8Array },
  ): Promise<Received> {
    const request = {
      header: { what, path: this.#path, ...header },
      signal,
      ...(body === undefined ? {} : { body }),
    };
    return await this.#connector.attempt(async (link) => await link.ask(request), {
      signal,
      isRepeatable: true,
    });
  }
}

function filesOf(body: Uint8Array): readonly LogFile[] {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    throw brokenProtocol("a listing of a log is no JSON");
  }
  if (!Array.isArray(value)) throw brokenProtocol("a listing of a log is no list");
  return value.map((entry: unknown) => {
    const [name, sizeBytes] = Array.isArray(entry) ? (entry as readonly unknown[]) : [];
    if (typeof name !== "string" || !Number.isSafeInteger(sizeBytes) || (sizeBytes as number) < 0)
      throw brokenProtocol("a listing of a log has an entry that is none");
    checkLogName(name);
    return { name, sizeBytes: sizeBytes as number };
  });
}
