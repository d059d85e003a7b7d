import type { Host } from "./host.ts";
import { type HostClock, systemHostClock } from "./host-clock.ts";
import { peerHost } from "./peer-host.ts";
import { checkSshCommand, openSshWire } from "./ssh-wire.ts";

export type SshHostOptions = {
  /** As ssh takes it: `user@host`, `ssh://user@host:port`, or a Host of ~/.ssh/config. */
  readonly destination: string;
  /** Default: the destination. */
  readonly name?: string;
  /** Default `ssh -o BatchMode=yes`: nobody is there to be asked. */
  readonly sshCommand?: readonly string[];
  /** Default `restante peer`. Fixed words only: nothing that a person or a mail named. */
  readonly peerCommand?: readonly string[];
  /** From the start of ssh to the peer's hello. Default 30 s. */
  readonly connectTimeoutMs?: number;
  /** A peer from which nothing comes for so long, though it is pinged, is gone. Default 60 s. */
  readonly silenceMs?: number;
  /** A request that the living peer does not answer for so long is hopeless. Default 10 min. */
  readonly answerTimeoutMs?: number;
  /** Requests in flight at once. Default 16. */
  readonly requests?: number;
  /** Attempts in a row without progress. Default 5. */
  readonly attempts?: number;
  /** Before the second of them in vain; doubled for each one more. Default 1 s. */
  readonly backOffMs?: number;
  readonly clock?: HostClock;
  /** Told what ssh and the peer say on standard error. */
  readonly log?: (line: string) => void;
};

/** Another host, over SSH. The connection is made at the first request, and again when it was lost. */
export function sshHost(options: SshHostOptions): Host {
  const {
    destination,
    name = destination,
    sshCommand = ["ssh", "-o", "BatchMode=yes"],
    peerCommand = ["restante", "peer"],
    log,
  } = options;
  const wire = { destination, sshCommand, peerCommand, log };
  checkSshCommand(wire);
  return peerHost({
    name,
    connect: async () => openSshWire(wire),
    connectTimeoutMs: options.connectTimeoutMs ?? 30_000,
    silenceMs: options.silenceMs ?? 60_000,
    answerTimeoutMs: options.answerTimeoutMs ?? 600_000,
    requests: options.requests ?? 16,
    attempts: options.attempts ?? 5,
    backOffMs: options.backOffMs ?? 1000,
    clock: options.clock ?? systemHostClock,
  });
}
