import { quoted } from "#errors";
import type { AddFinding } from "./checked-yaml.ts";
import { valueIn } from "./schema-problems.ts";
import { isContinuous } from "./tier-findings.ts";
import type { YamlDocument } from "./yaml-document.ts";

/** A delivery stage writes into the one journal of its server's mail. */
export function checkDelivery(document: YamlDocument, add: AddFinding): void {
  const lines = document.keysOf(["lines_of_business"]).filter((line) => {
    const tier = valueIn(document.value, ["lines_of_business", line, "tier"]);
    return typeof tier === "string" && isContinuous(document, tier);
  });
  for (const server of document.keysOf(["servers"])) {
    if (!document.keysOf(["servers", server]).includes("delivery_stage")) continue;
    const path = ["servers", server, "delivery_stage"];
    if (lines.length === 0)
      add(path, {
        code: "config.combination",
        message: `"delivery_stage" is for continuous data protection, and no line of business has it`,
        hint: "Give a tier the method continuous data protection, or take the stage out.",
      });
    if (lines.length > 1)
      add(path, {
        code: "config.combination",
        message: `a delivery stage writes into one journal, and ${lines.map(quoted).join(" and ")} have one each`,
        hint: "Protect them by one line of business, or run restante lmtp by itself.",
      });
  }
}
