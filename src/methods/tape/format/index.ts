/**
 * methods/tape/format: what is written on a tape, as pure functions: ANSI labels, pax tar, the index and its manifest.
 */
export {
  encodeFileLabels,
  encodeVolumeLabel,
  type FileLabel,
  type LabelKind,
  type ParsedLabel,
  parseLabel,
} from "./tape-labels.ts";
export {
  encodeArchiveComment,
  encodeMemberHeaders,
  endOfArchive,
  isSafeMemberPath,
  longestExtendedHeaderBytes,
  memberOfHeaders,
} from "./pax-tar.ts";
export { parsePaxRecords } from "./pax-records.ts";
export { paddingOf, tarBlockBytes, type TarMember, type TarType } from "./tar-member.ts";
export { parseUstar, type UstarHeader } from "./ustar-header.ts";
export {
  encodeMemberLine,
  type IndexedMember,
  type MemberPlace,
  type MemberState,
  parseMemberLine,
} from "./member-line.ts";
export {
  encodeManifest,
  encodeSetFacts,
  type IndexPiece,
  isSetId,
  longestManifestBytes,
  manifestOf,
  mostProblems,
  parseManifest,
  parseSetFacts,
  type SetFacts,
  type SetFile,
  type SetManifest,
  type SetPart,
} from "./set-manifest.ts";
export {
  fileIdentifierOf,
  manifestName,
  type NamedFile,
  parseFileIdentifier,
  pieceName,
  readmeIdentifier,
  readmeName,
  type TapeFileKind,
} from "./file-names.ts";
export { passesOfReadme, type ReadmeFacts, readmeText } from "./readme.ts";
