import type { HostLook } from "../look/host-look.ts";
import { parseColonSettings } from "../look/setting-lines.ts";

/** imapd.conf(5), with what is left out filled in as Cyrus does. */
export type CyrusSettings = {
  /** Databases: mailboxes.db, seen state, subscriptions, quotas. Absolute. */
  readonly configurationFolder: string;
  /** Name → absolute folder. */
  readonly partitions: ReadonlyMap<string, string>;
  /** Indexes, caches and headers, where they lie apart from the messages. */
  readonly metaPartitions: ReadonlyMap<string, string>;
  /** Older messages, where they are moved. */
  readonly archivePartitions: ReadonlyMap<string, string>;
  /** Absolute; absent where scripts are in the homes of users. */
  readonly sieveFolder?: string;
  readonly hierarchySeparator: "." | "/";
  readonly hasDomains: boolean;
  readonly syncLogChannels: readonly string[];
  readonly all: ReadonlyMap<string, string>;
};

const deepestInclude = 8;

/** Undefined where the file is not there or may not be read. */
export async function readCyrusSettings(
  look: HostLook,
  file: string,
): Promise<CyrusSettings | undefined> {
  const text = await withIncludes(look, file, 0);
  return text === undefined ? undefined : parseCyrusSettings(text);
}

async function withIncludes(
  look: HostLook,
  file: string,
  depth: number,
): Promise<string | undefined> {
  const text = await look.text(file);
  if (text === undefined) return undefined;
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    const included = /^@include:?\s+(\S+)/i.exec(line.trim())?.[1];
    if (included === undefined) lines.push(line);
    else if (depth >= deepestInclude)
      look.addUnseen(included, "Too many files include one another.");
    else {
      const below = await withIncludes(look, included, depth + 1);
      if (below === undefined)
        look.addUnseen(included, `"${file}" includes it, and it was not read.`);
      lines.push(below ?? "");
    }
  }
  return lines.join("\n");
}

export function parseCyrusSettings(text: string): CyrusSettings {
  const all = parseColonSettings(text);
  const usesHomes = isOn(all.get("sieveusehomedir"));
  const separator = all.get("unixhierarchysep");
  return {
    configurationFolder: all.get("configdirectory") ?? "/var/lib/cyrus",
    partitions: withPrefix(all, "partition-"),
    metaPartitions: withPrefix(all, "metapartition-"),
    archivePartitions: withPrefix(all, "archivepartition-"),
    ...(usesHomes ? {} : { sieveFolder: all.get("sievedir") ?? "/usr/sieve" }),
    // On by default since 3.0.
    hierarchySeparator: separator === undefined || isOn(separator) ? "/" : ".",
    hasDomains: !["off", "no", "0", "f"].includes(all.get("virtdomains")?.toLowerCase() ?? "off"),
    syncLogChannels: (all.get("sync_log_channels") ?? "")
      .split(/[\s,]+/)
      .filter((name) => name !== ""),
    all,
  };
}

function withPrefix(all: ReadonlyMap<string, string>, prefix: string): ReadonlyMap<string, string> {
  return new Map(
    [...all].flatMap(([name, path]) =>
      name.startsWith(prefix) && path.startsWith("/")
        ? [[name.slice(prefix.length), path.replace(/(?<=.)\/+$/, "")] as const]
        : [],
    ),
  );
}

function isOn(value: string | undefined): boolean {
  return /^(?:1|yes|on|t|true)$/i.test(value ?? "");
}

/**
 * Owners in what `ctl_mboxlist -d` prints: an object of mailboxes by name (3.6 and later), or lines
 * "name TAB …". Names are internal: "user.ann.Sent", "example.org!user.ann"; "^" stands for a dot.
 */
export function ownersInDump(text: string): readonly string[] {
  const names = text.trimStart().startsWith("{")
    ? namesInJson(text)
    : text.split("\n").map((line) => line.split("\t")[0] ?? "");
  const owners = names.flatMap((name) => {
    const [, domain = "", user = ""] = /^(?:([^!]+)!)?user\.([^.]+)/.exec(name) ?? [];
    if (user === "") return [];
    const local = user.replaceAll("^", ".");
    return [domain === "" ? local : `${local}@${domain}`];
  });
  return [...new Set(owners)].toSorted();
}

function namesInJson(text: string): readonly string[] {
  let dump: unknown;
  try {
    dump = JSON.parse(text);
  } catch {
    return [];
  }
  return typeof dump === "object" && dump !== null ? Object.keys(dump) : [];
}
