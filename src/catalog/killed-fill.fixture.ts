/**
 * Fills the catalog of a folder in a process that may be killed: `node killed-fill.fixture.ts FOLDER`.
 * Says on stdout how far it is, a number of messages a line, and `done` at the end.
 */
import { writeSync } from "node:fs";
import { fillCatalog } from "./fill/fill-catalog.ts";
import { openCatalog } from "./sqlite/open-catalog.ts";
import { type MomentAt, momentOf, opener, type StoredMail } from "./stores.fixture.ts";

const messages = 400;

const range = (from: number, until: number): readonly StoredMail[] =>
  Array.from({ length: until - from }, (_, index) => ({ number: from + index }));

/** Four moments: mail comes, goes, moves and gets flags. */
export const killedMoments: ReadonlyMap<string, MomentAt> = new Map(
  [
    { "ada/INBOX": range(1, messages), "bob/INBOX": range(150, 180) },
    { "ada/INBOX": range(100, messages), "ada/Old": range(1, 100), "bob/INBOX": range(150, 175) },
    {
      "ada/INBOX": range(100, messages + 90).map((one) => ({ ...one, flags: "FS" })),
      "ada/Old": range(1, 100),
    },
    {
      "ada/INBOX": range(250, messages + 120),
      "ada/Old": range(1, 90),
      "bob/INBOX": range(150, 175),
    },
  ].map((store, index) => [`moment${index + 1}`, { store }]),
);

export async function fillKilled(
  folder: string,
  onMessages?: (count: number) => void,
): Promise<void> {
  await using catalog = openCatalog({ folder });
  await fillCatalog(catalog, {
    moments: [1, 2, 3, 4].map((number) => momentOf(number)),
    open: opener(killedMoments),
    onProgress: ({ messages: count, momentsDone }) => onMessages?.(count + momentsDone),
  });
}

const [folder] = process.argv.slice(2);
if (import.meta.main && folder !== undefined) {
  await fillKilled(folder, (count) => writeSync(1, `${count}\n`));
  writeSync(1, "done\n");
}
