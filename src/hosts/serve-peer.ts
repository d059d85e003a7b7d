import type { Writable } from "node:stream";
import type { RawPath } from "#image";
import { AllowedFolders } from "./allowed-folders.ts";
import { largestBodyBytes } from "./frame.ts";
import { type HostClock, systemHostClock } from "./host-clock.ts";
import { type Host, largestOutputBytes } from "./host.ts";
import { HostError } from "./host-error.ts";
import { localHost } from "./local-host.ts";
import { PeerFolders } from "./peer-folder-handlers.ts";
import { peerLogHandlers } from "./peer-log-handlers.ts";
import { servePeerSession } from "./peer-session.ts";
import { PeerStorages } from "./peer-storage-handlers.ts";
import type { Item, PeerCall, PeerHandler } from "./served-call.ts";
import { streamWire } from "./wire.ts";

export type ServePeerOptions = {
  readonly input: AsyncIterable<Uint8Array>;
  readonly output: Writable;
  /** Folders that the client may ask about; then it may run no commands. Default: everything that our user may. */
  readonly roots?: readonly RawPath[];
  readonly signal: AbortSignal;
  /** Told in one line why the connection ended, where it did not end well. */
  readonly log: (line: string) => void;
  /** Requests that a client may have in flight. Default 16. */
  readonly requests?: number;
  /** A client from which nothing came for so long is gone; it sends pings much oftener. Default 15 min. */
  readonly silenceMs?: number;
  readonly clock?: HostClock;
  /** What is served. Default: this machine. */
  readonly host?: Host;
};

/**
 * Serves this machine to one client on the other end of two streams, until its input ends: the other
 * side of `sshHost`. Resolves when everything is put away, also after a client that broke the rules.
 * Rejects with the signal's reason.
 */
export async function servePeer(options: ServePeerOptions): Promise<void> {
  const { signal, log, input, output } = options;
  const { requests = 16, silenceMs = 15 * 60_000, clock = systemHostClock } = options;
  const folders = new AllowedFolders(options.roots);
  const host = options.host ?? localHost();
  await using storages = new PeerStorages(host, folders);
  await using images = new PeerFolders(host, folders);
  const handlers = new Map<string, PeerHandler>([
    ...storages.handlers,
    ...images.handlers,
    ...peerLogHandlers(host, folders),
    ["run", (call) => runCommand(call, host, folders)],
    ["free-space", (call) => measure(call, host, folders)],
  ]);
  try {
    const wire = streamWire({ input, output });
    await servePeerSession(wire, { handlers, requests, silenceMs, clock, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    log(error instanceof Error ? error.message : String(error));
  }
}

async function* runCommand(
  { fields, body, signal }: PeerCall,
  host: Host,
  folders: AllowedFolders,
): AsyncGenerator<Item, Item, undefined> {
  if (folders.areRestricted) {
    throw new HostError(
      "host.denied",
      "Cannot run a command: this peer is restricted to folders by `--root`",
      { hint: "Use a key without that restriction where commands have to be run." },
    );
  }
  const { stdout, stderr, isCut, ...end } = await host.run(fields.texts("command"), {
    timeoutMs: fields.count("timeoutMs", 2 ** 31 - 1),
    limitBytes: fields.count("limitBytes", largestOutputBytes),
    input: body,
    signal,
  });
  for (const [of, bytes] of Object.entries({ stdout, stderr })) {
    for (let at = 0; at < bytes.length; at += largestBodyBytes)
      yield { header: { of }, body: bytes.subarray(at, at + largestBodyBytes) };
  }
  return { header: { ...end, isCut } };
}

// oxlint-disable-next-line require-yield -- a handler without items
async function* measure(
  { fields, signal }: PeerCall,
  host: Host,
  folders: AllowedFolders,
): AsyncGenerator<Item, Item, undefined> {
  const path = await folders.resolve(fields.path("path"));
  return { header: { ...(await host.freeSpace(path, { signal })) } };
}
