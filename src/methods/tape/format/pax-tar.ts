/** Members of a pax archive as plain `tar` reads them: an extended header, a ustar header, the content. */
import type { ExtendedAttribute, RawPath } from "#image";
import {
  encodePaxRecords,
  encodePaxTime,
  needsBinaryCharset,
  parsePaxRecords,
  parsePaxTime,
  type PaxRecords,
} from "./pax-records.ts";
import {
  deviceNumbers,
  deviceOfNumbers,
  paddingOf,
  tarBlockBytes,
  type TarMember,
  type TarType,
  tarTypes,
} from "./tar-member.ts";
import { encodeUstar, largestIds, largestOctal12, type UstarHeader } from "./ustar-header.ts";

/** Two blocks of zeros end an archive. */
export const endOfArchive: Buffer = Buffer.alloc(2 * tarBlockBytes);
/** An extended header beyond this is damage. Linux keeps at most 64 KiB of attributes of each kind on a file. */
export const longestExtendedHeaderBytes: number = 4 * 1024 * 1024;
const attributePrefix = "SCHILY.xattr.";

/**
 * What stands before a member's content. Every member has an extended header, so that one without it is known to be
 * damaged, and times are whole to the nanosecond.
 */
export function encodeMemberHeaders(member: TarMember): Buffer {
  const isFolder = member.type === "directory";
  const path = isFolder ? `${member.path}/` : member.path;
  const records = recordsOf(member, path);
  const seconds = Number(member.mtimeNs / 1_000_000_000n);
  const { major, minor } = deviceNumbers(member.device ?? 0n);
  const header: UstarHeader = {
    name: asciiName(path, 100),
    mode: member.mode,
    uid: member.uid,
    gid: member.gid,
    sizeBytes: member.sizeBytes,
    mtimeSeconds: seconds,
    typeFlag: String(tarTypes.indexOf(member.type)),
    linkName: asciiName(member.linkTarget ?? "", 100),
    user: asciiName(member.user ?? "", 31),
    group: asciiName(member.group ?? "", 31),
    deviceMajor: major,
    deviceMinor: minor,
  };
  return Buffer.concat([
    extendedHeader("x", records, asciiName(member.path.slice(-60), 60)),
    encodeUstar(header),
  ]);
}

/** A header for the whole archive, which tar passes over: what the archive is a part of. */
export function encodeArchiveComment(comment: string): Buffer {
  return extendedHeader("g", new Map([["comment", Buffer.from(comment)]]), "archive");
}

function extendedHeader(typeFlag: "x" | "g", records: PaxRecords, name: string): Buffer {
  const bytes = encodePaxRecords(records);
  const header = encodeUstar({
    name: `PaxHeaders/${name.replaceAll("/", "_")}`,
    mode: 0o600,
    uid: 0,
    gid: 0,
    sizeBytes: bytes.length,
    mtimeSeconds: 0,
    typeFlag,
    linkName: "",
    user: "",
    group: "",
    deviceMajor: 0,
    deviceMinor: 0,
  });
  return Buffer.concat([header, bytes, Buffer.alloc(paddingOf(bytes.length))]);
}

function recordsOf(member: TarMember, path: string): PaxRecords {
  const records = new Map<string, Buffer>();
  const pathBytes = Buffer.from(path, "latin1");
  const linkBytes = Buffer.from(member.linkTarget ?? "", "latin1");
  const owners = [member.user ?? "", member.group ?? ""].map((name) => Buffer.from(name));
  if (needsBinaryCharset(pathBytes, linkBytes)) records.set("hdrcharset", Buffer.from("BINARY"));
  records.set("path", pathBytes);
  if (member.linkTarget !== undefined) records.set("linkpath", linkBytes);
  records.set("mtime", Buffer.from(encodePaxTime(member.mtimeNs)));
  if (member.ctimeNs !== undefined)
    records.set("ctime", Buffer.from(encodePaxTime(member.ctimeNs)));
  if (member.sizeBytes > largestOctal12) records.set("size", Buffer.from(`${member.sizeBytes}`));
  if (member.uid > largestIds) records.set("uid", Buffer.from(`${member.uid}`));
  if (member.gid > largestIds) records.set("gid", Buffer.from(`${member.gid}`));
  for (const [keyword, name] of [
    ["uname", owners[0]],
    ["gname", owners[1]],
  ] as const) {
    if (name !== undefined && (name.length > 31 || name.some((byte) => byte > 0x7e)))
      records.set(keyword, name);
  }
  for (const { name, value } of member.attributes)
    records.set(attributePrefix + encodeAttributeName(name), Buffer.from(value));
  return records;
}

