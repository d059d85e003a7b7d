import type { EntryType, ExtendedAttribute, RawPath } from "#image";
import type { FileState } from "../journal-event.ts";
import { FieldError, type FieldReader } from "./field-reader.ts";
import type { FieldWriter } from "./field-writer.ts";

/** What stands in files. Numbers are never given to another meaning. */
const codeOfType: Readonly<Record<EntryType, number>> = {
  file: 1,
  directory: 2,
  symlink: 3,
  fifo: 4,
  socket: 5,
  "block-device": 6,
  "character-device": 7,
};
const typeOfCode: readonly (EntryType | undefined)[] = Array.from({ length: 8 }, (_, code) =>
  (Object.keys(codeOfType) as EntryType[]).find((type) => codeOfType[type] === code),
);

const has = { linkTarget: 1, device: 2, extendedAttributes: 4 } as const;

export function writeState(writer: FieldWriter, state: FileState): void {
  const { linkTarget, device, extendedAttributes } = state;
  writer.u8(codeOfType[state.type]);
  writer.number(state.mode);
  writer.number(state.uid);
  writer.number(state.gid);
  writer.i64(state.mtimeNs);
  writer.i64(state.ctimeNs);
  writer.u64(state.inode);
  writer.number(state.links);
  writer.u8(
    (linkTarget === undefined ? 0 : has.linkTarget) |
      (device === undefined ? 0 : has.device) |
      (extendedAttributes === undefined ? 0 : has.extendedAttributes),
  );
  if (linkTarget !== undefined) writer.raw(linkTarget);
  if (device !== undefined) writer.u64(device);
  if (extendedAttributes === undefined) return;
  writer.number(extendedAttributes.length);
  for (const { name, value } of extendedAttributes) {
    writer.text(name);
    writer.bytes(value);
  }
}

export function readState(reader: FieldReader): FileState {
  const type = typeOfCode[reader.u8()];
  if (type === undefined) throw new FieldError("no type of a file");
  const [mode, uid, gid] = [reader.number(), reader.number(), reader.number()];
  const [mtimeNs, ctimeNs, inode, links] = [
    reader.i64(),
    reader.i64(),
    reader.u64(),
    reader.number(),
  ];
  const flags = reader.u8();
  const linkTarget = (flags & has.linkTarget) === 0 ? undefined : (reader.raw() as RawPath);
  const device = (flags & has.device) === 0 ? undefined : reader.u64();
  const attributes = (flags & has.extendedAttributes) === 0 ? undefined : readAttributes(reader);
  return {
    type,
    mode,
    uid,
    gid,
    mtimeNs,
    ctimeNs,
    inode,
    links,
    ...(linkTarget === undefined ? {} : { linkTarget }),
    ...(device === undefined ? {} : { device }),
    ...(attributes === undefined ? {} : { extendedAttributes: attributes }),
  };
}

function readAttributes(reader: FieldReader): readonly ExtendedAttribute[] {
  return Array.from({ length: reader.count() }, () => ({
    name: reader.text(),
    value: Uint8Array.from(reader.bytes()),
  }));
}
