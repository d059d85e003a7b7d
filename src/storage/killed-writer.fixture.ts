/** A process that saves three files and is killed at the second: run by faulty-storage.test.ts. */
import { createHash } from "node:crypto";
import { directoryStorage } from "./directory-storage.ts";
import { faultyStorage } from "./faulty-storage.ts";

const [folder, when] = process.argv.slice(2);
const storage = faultyStorage(directoryStorage(folder as string), {
  rules: [{ at: 2, action: "save", kind: "kill", when: when === "before" ? "before" : "after" }],
});
await storage.create();
for (const text of ["a", "b", "c"]) {
  const name = createHash("sha256").update(text).digest("hex");
  await storage.save({ type: "data", name }, [Buffer.from(text)]);
}
