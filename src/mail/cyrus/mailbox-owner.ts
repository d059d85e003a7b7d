import { parseCyrusHeader } from "./cyrus-header.ts";
import { ownerOf, parseInternalName } from "./cyrus-name.ts";

/** Whose a mailbox is, and what it is called, as its own files say it. */
export type CyrusMailboxName = {
  /** "cass", or "cass@example.org"; absent: a shared folder. */
  readonly owner?: string;
  /** Below the inbox, or from the top of what is shared; modified UTF-7. */
  readonly folders: readonly string[];
  /** It was deleted, and waits to be removed. */
  readonly isDeleted: boolean;
};

/** Of a `cyrus.header`, or its start; undefined where no name is in it, as before Cyrus 3.6. Never throws. */
export function cyrusNameIn(header: Uint8Array): CyrusMailboxName | undefined {
  const { name: internal } = parseCyrusHeader(header);
  const name = internal === undefined ? undefined : parseInternalName(internal);
  if (name === undefined) return undefined;
  const owner = ownerOf(name);
  return {
    ...(owner === undefined ? {} : { owner }),
    folders: name.folders,
    isDeleted: name.deleted !== undefined,
  };
}
