import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** What a laid-out store is; goes into the JSON beside the figures. */
export type StoreFacts = {
  readonly name: string;
  /** One sentence: what it is made of. */
  readonly about: string;
  readonly files: number;
  readonly bytes: number;
  readonly messages: number;
  readonly messageBytes: number;
  readonly folders: number;
  readonly scale: number;
};

export type Store = StoreFacts & { readonly path: string };

export type LayOutStoreOptions = {
  /** Laid-out stores are kept below it and used again. */
  readonly work: string;
  /** 1 is the full size. */
  readonly scale: number;
};

/** What a lay-out function says about what it wrote; the rest is counted. */
export type LaidOut = { readonly about: string; readonly folders: number };

/** Goes up when any lay-out writes something else, so that kept stores are laid out again. */
const GENERATION = 1;

/**
 * The store `name` at this scale: as kept from an earlier run, or laid out now. The facts are written
 * last, so a lay-out that was interrupted is not mistaken for a whole one.
 */
export function keptStore(
  name: string,
  options: LayOutStoreOptions,
  layOut: (folder: string) => LaidOut,
): Store {
  const place = join(options.work, "stores", `${name}-${options.scale}-v${GENERATION}`);
  const factsPath = join(place, "facts.json");
  const path = join(place, "store");
  if (existsSync(factsPath)) {
    return { ...(JSON.parse(readFileSync(factsPath, "utf8")) as StoreFacts), path };
  }
  process.stderr.write(`laying out ${name} at scale ${options.scale} in ${path}\n`);
  rmSync(place, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  const { about, folders } = layOut(path);
  const facts: StoreFacts = { name, about, folders, scale: options.scale, ...countStore(path) };
  writeFacts(place, facts);
  return { ...facts, path };
}

/** While a store is changed its facts are away: what is left by a crash will be laid out again. */
export function withChangedStore(store: Store): { readonly restored: () => void } {
  const place = join(store.path, "..");
  rmSync(join(place, "facts.json"), { force: true });
  const { path: _, ...facts } = store;
  return { restored: () => writeFacts(place, facts) };
}

function writeFacts(place: string, facts: StoreFacts): void {
  const path = join(place, "facts.json");
  writeFileSync(`${path}.tmp`, `${JSON.stringify(facts, null, 2)}\n`);
  renameSync(`${path}.tmp`, path);
}

export type StoreCount = {
  readonly files: number;
  readonly bytes: number;
  readonly messages: number;
  readonly messageBytes: number;
};

/** Regular files below `root`; those in cur/ and new/ are messages. */
export function countStore(root: string): StoreCount {
  let [files, bytes, messages, messageBytes] = [0, 0, 0, 0];
  for (const { folder, name } of walkFiles(root)) {
    const size = lstatSync(join(folder, name)).size;
    files += 1;
    bytes += size;
    if (!/[/](cur|new)$/.test(folder)) continue;
    messages += 1;
    messageBytes += size;
  }
  return { files, bytes, messages, messageBytes };
}

/** Regular files below `root`, each folder's names in byte order. */
export function* walkFiles(
  root: string,
): Generator<{ readonly folder: string; readonly name: string }> {
  const waiting = [root];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const entries = readdirSync(folder, { withFileTypes: true });
    entries.sort((left, right) => (left.name < right.name ? -1 : 1));
    for (const entry of entries) {
      if (entry.isDirectory()) waiting.push(join(folder, entry.name));
      else if (entry.isFile()) yield { folder, name: entry.name };
    }
  }
}
