import { lstat, open, opendir } from "node:fs/promises";
import { rawBaseName, type RawPath, rawPathToBytes } from "#image";
import { isCyrusOwnFile, logPlaceOf, type MailThere, mailPlaceOf } from "#signals";
import { IndexCounts } from "./index-counts.ts";
import { headBytesOf, startOfFile } from "./start-of-file.ts";

/** Files that are looked into to see whether they are an mbox; a spool has one for each person. */
const mostLooks = 20_000;

/**
 * The mail in a folder, by the names of its files: none is opened, except that what may be an mbox shows
 * by its first bytes whether it is one, and that indexes of mdbox and of Cyrus say
 * how many messages they have, and whose. What vanishes or cannot be listed is left out: this only tells how
 * much there is, for a share of it to be an alarm.
 */
export async function* mailIn(folder: RawPath, signal: AbortSignal): AsyncGenerator<MailThere> {
  const counts = new IndexCounts(folder);
  let looks = 0;
  const waiting: RawPath[] = ["" as RawPath];
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    signal.throwIfAborted();
    const absolute = below === "" ? folder : (`${folder}/${below}` as RawPath);
    try {
      for await (const entry of await opendir(rawPathToBytes(absolute), {
        encoding: "latin1",
      })) {
        const path = (below === "" ? entry.name : `${below}/${entry.name}`) as RawPath;
        if (entry.isDirectory()) waiting.push(path);
        else if (!entry.isFile()) continue;
        else if (mailPlaceOf(path) !== undefined) yield { path };
        else if (isCyrusOwnFile(path)) {
          const head = await startOf(`${folder}/${path}` as RawPath);
          if (head !== undefined) yield { path, head, ...(await timesOf(folder, path)) };
        } else if (logPlaceOf(path) !== undefined) {
          const index = await counts.at(path);
          if (index !== undefined) yield { path, index, ...(await timesOf(folder, path)) };
        } else if (mayBeMbox(path) && looks++ < mostLooks) {
          const found = await mboxAt(`${folder}/${path}` as RawPath);
          if (found !== undefined) yield { path, ...found, isMbox: true };
        }
      }
    } catch {
      signal.throwIfAborted();
    }
  }
}

function mayBeMbox(path: RawPath): boolean {
  if (/(?:^|\/)(?:tmp|\.imap)\//.test(path)) return false;
  const name = rawBaseName(path);
  if (/^(?:dovecot|cyrus\.|maildir|courier|subscriptions|\.)/.test(name)) return false;
  return !name.endsWith(".lock");
}

async function startOf(path: RawPath): Promise<Uint8Array | undefined> {
  return await startOfFile(path, headBytesOf(path)).catch(() => undefined);
}

type Times = Required<Pick<MailThere, "sizeBytes" | "mtimeNs">>;

/** What tells whether it is as it was before; nothing where it is gone meanwhile. */
async function timesOf(folder: RawPath, path: RawPath): Promise<Partial<Times>> {
  const found = await lstat(rawPathToBytes(`${folder}/${path}` as RawPath), { bigint: true }).catch(
    () => undefined,
  );
  return found === undefined ? {} : { sizeBytes: Number(found.size), mtimeNs: found.mtimeNs };
}

/** Its size, where it begins as an mbox does. */
async function mboxAt(path: RawPath): Promise<Times | undefined> {
  try {
    await using file = await open(rawPathToBytes(path), "r");
    const { buffer, bytesRead } = await file.read(Buffer.alloc(5), 0, 5, 0);
    if (bytesRead < 5 || buffer.toString("latin1") !== "From ") return undefined;
    const { size, mtimeNs } = await file.stat({ bigint: true });
    return { sizeBytes: Number(size), mtimeNs };
  } catch {
    return undefined;
  }
}
