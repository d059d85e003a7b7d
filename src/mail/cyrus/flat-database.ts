import { problemLimit } from "../mail-problem.ts";
import type { DatabaseContent, DatabaseRecord } from "./database.ts";

/**
 * Cyrus's flat files: lines of key, tab, value, sorted by key. NUL, tab, CR and LF stand as ff and
 * the byte with its top bit set, ff as ff ff. Source: Cyrus IMAP 3.6.1, lib/cyrusdb_flat.c. Never throws.
 */
export function readFlatDatabase(bytes: Uint8Array): DatabaseContent {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const records = new Map<string, DatabaseRecord>();
  const problems: string[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const tab = line.indexOf("\t");
    if (tab < 0) {
      if (problems.length < problemLimit) problems.push("A line of the database has no value");
      continue;
    }
    const key = decode(line.slice(0, tab));
    records.set(key, { key, value: decode(line.slice(tab + 1)) });
  }
  return { records: [...records.values()], problems };
}

function decode(text: string): string {
  if (!text.includes("\xff")) return text;
  return text.replace(/\xff([^]?)/g, (_, next: string) =>
    next === "\xff" || next === "" ? next : String.fromCharCode(next.charCodeAt(0) & 0x7f),
  );
}
