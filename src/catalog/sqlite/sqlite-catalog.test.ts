import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { catalogContract } from "../catalog.contract.ts";
import { openCatalog } from "./open-catalog.ts";

const scratch = mkdtempSync(join(tmpdir(), "restante-catalog-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
let made = 0;

catalogContract("a catalog in memory", async () => openCatalog({ folder: undefined }), {
  runs: 100,
});
catalogContract(
  "a catalog in a folder",
  async () => openCatalog({ folder: join(scratch, String(++made)) }),
  { runs: 5 },
);
