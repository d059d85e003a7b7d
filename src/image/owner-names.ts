import { readFile } from "node:fs/promises";
import { systemErrorCode } from "#errors";

export type OwnerNames = {
  readonly userOf: (uid: number) => string | undefined;
  readonly groupOf: (gid: number) => string | undefined;
};

export type OwnerNamesOptions = {
  /** Default /etc/passwd. */
  readonly passwordFile?: string;
  /** Default /etc/group. */
  readonly groupFile?: string;
};

/**
 * Names of users and groups from the two files of passwd(5) and group(5), read once. Accounts of
 * a directory service are not in them: their numbers stay numbers, which a restore needs anyway.
 */
export async function readOwnerNames(options: OwnerNamesOptions = {}): Promise<OwnerNames> {
  const [users, groups] = await Promise.all([
    readNames(options.passwordFile ?? "/etc/passwd"),
    readNames(options.groupFile ?? "/etc/group"),
  ]);
  return { userOf: (uid) => users.get(uid), groupOf: (gid) => groups.get(gid) };
}

async function readNames(file: string): Promise<ReadonlyMap<number, string>> {
  try {
    return parseOwnerNames(await readFile(file, "utf8"));
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return new Map();
  }
}

/** `name:password:number:…`, a line each; the first name of a number wins, as with getpwuid(3). */
export function parseOwnerNames(text: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split("\n")) {
    const [name, , number] = line.split(":", 3);
    if (name === undefined || name === "" || number === undefined || !/^\d{1,10}$/.test(number))
      continue;
    if (!names.has(Number(number))) names.set(Number(number), name);
  }
  return names;
}
