import type { HostLook } from "../look/host-look.ts";
import { type DovecotSection, DovecotTree, parseDovecotText } from "./settings-text.ts";

const mostFiles = 500;
const deepest = 16;

/** A configuration that was read from its files. */
export type ReadFiles = {
  readonly root: DovecotSection;
  /** All files that it is made of, in order. */
  readonly files: readonly string[];
};

/** Reads a configuration with all that it includes. Undefined where the file is not there or may not be read. */
export async function readDovecotFiles(
  look: HostLook,
  file: string,
): Promise<ReadFiles | undefined> {
  const reading = { tree: new DovecotTree(), files: [] as string[] };
  if (!(await readFile(look, file, { ...reading, depth: 0 }))) return undefined;
  return { root: reading.tree.root, files: reading.files };
}

type Reading = {
  readonly tree: DovecotTree;
  readonly files: string[];
  readonly depth: number;
};

async function readFile(look: HostLook, file: string, reading: Reading): Promise<boolean> {
  const { tree, files, depth } = reading;
  if (depth > deepest || files.length >= mostFiles) {
    look.addUnseen(file, "Too many files include one another.");
    return true;
  }
  const text = await look.text(file);
  if (text === undefined) return false;
  files.push(file);
  for (const statement of parseDovecotText(text)) {
    if (statement.kind !== "include") {
      tree.add(statement);
      continue;
    }
    const { pattern, mayMiss } = statement;
    for (const included of await filesOf(look, absolute(pattern, file))) {
      const isRead = await readFile(look, included, { ...reading, depth: depth + 1 });
      if (!isRead && !mayMiss && !look.unseen.some(({ what }) => what === included))
        look.addUnseen(included, `It is not there, and "${file}" includes it.`);
    }
  }
  return true;
}

function absolute(pattern: string, from: string): string {
  if (pattern.startsWith("/")) return pattern;
  return `${from.slice(0, from.lastIndexOf("/"))}/${pattern.replace(/^\.\//, "")}`;
}

/** Ascending, as the server takes them; a pattern in the file's name only. */
async function filesOf(look: HostLook, pattern: string): Promise<readonly string[]> {
  if (!/[*?]/.test(pattern)) return [pattern];
  const slash = pattern.lastIndexOf("/");
  const [folder, names] = [pattern.slice(0, slash), pattern.slice(slash + 1)];
  if (/[*?]/.test(folder)) {
    look.addUnseen(pattern, "A pattern in the name of a folder is not followed.");
    return [];
  }
  const matches = globOf(names);
  return ((await look.list(folder === "" ? "/" : folder)) ?? [])
    .filter(({ name, type }) => type !== "directory" && matches.test(name))
    .map(({ name }) => `${folder}/${Buffer.from(name, "latin1").toString("utf8")}`);
}

/** glob(3) without brackets; a leading dot is not matched. */
function globOf(pattern: string): RegExp {
  const source = pattern
    .split("")
    .map((character) =>
      character === "*"
        ? "[^/]*"
        : character === "?"
          ? "[^/]"
          : character.replace(/[.+^${}()|[\]\\]/, "\\$&"),
    )
    .join("");
  return new RegExp(`^(?!\\.)${source}$`, "s");
}
