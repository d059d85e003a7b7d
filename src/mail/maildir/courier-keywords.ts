import { type Image, isImageError, joinRawPath, type RawName, type RawPath } from "#image";
import { addProblem, type MailProblem } from "../mail-problem.ts";
import { readLines } from "./maildir-uid-list.ts";

/** The folder in a Maildir where Courier keeps its keywords. */
export const courierKeywordsName = "courierimapkeywords" as RawName;

const listName = ":list" as RawName;
/** A message without its flags is what its keywords are kept by. */
const baseNameOf = (name: string): string => name.split(":", 1)[0] ?? "";
const keywordLimit = 10_000;
const updateLimit = 1_000_000;

/**
 * Keywords of the messages of one Maildir, by base name, as Courier keeps them:
 *
 * | file        | holds                                                                              |
 * | ----------- | ---------------------------------------------------------------------------------- |
 * | `:list`     | names of keywords, one a line; an empty line; `BASENAME:0 3`, their numbers from 0 |
 * | `BASENAME`  | the newest keywords of a message, one a line: instead of what `:list` says         |
 * | `.N.BASENAME` | older ones, the highest N counts, where there is no `BASENAME`                   |
 *
 * Empty where there is no such folder.
 */
export async function readCourierKeywords(
  image: Image,
  maildir: RawPath,
  problems: MailProblem[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const folder = joinRawPath(maildir, courierKeywordsName);
  const keywords = new Map<string, readonly string[]>();
  try {
    const listing = await image.list(folder);
    if (listing.indexOf(listName) >= 0)
      await readList(readLines(image.read(joinRawPath(folder, listName))), { keywords, problems });
    for (const [baseName, file] of newestUpdates(listing.names)) {
      const names = await Array.fromAsync(readLines(image.read(joinRawPath(folder, file))));
      keywords.set(
        baseName,
        names
          .filter((name) => name !== "")
          .slice(0, keywordLimit)
          .map(text),
      );
    }
  } catch (error) {
    if (!isImageError(error)) throw error;
    const isAbsent = error.code === "image.not-found" || error.code === "image.not-a-folder";
    if (!isAbsent) addProblem(problems, "keywords", error.message);
  }
  return keywords;
}

type Into = {
  readonly keywords: Map<string, readonly string[]>;
  readonly problems: MailProblem[];
};

async function readList(lines: AsyncIterable<string>, { keywords, problems }: Into): Promise<void> {
  const names: string[] = [];
  let isInNames = true;
  for await (const line of lines) {
    if (isInNames) {
      if (line === "") isInNames = false;
      else if (names.length < keywordLimit) names.push(text(line));
      continue;
    }
    const colon = line.indexOf(":");
    const numbers = line.slice(colon + 1).match(/\d{1,6}/g) ?? [];
    const found = numbers.flatMap((number) => names[Number(number)] ?? []);
    if (colon <= 0 || found.length < numbers.length)
      addProblem(problems, "keywords", "A line of Courier's keywords cannot be read");
    if (colon > 0) keywords.set(line.slice(0, colon), found);
  }
}

/** Which file says it of each message that an update is there of. */
function newestUpdates(names: readonly RawName[]): ReadonlyMap<string, RawName> {
  const newest = new Map<string, { readonly file: RawName; readonly age: number }>();
  for (const file of names) {
    const aged = /^\.([1-9]\d{0,14})\.(.+)$/s.exec(file);
    if (file === listName || (aged === null && file.startsWith("."))) continue;
    const baseName = baseNameOf(aged?.[2] ?? file);
    const age = aged === null ? Number.POSITIVE_INFINITY : Number(aged[1]);
    if (age > (newest.get(baseName)?.age ?? 0)) newest.set(baseName, { file, age });
    if (newest.size >= updateLimit) break;
  }
  return new Map([...newest].map(([baseName, { file }]) => [baseName, file]));
}

function text(raw: string): string {
  return Buffer.from(raw.slice(0, 500), "latin1").toString("utf8");
}
