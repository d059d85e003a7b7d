/*
 * What `stdbuf -oL fsnotifywait --format '%w%0%f%0%e%0'` prints (inotify-tools 3.22), for each change:
 *
 * | field  | what                                                                                                |
 * | ------ | --------------------------------------------------------------------------------------------------- |
 * | folder | absolute, with a slash at its end; empty where it is gone, or may not be opened by its handle       |
 * | name   | within the folder, with " (deleted)" behind it where it is not there any more; empty: the folder's own |
 * | events | "CREATE,ISDIR": words with commas between                                                           |
 *
 * Each ends with a NUL, so that names may have every other byte. Behind the third comes a line end: only then is it
 * written out.
 */
import type { RawName, RawPath } from "#image";
import type { ChangeHint, HintPlace } from "./change-hints.ts";

export type FsnotifyRecord = {
  readonly folder: string;
  readonly name: string;
  readonly events: string;
};

/** A path of 4096 bytes, a name of 255, and what is put behind it. */
const longestField = 8192;
const goneMark = " (deleted)";

/** Cuts what is printed into records, however it arrives. Throws RangeError where it is something else. */
export class FsnotifyOutput {
  #rest = "";
  #fields: string[] = [];

  *take(bytes: Buffer): Generator<FsnotifyRecord> {
    const parts = (this.#rest + bytes.toString("latin1")).split("\0");
    this.#rest = parts.pop() ?? "";
    if (this.#rest.length > longestField) throw new RangeError("a name without an end");
    for (const part of parts) {
      if (part.length > longestField) throw new RangeError("a name that is too long");
      if (this.#fields.push(part) < 3) continue;
      const [first = "", name = "", events = ""] = this.#fields;
      const folder = first.startsWith("\n") ? first.slice(1) : first;
      this.#fields = [];
      const isRecord = (folder === "" || folder.startsWith("/")) && /^[A-Z_,]{1,400}$/.test(events);
      if (!isRecord) throw new RangeError("something that is no change");
      yield { folder, name, events };
    }
  }
}

/** Hints within the Image; [] of what lies elsewhere, or nobody knows where. */
export function hintsOfRecord(
  record: FsnotifyRecord,
  places: readonly HintPlace[],
): readonly ChangeHint[] {
  for (const { path, folder: root } of places) {
    const prefix = root.endsWith("/") ? root : `${root}/`;
    if (!record.folder.startsWith(prefix)) continue;
    const within = record.folder.slice(prefix.length).replace(/\/+$/, "");
    return hintsWithin(within === "" ? path : path === "" ? within : `${path}/${within}`, record);
  }
  return [];
}

function hintsWithin(
  folder: string,
  { name, events }: Omit<FsnotifyRecord, "folder">,
): readonly ChangeHint[] {
  const words = events.split(",");
  const below =
    words.includes("ISDIR") &&
    words.some((word) => ["CREATE", "DELETE", "MOVED_FROM", "MOVED_TO"].includes(word));
  const places = spellings(folder);
  if (name !== "")
    return places.flatMap((place) => spellings(name).map((one) => hint(place, one, below)));
  // Something about the folder itself: to whoever looks, a name within the folder above.
  return places.map((place) => {
    const slash = place.lastIndexOf("/");
    return hint(place.slice(0, Math.max(slash, 0)), place.slice(slash + 1), below);
  });
}

/** A name that ends like what is gone may be one that does, or the one before it. */
function spellings(name: string): readonly string[] {
  const found = [name];
  for (let one = name; one.endsWith(goneMark) && one.length > goneMark.length;)
    found.push((one = one.slice(0, -goneMark.length)));
  return found.slice(0, 4);
}

function hint(folder: string, name: string, below: boolean): ChangeHint {
  return {
    folder: folder as RawPath,
    ...(name === "" ? {} : { name: name as RawName }),
    ...(below ? { below } : {}),
  };
}