/** GNU tar's own way with an "=" in a name, which would end the keyword. */
function encodeAttributeName(name: string): string {
  return name.replaceAll("%", "%25").replaceAll("=", "%3D");
}

function decodeAttributeName(name: string): string {
  return name.replaceAll("%3D", "=").replaceAll("%25", "%");
}

/** For programs that know no extended headers. The real name is in there. */
function asciiName(name: string, length: number): string {
  return name.replace(/[^\x20-\x7e]/g, "_").slice(0, length);
}

/**
 * A member as its two headers tell it. Undefined where they contradict what a member of ours can be: a damaged
 * extended header, a type that POSIX does not have.
 */
export function memberOfHeaders(header: UstarHeader, extended: Buffer): TarMember | undefined {
  const records = parsePaxRecords(extended);
  const type = typeOfFlag(header.typeFlag);
  if (records === undefined || type === undefined) return undefined;
  const number = (keyword: string, otherwise: number): number => {
    const text = records.get(keyword)?.toString("latin1");
    return text === undefined ? otherwise : /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  };
  const time = (keyword: string): bigint | undefined =>
    parsePaxTime(records.get(keyword)?.toString("latin1") ?? "");
  const sizeBytes = number("size", header.sizeBytes);
  const uid = number("uid", header.uid);
  const gid = number("gid", header.gid);
  if (![sizeBytes, uid, gid].every((value) => Number.isSafeInteger(value))) return undefined;
  const path = (records.get("path")?.toString("latin1") ?? header.name).replace(/\/+$/, "");
  const user = records.get("uname")?.toString() ?? header.user;
  const group = records.get("gname")?.toString() ?? header.group;
  const ctimeNs = time("ctime");
  const linkTarget = records.get("linkpath")?.toString("latin1") ?? header.linkName;
  const isDevice = type === "character-device" || type === "block-device";
  return {
    path: path as RawPath,
    type,
    mode: header.mode,
    uid,
    gid,
    ...(user === "" ? {} : { user }),
    ...(group === "" ? {} : { group }),
    sizeBytes: type === "file" ? sizeBytes : 0,
    mtimeNs: time("mtime") ?? BigInt(header.mtimeSeconds) * 1_000_000_000n,
    ...(ctimeNs === undefined ? {} : { ctimeNs }),
    ...(linkTarget === "" ? {} : { linkTarget: linkTarget as RawPath }),
    ...(isDevice ? { device: deviceOfNumbers(header.deviceMajor, header.deviceMinor) } : {}),
    attributes: attributesOf(records),
  };
}

function typeOfFlag(flag: string): TarType | undefined {
  return /^[0-6]$/.test(flag) ? tarTypes[Number(flag)] : undefined;
}

function attributesOf(records: PaxRecords): readonly ExtendedAttribute[] {
  const attributes: ExtendedAttribute[] = [];
  for (const [keyword, value] of records) {
    if (!keyword.startsWith(attributePrefix)) continue;
    attributes.push({ name: decodeAttributeName(keyword.slice(attributePrefix.length)), value });
  }
  return attributes.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether a path may be a member: tar must not be led out of the folder that it extracts into. */
export function isSafeMemberPath(path: RawPath): boolean {
  return path !== "" && !path.includes("\0") && !/(?:^|\/)\.{0,2}(?:\/|$)/.test(path);
}
