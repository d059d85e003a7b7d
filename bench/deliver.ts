/**
 * Delivers into Maildirs at a steady rate, as mail servers do (written in tmp, then renamed into new),
 * and prints when each message was delivered:
 *   node deliver.ts STORE FOLDERS PER_SECOND SECONDS SIZE
 */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

const [store = "", folders = "1", perSecond = "1", seconds = "1", size = "4096"] =
  process.argv.slice(2);
const total = Number(perSecond) * Number(seconds);
const body = Buffer.alloc(Number(size), "All work and no play makes mail a dull read.\r\n");
const start = performance.now();
const lines: string[] = [];
for (let count = 0; count < total;) {
  const due = Math.min(total, ((performance.now() - start) / 1000) * Number(perSecond));
  for (; count < due; count++) {
    const folder = join(store, `user${count % Number(folders)}`);
    const name = `${1_700_000_000 + count}.M${process.pid}.bench`;
    body.write(`Message-ID: <${count}.${process.pid}@bench>\r\n`);
    writeFileSync(join(folder, "tmp", name), body);
    const nowMs = performance.timeOrigin + performance.now();
    renameSync(join(folder, "tmp", name), join(folder, "new", name));
    lines.push(`${name} ${nowMs}`);
  }
  await setTimeout(1);
}
process.stdout.write(`${lines.join("\n")}\n`);
