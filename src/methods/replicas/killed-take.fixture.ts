/**
 * A program that takes a clone and kills itself at the n-th call of the system that changes something:
 * node killed-take.fixture.ts FOLDER STORE STEP
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const [folder = "", store = "", step] = process.argv.slice(2);
let left = Number(step);
const table = fs as unknown as Record<string, (...parameters: unknown[]) => unknown>;
const changing = [
  "mkdirSync",
  "writeSync",
  "renameSync",
  "unlinkSync",
  "rmdirSync",
  "chmodSync",
  "lutimesSync",
  "linkSync",
];
for (const name of changing) {
  const original = table[name] as (...parameters: unknown[]) => unknown;
  table[name] = (...parameters) => {
    if (--left <= 0) process.kill(process.pid, "SIGKILL");
    return original(...parameters);
  };
}
syncBuiltinESMExports();

const { openDirectoryImage, rawPathFromText } = await import("#image");
const { clones } = await import("../clones/clones.ts");
const method = clones({
  folder: rawPathFromText(folder),
  name: "here",
  path: "/var/mail",
  hostname: "mx1",
  rotation: { count: 3, windowMs: 1 },
});
for (;;) {
  await using image = await openDirectoryImage(rawPathFromText(store));
  await method.take(image, { group: "g" });
}
