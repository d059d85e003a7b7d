import type { HostLook } from "./host-look.ts";

/** A program of a mail server on the host. */
export type FoundTool = {
  /** "doveadm". */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
};

/** Where mail servers put programs; the PATH of a user lacks half of them. */
const programFolders = [
  "/usr/sbin",
  "/usr/bin",
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/lib/cyrus/bin",
  "/usr/lib/cyrus-imapd",
  "/usr/libexec/cyrus-imapd",
  "/usr/cyrus/bin",
  "/usr/lib/courier",
  "/usr/libexec/courier",
  "/opt/dovecot/bin",
  "/opt/dovecot/sbin",
  "/sbin",
  "/bin",
] as const;

/** Each of these programs that is there, in the first folder that has it. */
export async function findPrograms(
  look: HostLook,
  names: readonly string[],
  folders: readonly string[] = [],
): Promise<readonly FoundTool[]> {
  const found: FoundTool[] = [];
  for (const name of names) {
    const path = await look.firstThere(
      [...folders, ...programFolders].map((folder) => `${folder}/${name}`),
    );
    if (path !== undefined) found.push({ name, path });
  }
  return found;
}

export function toolPath(tools: readonly FoundTool[], name: string): string | undefined {
  return tools.find((tool) => tool.name === name)?.path;
}
