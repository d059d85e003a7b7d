/** Real messages out of the corpora, byte for byte. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "./source-tree.ts";

const archive = join(projectRoot, "../shared/corpora/corpora.tar.xz");
const hasTools = spawnSync("xz", ["--version"]).status === 0;

/** Why tests with the corpora are skipped; false where they are there. */
export const withoutCorpora: string | false = !existsSync(archive)
  ? "the corpora are not there"
  : hasTools
    ? false
    : "xz is missing";

/** So many messages of mailing lists, and every MIME fixture, each once, in the order of their names. */
export function realMail(count: number): readonly Buffer[] {
  const folder = mkdtempSync(join(tmpdir(), "restante-corpora-"));
  try {
    const unpacked = spawnSync("tar", ["-xJf", archive, "-C", folder]);
    if (unpacked.status !== 0) throw new Error(String(unpacked.stderr));
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".eml"))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    const fixtures = files.filter((path) => !path.includes("/mail/"));
    const lists = files.filter((path) => path.includes("/mail/"));
    const wanted = Math.max(0, count - fixtures.length);
    const chosen = [
      ...fixtures,
      ...Array.from({ length: wanted }, (_, index) =>
        lists.at(Math.floor((index * lists.length) / wanted)),
      ),
    ];
    const found = new Map<string, Buffer>();
    for (const path of [...chosen, ...lists]) {
      const bytes = readFileSync(path ?? "");
      if (bytes.length > 0) found.set(bytes.toString("latin1"), bytes);
    }
    return [...found.values()].slice(0, count);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
