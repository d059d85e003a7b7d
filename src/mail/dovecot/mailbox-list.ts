/**
 * The list of an account's mailboxes (`dovecot.list.index`): with LAYOUT=index, where folders are
 * named by GUID, it alone knows what they are called. Each row has a name's number (4), the UID of
 * the row above it (4), GUID (16), UIDVALIDITY (4). The header of extension "list" has one byte, then
 * names: number (4) and bytes that end with a zero; number 0 ends them.
 */
import { addProblem, type MailProblem } from "../mail-problem.ts";
import type { DboxAccountFiles } from "./dbox-account-files.ts";
import type { MailIndex } from "./index/mail-index.ts";
import { readMailIndex } from "./index/read-mail-index.ts";
import { viewOf } from "./index/record-body.ts";

const listPrefix = "dovecot.list.index";
const depthLimit = 32;

/** GUID of a mailbox, 32 hexadecimal digits → its name's levels, one character per byte. */
export async function readMailboxList(
  files: DboxAccountFiles,
  problems: MailProblem[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const folder = files.places.index ?? files.root;
  const read = await readMailIndex(files.image, { folder, prefix: listPrefix, problems });
  if (read.isMissing)
    addProblem(problems, "index", `${listPrefix} is not there; the names of mailboxes are lost`);
  const names = namesOf(read.index);
  const rows = new Map<number, { readonly name: string; readonly parent: number }>();
  const levels = new Map<string, readonly string[]>();
  const guids: { readonly uid: number; readonly guid: string }[] = [];
  for (const { row, uid } of read.index.messages()) {
    const bytes = read.index.extension("list")?.row(row) ?? new Uint8Array(0);
    if (bytes.length < 28) continue;
    const view = viewOf(bytes);
    const name = names.get(view.getUint32(0, true));
    if (name === undefined) continue;
    rows.set(uid, { name, parent: view.getUint32(4, true) });
    guids.push({ uid, guid: Buffer.from(bytes.subarray(8, 24)).toString("hex") });
  }
  for (const { uid, guid } of guids) {
    const path: string[] = [];
    for (
      let at = rows.get(uid);
      at !== undefined && path.length < depthLimit;
      at = rows.get(at.parent)
    )
      path.unshift(at.name);
    levels.set(guid, path);
  }
  return levels;
}

function namesOf(index: MailIndex): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  const header = index.extension("list")?.header ?? new Uint8Array(0);
  const view = viewOf(header);
  for (let at = 1; at + 5 <= header.length;) {
    const id = view.getUint32(at, true);
    const end = header.indexOf(0, at + 4);
    if (id === 0 || end < 0) break;
    names.set(id, Buffer.from(header.subarray(at + 4, end)).toString("latin1"));
    at = end + 1;
  }
  return names;
}
