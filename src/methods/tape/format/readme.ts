import { toRfc3339Nano } from "#time";
import type { Barcode } from "../drive/index.ts";

export type ReadmeFacts = {
  readonly barcode: Barcode;
  readonly labelledAtNs: bigint;
  /** How often the tape was written from its beginning, this time counted. */
  readonly passes: number;
  readonly blockBytes: number;
};

/** What stands first on every tape, for somebody who has the tape and nothing else. */
export function readmeText({ barcode, labelledAtNs, passes, blockBytes }: ReadmeFacts): string {
  const factor = blockBytes / 512;
  return `This tape holds backups of mail stores, written by Restante.

Tape:       ${barcode}
Labelled:   ${toRfc3339Nano(labelledAtNs)}
Passes:     ${passes}
Block size: ${blockBytes} bytes (${factor} x 512)

You need no Restante to restore: mt and GNU tar are enough.

WHAT IS ON THE TAPE

Every file of tar stands between two groups of labels (ANSI X3.27), and a
file mark ends each of the three:

  tape file 0   labels VOL1 HDR1 HDR2
  tape file 1   this text, in a tar archive
  tape file 2   labels EOF1 EOF2
  tape file 3   labels HDR1 HDR2
  tape file 4   data: a tar archive with mail
  tape file 5   labels EOF1 EOF2
  tape file 6   labels HDR1 HDR2
  tape file 7   more data, or the index of the backup
  ...

So archives are the tape files 1, 4, 7, 10, ... A backup is a run of data
archives, then one index. The labels say which is which, in their
characters 5-21: RTxxxxxxxx.Dnnnnn is data, RTxxxxxxxx.Innnnn an index, and
xxxxxxxx is the backup. One tape may hold several backups. EOV1 in place of
EOF1 says that the backup goes on on another tape.

HOW TO RESTORE

  mt -f /dev/nst0 setblk 0
  mt -f /dev/nst0 rewind
  dd if=/dev/nst0 bs=${blockBytes}            shows the labels VOL1 HDR1 HDR2
  mt -f /dev/nst0 asf 4
  tar -b ${factor} --xattrs --xattrs-include='*' -xpf /dev/nst0

and the same with asf 7, 10, ... as long as there are archives, all into one
folder and in this order. As root tar gives files their owners; add
--numeric-owner where the users of this machine are not those of the mail
server. tar may say "Ignoring unknown extended header keyword 'hdrcharset'":
that only marks names that are not UTF-8.

Where a tape ends within a file, tar says "Unexpected EOF in archive". That
one file is cut off; it stands whole at the beginning of the next tape and
is replaced when you extract that one.

An index extracts to .restante/BACKUP/: manifest.json says of which moment
and on which tapes the backup is, members-*.jsonl has a line for every file
with its sha256 and its place. A line with "state":"void" is of a file that
changed while it was read: what was extracted is not whole.
`;
}

/** How often the tape was written, out of the text; undefined where it does not say. */
export function passesOfReadme(text: string): number | undefined {
  const match = /^Passes: +(\d{1,9})$/m.exec(text);
  return match === null ? undefined : Number(match[1]);
}
