import assert from "node:assert/strict";
import { type Site, withoutRestic } from "./recovery-site.ts";

/** restic finds nothing wrong with the site's repository, every byte read. Says nothing where restic is not installed. */
export function assertSound(
  site: Site,
  name = "the repository",
  ...options: readonly string[]
): void {
  if (withoutRestic !== false) return;
  const { status, output } = site.restic("check", "--read-data", ...options);
  assert.equal(status, 0, `${name}: ${output}`);
}
