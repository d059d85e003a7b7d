/**
 * What both sides say first, at once and without waiting for each other.
 *
 * | offset | bytes | what                                                        |
 * | ------ | ----- | ----------------------------------------------------------- |
 * | 0      | 8     | magic: 89 52 53 54 50 0d 0a 1a (0x89 "RSTP" CR LF control-Z) |
 * | 8      | 2     | oldest version of the protocol that is spoken               |
 * | 10     | 2     | newest version                                              |
 * | 12     | 4     | requests that may be in flight                              |
 *
 * As with PNG, a byte above 127 and both line ends show what a terminal or a text mode does to bytes.
 */
import { quoted } from "#errors";
import type { ByteReader } from "./byte-reader.ts";
import { HostError } from "./host-error.ts";

export type Hello = {
  readonly oldestVersion: number;
  readonly newestVersion: number;
  readonly requests: number;
};

export const ourVersions = { oldestVersion: 1, newestVersion: 1 } as const;
export const helloBytes = 16;

const magic: Buffer = Buffer.from([0x89, 0x52, 0x53, 0x54, 0x50, 0x0d, 0x0a, 0x1a]);
/** What a login shell printed is looked at this far, to say what it was. */
const longestPrelude = 512;

export function encodeHello(hello: Hello): Buffer {
  const bytes = Buffer.alloc(helloBytes);
  bytes.set(magic, 0);
  bytes.writeUInt16BE(hello.oldestVersion, 8);
  bytes.writeUInt16BE(hello.newestVersion, 10);
  bytes.writeUInt32BE(hello.requests, 12);
  return bytes;
}

/**
 * Reads the hello of the other side, which errors call `side`; undefined where the input ends before its first byte. Throws
 * `host.chatty-shell` for text in its place, `host.version` for another program's age.
 */
export async function readHello(reader: ByteReader, side: string): Promise<Hello | undefined> {
  const first = await reader.take(magic.length);
  if (first.length === 0) return undefined;
  if (!first.equals(magic)) throw notAHello(await withWhatFollows(first, reader), side);
  const rest = await reader.take(helloBytes - magic.length);
  if (rest.length < helloBytes - magic.length) return undefined;
  const hello = {
    oldestVersion: rest.readUInt16BE(0),
    newestVersion: rest.readUInt16BE(2),
    requests: rest.readUInt32BE(4),
  };
  checkVersions(hello, side);
  return hello;
}

/** Text ends with the end of its line: reading on would wait for ever for a shell that waits for us. */
async function withWhatFollows(first: Buffer, reader: ByteReader): Promise<Buffer> {
  let bytes = first;
  while (!bytes.includes(0x0a) && bytes.length < longestPrelude) {
    const next = await reader.take(1);
    if (next.length === 0) break;
    bytes = Buffer.concat([bytes, next]);
  }
  return bytes;
}

function notAHello(bytes: Buffer, side: string): HostError {
  const isOurs = bytes.subarray(1, 5).equals(magic.subarray(1, 5));
  if (isOurs) {
    return new HostError(
      "host.protocol",
      `Cannot talk to ${side}: its hello was changed on the way`,
      {
        hint: "Something between both treats bytes as text; do not allocate a terminal (ssh -t).",
      },
    );
  }
  const [line = ""] = bytes.toString("utf8").trimStart().split("\n");
  return new HostError(
    "host.chatty-shell",
    `Cannot talk to ${side}: before its hello came the text ${quoted(line.trim())}`,
    {
      hint: "The login shell there prints something at its start: let its start files (.bashrc, .profile, .cshrc) be silent for sessions without a terminal; `ssh HOST true` must print nothing.",
    },
  );
}

function checkVersions({ oldestVersion, newestVersion }: Hello, side: string): void {
  const range = (oldest: number, newest: number): string =>
    oldest === newest ? `version ${oldest}` : `versions ${oldest} to ${newest}`;
  const [theirs, ours] = [
    range(oldestVersion, newestVersion),
    range(ourVersions.oldestVersion, ourVersions.newestVersion),
  ];
  const refuse = (age: string, hint: string): HostError =>
    new HostError(
      "host.version",
      `Cannot talk to ${side}: it is ${age} and speaks ${theirs} of the protocol, this Restante ${ours}`,
      { hint },
    );
  if (oldestVersion > newestVersion)
    throw refuse("confused", "Install the same version on both machines.");
  if (oldestVersion > ourVersions.newestVersion)
    throw refuse("newer", "Install a newer Restante on this machine, or an older one there.");
  if (newestVersion < ourVersions.oldestVersion)
    throw refuse("older", "Install a newer Restante on that machine.");
}
