/** Small Cyrus spools as version 3.6 writes them, and older ones. */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { MemoryNode } from "#image";
import { indexLayouts, systemFlags } from "./index-layout.ts";
import { twoskipFile } from "./twoskip.fixture.ts";

export type FixtureMessage = {
  readonly uid: number;
  readonly bytes: string;
  readonly flags?: readonly string[];
  /** Places in the list of flag names. */
  readonly userFlags?: readonly number[];
  /** Seconds since 1970. */
  readonly internalDate?: number;
  /** Its file is still there. */
  readonly isExpunged?: boolean;
};

export type FixtureMailbox = {
  /** Internal: "user.cass.Archive". */
  readonly name: string;
  readonly uniqueId: string;
  readonly uidValidity: number;
  readonly flagNames?: readonly (string | undefined)[];
  readonly messages: readonly FixtureMessage[];
  /** Of cyrus.index. Default 17. */
  readonly version?: number;
  readonly sharesSeen?: boolean;
  readonly recentUid?: number;
};

export function headerFile({ name, uniqueId, flagNames = [] }: FixtureMailbox): Buffer {
  const flags =
    flagNames.length === 0 ? "" : ` U (${flagNames.map((flag) => flag ?? "NIL").join(" ")})`;
  return Buffer.from(
    `${headerStart}%(T e N ${quoted(name)} I ${uniqueId} A %(cass lrswipkxtecdan)${flags})\n`,
    "latin1",
  );
}

/** As before 3.6: the mailbox's name is not in it. */
export function oldHeaderFile({ uniqueId, flagNames = [] }: FixtureMailbox): Buffer {
  const flags = flagNames.map((flag) => flag ?? "").join(" ");
  return Buffer.from(`${headerStart}\t${uniqueId}\n${flags}\ncass\tlrswipkxtecdan\t\n`, "latin1");
}

const headerStart =
  "\xa1\x02\x8b\x0dCyrus mailbox header\n" +
  '"The best thing about this system was that it had lots of goals."\n' +
  "\t--Jim Morris on Andrew\n";

function quoted(text: string): string {
  return /^[A-Za-z0-9.]+$/.test(text) ? text : `"${text.replace(/["\\]/g, "\\$&")}"`;
}

export function indexFile(mailbox: FixtureMailbox, header: Uint8Array): Buffer {
  const { version = 17, messages, uidValidity } = mailbox;
  const layout = indexLayouts.get(version);
  if (layout === undefined) throw new Error(`no version ${version}`);
  const start = Buffer.alloc(layout.headerBytes);
  start.writeUInt32BE(version, 8);
  start.writeUInt32BE(layout.headerBytes, 12);
  start.writeUInt32BE(layout.recordBytes, 16);
  start.writeUInt32BE(messages.length, 20);
  const lastUid = Math.max(0, ...messages.map(({ uid }) => uid));
  start.writeUInt32BE(lastUid, layout.lastUid);
  start.writeUInt32BE(uidValidity, layout.uidValidity);
  start.writeUInt32BE(mailbox.sharesSeen === true ? 4 : 0, layout.options);
  start.writeBigUInt64BE(BigInt(messages.length + 1), layout.highestModseq);
  start.writeUInt32BE(
    messages.filter((message) => message.isExpunged !== true).length,
    layout.exists,
  );
  start.writeUInt32BE(crc32(header), layout.headerFileSum);
  start.writeUInt32BE(mailbox.recentUid ?? 0, layout.recentUid);
  return Buffer.concat([
    withSum(start),
    ...messages.map((message) => withSum(record(message, version))),
  ]);
}

function record(message: FixtureMessage, version: number): Buffer {
  const layout = indexLayouts.get(version);
  if (layout === undefined) throw new Error(`no version ${version}`);
  const bytes = Buffer.alloc(layout.recordBytes);
  const { internalDate = 1_600_000_000, flags = [] } = message;
  const setTime = (at: number, seconds: number): void => {
    if (layout.isWide) bytes.writeBigInt64BE(BigInt(seconds) * 1_000_000_000n, at);
    else bytes.writeUInt32BE(seconds, at);
  };
  bytes.writeUInt32BE(message.uid, 0);
  setTime(layout.internalDate, internalDate);
  if (layout.isWide) bytes.writeBigUInt64BE(BigInt(message.bytes.length), layout.size);
  else bytes.writeUInt32BE(message.bytes.length, layout.size);
  let bits = message.isExpunged === true ? 0x8000_0000 : 0;
  for (const [bit, flag] of systemFlags) if (flags.includes(flag)) bits += bit;
  bytes.writeUInt32BE(bits, layout.systemFlags);
  for (const place of message.userFlags ?? []) {
    const at = layout.userFlags + 4 * Math.floor(place / 32);
    bytes.writeUInt32BE((bytes.readUInt32BE(at) | (1 << (place % 32))) >>> 0, at);
  }
  if (layout.saved !== undefined) setTime(layout.saved, internalDate + 60);
  createHash("sha1").update(message.bytes, "latin1").digest().copy(bytes, layout.guid);
  bytes.writeBigUInt64BE(BigInt(message.uid + 1), layout.modseq);
  return bytes;
}

function withSum(bytes: Buffer): Buffer {
  bytes.writeUInt32BE(crc32(bytes.subarray(0, bytes.length - 4)), bytes.length - 4);
  return bytes;
}

export type FixtureNodes = Record<string, Uint8Array | string | MemoryNode>;

/** `config` and `spool` beside each other, as 3.6 writes them. */
export function cyrusNodes(mailboxes: readonly FixtureMailbox[]): FixtureNodes {
  const changes = mailboxes.flatMap(({ name, uniqueId, uidValidity }) => {
    const key = keyName(name);
    const rest = `P default V ${uidValidity} C 1 F 1 M 1600000000 A %(cass lrswipkxtecdan)`;
    return [
      { put: `N${key}`, value: `%(T e I ${uniqueId} ${rest})` },
      { put: `I${uniqueId}`, value: `%(T e N ${quoted(key)} ${rest} H ())` },
    ];
  });
  const nodes: FixtureNodes = {
    "config/mailboxes.db": twoskipFile(changes),
    spool: { type: "directory" },
  };
  for (const mailbox of mailboxes)
    Object.assign(
      nodes,
      mailboxNodes(
        `spool/uuid/${mailbox.uniqueId[0]}/${mailbox.uniqueId[1]}/${mailbox.uniqueId}`,
        mailbox,
      ),
    );
  return nodes;
}

export function mailboxNodes(
  folder: string,
  mailbox: FixtureMailbox,
  header: Buffer = headerFile(mailbox),
): FixtureNodes {
  const nodes: FixtureNodes = {
    [`${folder}/cyrus.header`]: header,
    [`${folder}/cyrus.index`]: indexFile(mailbox, header),
  };
  for (const { uid, bytes, internalDate = 1_600_000_000 } of mailbox.messages)
    nodes[`${folder}/${uid}.`] = {
      bytes: Buffer.from(bytes, "latin1"),
      mtimeNs: BigInt(internalDate) * 1_000_000_000n,
    };
  return nodes;
}

/** An internal name as a key of mailboxes.db has it. */
export function keyName(name: string): string {
  const mark = name.indexOf("!");
  const domain = mark < 0 ? "" : `${name.slice(0, mark)}\x1d`;
  return (
    domain +
    name
      .slice(mark + 1)
      .replaceAll(".", "\x1f")
      .replaceAll("^", ".")
  );
}
