import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestRun } from "./surroundings.fixture.ts";

/** Two mailboxes, 33 messages, one of them hostile. Returns the support mailbox's Maildir. */
export async function writeSmallStore(mail: string): Promise<string> {
  const inbox = join(mail, "example.org/support/Maildir");
  for (const name of ["cur", "new", "tmp", ".Invoices/cur", ".Invoices/new", ".Invoices/tmp"])
    await mkdir(join(inbox, name), { recursive: true });
  for (let number = 0; number < 30; number++)
    await writeFile(join(inbox, `cur/170000000${number}.M1.mx1:2,S`), message(`number ${number}`));
  await writeFile(join(inbox, "new/1800000000.M1.mx1"), message("\u001b[2Jhostile \u202esubject"));
  await writeFile(
    join(inbox, ".Invoices/cur/1700000100.M1.mx1:2,"),
    message("=?utf-8?q?Rechnung_f=C3=BCr_M=C3=A4rz?="),
  );
  await mkdir(join(mail, "example.org/sales/Maildir/cur"), { recursive: true });
  await mkdir(join(mail, "example.org/sales/Maildir/new"), { recursive: true });
  await writeFile(
    join(mail, "example.org/sales/Maildir/cur/1700000200.M1.mx1:2,"),
    message("offer"),
  );
  return inbox;
}

export function message(subject: string): string {
  return `Return-Path: <a@example.net>\nFrom: Ada <ada@example.net>\nTo: support@example.org\nSubject: ${subject}\nDate: Mon, 23 Nov 2026 10:00:00 +0000\n\nBody of ${subject}\n`;
}

/** The JSON documents of a run, one per line. */
export function documents({ output }: TestRun): readonly Record<string, unknown>[] {
  return output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The fields of a document: the contract of JSON. */
export function keys(document: unknown): readonly string[] {
  return Object.keys(document as object).toSorted();
}

/** Every file below a folder with its SHA-256. */
export async function hashes(path: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    found[file.slice(path.length)] = createHash("sha256")
      .update(await readFile(file))
      .digest("hex");
  }
  return found;
}
