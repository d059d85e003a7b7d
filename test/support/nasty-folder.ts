/** A mail store with everything that a backup could get wrong, on a real filesystem. */
import { chmodSync, linkSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { extendedAttributeSupport, type RawPath, writeExtendedAttribute } from "#image";
import { inFolder, run } from "./restic.ts";

const message = (n: number): string =>
  `Received: from mx${n}.example.org by mail\r\n\tfor <user${n}@example.org>; Mon, 23 Nov 2026 10:00:00 +0000\r\n` +
  `From: a@example.org\r\nSubject: ${n}\r\n\r\n${"All alike from here on.\r\n".repeat(400)}`;

/** Folders, one character per byte. */
const folders = [
  "Maildir",
  "Maildir/cur",
  "Maildir/new",
  "Maildir/tmp",
  "Maildir/.&BB0EMA- &AOQ-",
  "Maildir/.&BB0EMA- &AOQ-/cur",
  "Maildir/.Sent Mail",
  "Maildir/.Sent Mail/cur",
  "Maildir/.line\nbreak",
  "Maildir/.inv\xff\xfealid",
  "Maildir/.empty",
  'Maildir/."quoted" \\back',
  "Maildir/.<b>&amp;",
  `Maildir/.${Buffer.from("Входящие\u2028📧\u00a0").toString("latin1")}`,
] as const;

export function makeNastyFolder(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of folders) {
    mkdirSync(inFolder(folder, name));
    writeFileSync(inFolder(folder, `${name}/1700000000.M1P2.host,S=5`), "short");
  }
  for (let n = 0; n < 300; n++) {
    writeFileSync(
      inFolder(folder, `Maildir/cur/17000${10_000 + n}.M${n}P7.mx1,S=9:2,S`),
      message(n),
    );
  }
  // Every byte that a name may hold, at its beginning and within it.
  for (let byte = 1; byte < 256; byte++) {
    if (byte === 0x2f) continue;
    const character = String.fromCharCode(byte);
    writeFileSync(inFolder(folder, `Maildir/tmp/${character}x`), `byte ${byte}`);
    writeFileSync(inFolder(folder, `Maildir/tmp/n${character}${character}`), "");
  }
  addOddities(folder);
}

function addOddities(folder: string): void {
  writeFileSync(`${folder}/empty`, "");
  mkdirSync(`${folder}/empty folder`);
  for (const [n, target] of ["Maildir/cur", "/nowhere/at all", "../up", "ünï\n<&>"].entries()) {
    symlinkSync(target, `${folder}/link ${n}`);
    lutimesSync(`${folder}/link ${n}`, 1_600_000_000 + n, 1_600_000_000 + n);
  }
  writeFileSync(`${folder}/hard 1`, "linked");
  linkSync(`${folder}/hard 1`, `${folder}/hard 2`);
  linkSync(`${folder}/hard 1`, `${folder}/Maildir/hard 3`);
  for (const mode of [0o000, 0o400, 0o755, 0o1777, 0o2750, 0o4711, 0o6777]) {
    writeFileSync(`${folder}/mode ${mode}`, String(mode));
    chmodSync(`${folder}/mode ${mode}`, mode);
    mkdirSync(`${folder}/mode ${mode}.d`);
    chmodSync(`${folder}/mode ${mode}.d`, mode | 0o700);
  }
  for (const [n, time] of [
    "@0",
    "@1.000000001",
    "@1600000000.123456789",
    "@-86400.5",
    "@4102444800.9",
  ].entries()) {
    writeFileSync(`${folder}/time ${n}`, time);
    run("touch", ["-d", time, `${folder}/time ${n}`]);
  }
  if (extendedAttributeSupport() !== "none") {
    const [file, sub] = [`${folder}/empty`, `${folder}/empty folder`] as RawPath[];
    writeExtendedAttribute(file as RawPath, {
      name: "user.dovecot",
      value: Buffer.from([0, 255, 10]),
    });
    writeExtendedAttribute(sub as RawPath, { name: "user.on-folder", value: Buffer.from("x") });
  }
  run("touch", ["-d", "@1500000000.987654321", `${folder}/Maildir/cur`, `${folder}/empty folder`]);
}
