import { quoted } from "#errors";
import type { AddFinding } from "./checked-yaml.ts";
import { isWithin } from "./checked-values.ts";
import { type CopyKind, copyKinds, type CopyLocation } from "./config.ts";
import { isSameHost, parseCopyUrl } from "./copy-url.ts";
import { valueIn } from "./schema-problems.ts";
import type { YamlDocument } from "./yaml-document.ts";

/** Checks of copies across their values, and of where they lie. */
export function checkCopies(document: YamlDocument, add: AddFinding): void {
  for (const copy of document.keysOf(["copies"])) {
    checkPlace(document, { copy, add });
    checkKind(document, { copy, add });
  }
  checkStores(document, add);
  checkOverlaps(document, add);
}

type CopyPlace = { readonly copy: string; readonly add: AddFinding };

/** The kind of a copy as the file has it; undefined for what is none. */
export function kindOfCopy(document: YamlDocument, copy: string): CopyKind | undefined {
  const written = valueIn(document.value, ["copies", copy, "kind"]);
  if (written === undefined) return "repository";
  return copyKinds.find((kind) => kind === written);
}

function checkPlace(document: YamlDocument, { copy, add }: CopyPlace): void {
  const path = ["copies", copy];
  // Without its map there is nothing to say it of: the schema has refused it.
  if (!isMap(valueIn(document.value, path))) return;
  const keys = document.keysOf(path);
  const [hasPath, hasUrl] = [keys.includes("path"), keys.includes("url")];
  if (hasPath && hasUrl)
    add([...path, "url"], {
      code: "config.misplaced",
      message: '"url" and "path" stand here together',
      hint: "A copy lies in one place: keep path for a folder of this machine, url for one of another host.",
    });
  if (!hasPath && !hasUrl)
    add(
      path,
      {
        code: "config.missing",
        message: '"path" is missing',
        hint: "Give path: /folder, or url: ssh://user@host/folder where it lies on another host.",
      },
      "key",
    );
}

const kindsOfKeys = {
  key: "repository",
  capacity: "tape library",
  safe_uses: "tape library",
  barcodes: "tape library",
} as const;

function checkKind(document: YamlDocument, { copy, add }: CopyPlace): void {
  const path = ["copies", copy];
  const kind = kindOfCopy(document, copy);
  if (kind === undefined || !isMap(valueIn(document.value, path))) return;
  const keys = document.keysOf(path);
  if (kind === "repository" && !keys.includes("key"))
    add(
      path,
      {
        code: "config.missing",
        message: '"key" is missing',
        hint: "A repository is encrypted: write key: credential:NAME, env:NAME or file:/path.",
      },
      "key",
    );
  for (const [key, takes] of Object.entries(kindsOfKeys)) {
    if (!keys.includes(key) || kind === takes) continue;
    add([...path, key], {
      code: "config.misplaced",
      message: `"${key}" is for a ${takes}, and ${quoted(copy)} is of kind ${kind}`,
      hint:
        key === "key"
          ? "What is not a repository is not encrypted by us: take the key out, and keep it where nobody else reads."
          : `Take ${key} out, or say kind: ${takes}.`,
    });
  }
  checkAvailable(document, { copy, add, kind });
}

/** What is understood and would protect nothing in this version. */
function checkAvailable(
  document: YamlDocument,
  { copy, add, kind }: CopyPlace & { readonly kind: CopyKind },
): void {
  const path = ["copies", copy];
  const isUrl = document.keysOf(path).includes("url");
  if (isUrl && kind !== "repository")
    add([...path, "url"], {
      code: "config.not-available",
      message: `copies of kind ${kind} on another host are not available in this version`,
      hint: "Give it a folder of this machine, with path.",
    });
  if (kind === "replicas" && valueIn(document.value, [...path, "layer"]) === "disaster")
    add([...path, "kind"], {
      code: "config.not-available",
      message: "replicas of the disaster layer are not available in this version",
      hint: "The disaster layer has a repository (duplicates) or a tape library (a vault).",
    });
}

/** A copy inside the mail store would capture itself; a store inside a copy would be taken for its files. */
function checkStores(document: YamlDocument, add: AddFinding): void {
  for (const copy of document.keysOf(["copies"])) {
    const copyPath = valueIn(document.value, ["copies", copy, "path"]);
    for (const server of document.keysOf(["servers"])) {
      const storePath = valueIn(document.value, ["servers", server, "path"]);
      if (typeof copyPath !== "string" || typeof storePath !== "string") continue;
      if (!isWithin(copyPath, storePath) && !isWithin(storePath, copyPath)) continue;
      const message = `the folders of copy ${quoted(copy)} and server ${quoted(server)} lie within each other`;
      add(["copies", copy, "path"], {
        code: "config.path",
        message,
        hint: "Keep copies outside the mail store, best on another disk.",
      });
    }
  }
}

/** Copies that are compared with each other; more are not. */
const mostCompared = 500;

/** What is lost with one copy must not be lost with the other, and no kind finds its files among another's. */
function checkOverlaps(document: YamlDocument, add: AddFinding): void {
  const placed = document
    .keysOf(["copies"])
    .slice(0, mostCompared)
    .flatMap((copy) => {
      const location = locationOf(document, copy);
      return location === undefined ? [] : [{ copy, location, ...factsOf(document, copy) }];
    });
  for (const [index, one] of placed.entries()) {
    const other = placed.slice(0, index).find((before) => {
      // Two repositories of one layer in one folder are one repository: unusual, and nothing is lost by it.
      if (one.kind === "repository" && before.kind === "repository" && one.layer === before.layer)
        return false;
      if (!isSameHost(one.location, before.location)) return false;
      const [inner, outer] = [one.location.path, before.location.path];
      return isWithin(inner, outer) || isWithin(outer, inner);
    });
    if (other === undefined) continue;
    const key = one.location.at === "this machine" ? "path" : "url";
    add(["copies", one.copy, key], {
      code: "config.path",
      message: `the folders of copies ${quoted(one.copy)} and ${quoted(other.copy)} lie within each other`,
      hint: "Give each a folder of its own; one of the disaster layer lies on another site.",
    });
  }
}

function factsOf(
  document: YamlDocument,
  copy: string,
): { readonly kind: CopyKind | undefined; readonly layer: unknown } {
  const layer = valueIn(document.value, ["copies", copy, "layer"]);
  return { kind: kindOfCopy(document, copy), layer };
}

function locationOf(document: YamlDocument, copy: string): CopyLocation | undefined {
  const path = valueIn(document.value, ["copies", copy, "path"]);
  if (typeof path === "string") return { at: "this machine", path };
  const url = valueIn(document.value, ["copies", copy, "url"]);
  if (typeof url !== "string") return undefined;
  const parsed = parseCopyUrl(url);
  return "code" in parsed ? undefined : { at: "another host", ...parsed };
}

function isMap(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
