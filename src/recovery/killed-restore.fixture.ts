/** A process that restores and is killed at the n-th file that it reads: run by restore-killed.test.ts. */
import { rawPathFromText, rootPath } from "#image";
import { applyRestore } from "./apply-restore.ts";
import { manyMessages } from "./many-messages.fixture.ts";
import { planRestore } from "./plan-restore.ts";

const [target, killAt] = process.argv.slice(2);
const image = manyMessages();
const options = { now: () => Date.now(), unique: () => `${process.pid}` };
const plan = await planRestore(image, {
  scope: rootPath,
  target: rawPathFromText(String(target)),
  ...options,
});
let reads = 0;
let attributes = 0;
let reports = 0;
const read = image.read.bind(image);
image.read = (path, readOptions) => {
  if (killAt === `read ${++reads}`) process.kill(process.pid, "SIGKILL");
  return read(path, readOptions);
};
const extendedAttributes = image.extendedAttributes.bind(image);
image.extendedAttributes = (path) => {
  if (killAt === `dress ${++attributes}`) process.kill(process.pid, "SIGKILL");
  return extendedAttributes(path);
};
await applyRestore(image, plan, {
  ...options,
  onProgress: ({ phase }) => {
    reports++;
    if (killAt === `progress ${reports}` || killAt === phase) process.kill(process.pid, "SIGKILL");
  },
});
