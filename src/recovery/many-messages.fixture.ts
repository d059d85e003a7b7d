/** A mailbox with enough messages to be killed in the middle of. */
import { type Image, memoryImage, type MemoryNodes } from "#image";

export const messageCount = 600;

export function manyMessages(): Image {
  const owner = {
    uid: process.geteuid?.() ?? 0,
    gid: process.getegid?.() ?? 0,
    mtimeNs: 1_700_000_000_000_000_001n,
  };
  const nodes: Record<string, MemoryNodes[string]> = {};
  for (const folder of ["", ".Archive/"]) {
    if (folder !== "") nodes[folder.slice(0, -1)] = { type: "directory", mode: 0o750, ...owner };
    for (const part of ["cur", "new", "tmp"])
      nodes[folder + part] = { type: "directory", mode: 0o710, ...owner };
    for (let number = 0; number < messageCount / 2; number++) {
      const bytes = `Subject: ${folder}${number}\n\nText ${number % 7}\n`;
      nodes[`${folder}cur/${number}.m.host:2,S`] = { bytes, mode: 0o640, ...owner };
    }
    nodes[`${folder}dovecot-uidlist`] = { bytes: `3 V1 N${messageCount}\n`, mode: 0o600, ...owner };
  }
  return memoryImage(nodes);
}
