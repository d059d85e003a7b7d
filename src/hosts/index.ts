/**
 * hosts: where things live and run: this machine, or another over SSH, where the same program serves
 * it on its standard input and output (docs/formats/peer-protocol.md).
 *
 * `memoryHost` is for tests of whoever uses a Host.
 */
export {
  type CommandEnd,
  type CommandResult,
  defaultOutputBytes,
  type FreeSpace,
  type Host,
  type HostOptions,
  largestInputBytes,
  largestOutputBytes,
  type OpenFolderOptions,
  type RunOptions,
} from "./host.ts";
export { HostError, type HostErrorCode, isHostError } from "./host-error.ts";
export { type HostClock, type SleepOptions, systemHostClock } from "./host-clock.ts";
export { largestLogPiece, type LogFile, type LogFolder } from "./log-folder.ts";
export { localHost, type LocalHostOptions } from "./local-host.ts";
export { memoryHost, type MemoryHostOptions, type MemoryProgram } from "./memory-host.ts";
export { sshHost, type SshHostOptions } from "./ssh-host.ts";
export { openProcessStream, ProcessStream } from "./process-stream.ts";
export { servePeer, type ServePeerOptions } from "./serve-peer.ts";
