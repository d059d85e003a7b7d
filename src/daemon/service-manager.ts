import { openNativeLibrary } from "#files";

/** What a service manager is told (sd_notify(3)). Nobody listens: then nothing happens. */
export interface ServiceManager {
  ready(status: string): Promise<void>;
  stopping(): Promise<void>;
  /** A sign of life; where it stays away for too long, the manager starts the daemon anew. */
  alive(status: string): Promise<void>;
  /** How often it wants one; undefined: not at all. */
  readonly aliveEveryMs: number | undefined;
}

export type ServiceManagerOptions = {
  /** NOTIFY_SOCKET and WATCHDOG_USEC as the environment has them. */
  readonly socket: string | undefined;
  readonly watchdogMicroseconds: string | undefined;
  /** Where the system cannot be called: runs systemd's own helper with these arguments. */
  readonly runHelper?: (words: readonly string[]) => Promise<void>;
};

/** Never fails: whether a manager hears it must not decide whether mail is protected. */
export function serviceManager(options: ServiceManagerOptions): ServiceManager {
  const { socket, watchdogMicroseconds, runHelper } = options;
  const microseconds = Number(watchdogMicroseconds);
  const isWatched = Number.isFinite(microseconds) && microseconds > 0;
  const tell = async (...lines: readonly string[]): Promise<void> => {
    if (socket === undefined || socket === "") return;
    try {
      if (!sendDatagram(socket, lines.join("\n"))) await runHelper?.(["systemd-notify", ...lines]);
    } catch {
      // As above.
    }
  };
  return {
    ready: async (status) => await tell("READY=1", statusLine(status)),
    stopping: async () => await tell("STOPPING=1"),
    alive: async (status) => await tell("WATCHDOG=1", statusLine(status)),
    aliveEveryMs: isWatched ? Math.max(100, microseconds / 1000 / 3) : undefined,
  };
}

function statusLine(status: string): string {
  return `STATUS=${status.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ").slice(0, 500)}`;
}

/** socket(2), sendto(2), close(2): Node has no datagrams of this kind. */
const definitions = {
  socket: { arguments: ["i32", "i32", "i32"], return: "i32" },
  sendto: { arguments: ["i32", "buffer", "u64", "i32", "buffer", "u32"], return: "i64" },
  close: { arguments: ["i32"], return: "i32" },
} as const;
const unixFamily = 1;
const datagramWithClose = 0x8_0002;
const doNotWait = 0x40;
/** sun_path of unix(7). */
const longestName = 108;

type Calls = NonNullable<ReturnType<typeof openNativeLibrary<typeof definitions>>>;
let loaded: Calls | "none" | undefined;

function sendDatagram(name: string, text: string): boolean {
  loaded ??= openNativeLibrary([null, "libc.so.6"], definitions) ?? "none";
  if (loaded === "none") return false;
  // "@" stands for the zero byte of a name that is no file's.
  const path = Buffer.from(name.startsWith("@") ? `\0${name.slice(1)}` : `${name}\0`);
  if (path.length > longestName) return false;
  const address = Buffer.concat([Buffer.from(new Uint16Array([unixFamily]).buffer), path]);
  const descriptor = loaded.socket(unixFamily, datagramWithClose, 0);
  if (descriptor < 0) return false;
  try {
    const bytes = Buffer.from(text);
    const length = BigInt(bytes.length);
    return loaded.sendto(descriptor, bytes, length, doNotWait, address, address.length) === length;
  } finally {
    loaded.close(descriptor);
  }
}
