import { type EntryType, entryTypes, type ExtendedAttribute, type RawPath } from "#image";
import {
  asObject,
  countField,
  FieldError,
  instantField,
  type JsonObject,
  oneOfField,
  optionalField,
  parseJsonObject,
  rawField,
  rawToJson,
  textField,
} from "../json-fields.ts";
import { isSafeMemberPath, longestExtendedHeaderBytes } from "./pax-tar.ts";
import { tarBlockBytes } from "./tar-member.ts";

/** Where a member lies: the tape of the set (0 is its first), the file as `mt` counts, bytes within that file. */
export type MemberPlace = {
  readonly part: number;
  readonly file: number;
  /** Of the member's first header. */
  readonly offset: number;
  /** Of its content. */
  readonly dataOffset: number;
};

/**
 * `whole`: as it was. `void`: it changed or failed while it was read, and what stands on the tape is not the file.
 * `torn`: the tape ended within it, and it stands whole on the next one.
 */
export const memberStates = ["whole", "void", "torn"] as const;
export type MemberState = (typeof memberStates)[number];

/** One line of the index: everything of one name. */
export type IndexedMember = {
  readonly path: RawPath;
  /** A further name of a file has the file's type and a target. */
  readonly type: EntryType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly user?: string;
  readonly group?: string;
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly links: number;
  readonly linkTarget?: RawPath;
  /** The member that holds the content of this name. */
  readonly hardLinkTo?: RawPath;
  readonly device?: bigint;
  readonly attributes: readonly ExtendedAttribute[];
  /** Of the content; undefined where it is not known. */
  readonly sha256?: string;
  readonly state: MemberState;
  /** A socket has none: tar cannot hold it. */
  readonly place?: MemberPlace;
};

export function encodeMemberLine(member: IndexedMember): string {
  const { path, linkTarget, hardLinkTo, mtimeNs, ctimeNs, device, attributes, place } = member;
  return `${JSON.stringify({
    path: rawToJson(path),
    type: member.type,
    mode: member.mode.toString(8),
    uid: member.uid,
    gid: member.gid,
    user: member.user,
    group: member.group,
    size: member.sizeBytes,
    mtime: String(mtimeNs),
    ctime: String(ctimeNs),
    links: member.links,
    target: linkTarget === undefined ? undefined : rawToJson(linkTarget),
    hard_link_to: hardLinkTo === undefined ? undefined : rawToJson(hardLinkTo),
    device: device === undefined ? undefined : String(device),
    xattrs:
      attributes.length === 0
        ? undefined
        : attributes.map(({ name, value }) => [
            Buffer.from(name, "latin1").toString("base64"),
            Buffer.from(value).toString("base64"),
          ]),
    sha256: member.sha256,
    state: member.state === "whole" ? undefined : member.state,
    tape: place?.part,
    file: place?.file,
    offset: place?.offset,
    data: place?.dataOffset,
  })}\n`;
}

/** Throws FieldError. */
export function parseMemberLine(line: string): IndexedMember {
  const object = parseJsonObject(line);
  const mode = textField(object, "mode");
  if (!/^[0-7]{1,4}$/.test(mode)) throw new FieldError('"mode" is no mode');
  const path = rawField(object, "path");
  if (!isSafeMemberPath(path)) throw new FieldError('"path" leads out of the moment');
  const { sha256 } = optionalField(object, "sha256", textField);
  const { target } = optionalField(object, "target", rawField);
  const { hard_link_to: hardLinkTo } = optionalField(object, "hard_link_to", rawField);
  const { device } = optionalField(object, "device", instantField);
  return {
    path,
    type: oneOfField(object, "type", entryTypes),
    mode: Number.parseInt(mode, 8),
    uid: countField(object, "uid"),
    gid: countField(object, "gid"),
    ...optionalField(object, "user", textField),
    ...optionalField(object, "group", textField),
    sizeBytes: countField(object, "size"),
    mtimeNs: instantField(object, "mtime"),
    ctimeNs: instantField(object, "ctime"),
    links: countField(object, "links"),
    ...(target === undefined ? {} : { linkTarget: target }),
    ...(hardLinkTo === undefined ? {} : { hardLinkTo }),
    ...(device === undefined ? {} : { device }),
    attributes: attributesOf(object),
    ...(sha256 === undefined ? {} : { sha256 }),
    state: object["state"] === undefined ? "whole" : oneOfField(object, "state", memberStates),
    ...placeOf(object),
  };
}

function attributesOf(object: JsonObject): readonly ExtendedAttribute[] {
  if (object["xattrs"] === undefined) return [];
  const pairs: unknown = object["xattrs"];
  if (!Array.isArray(pairs)) throw new FieldError('"xattrs" is no list');
  return pairs.map((pair: unknown) => {
    const { 0: name, 1: value } = asObject({ ...(pair as object) }, "an attribute");
    if (typeof name !== "string" || typeof value !== "string")
      throw new FieldError("an attribute is no pair of texts");
    return {
      name: Buffer.from(name, "base64").toString("latin1"),
      value: Buffer.from(value, "base64"),
    };
  });
}

function placeOf(object: JsonObject): { readonly place?: MemberPlace } {
  if (object["tape"] === undefined) return {};
  const offset = countField(object, "offset");
  const dataOffset = countField(object, "data");
  const headersBytes = dataOffset - offset;
  if (headersBytes <= 0 || headersBytes > longestHeadersBytes || headersBytes % tarBlockBytes !== 0)
    throw new FieldError('"data" is not behind headers at "offset"');
  return {
    place: {
      part: countField(object, "tape"),
      file: countField(object, "file"),
      offset,
      dataOffset,
    },
  };
}

const longestHeadersBytes = longestExtendedHeaderBytes + 3 * tarBlockBytes;
