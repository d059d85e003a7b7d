import { quoted } from "#errors";
import type { AddFinding } from "./checked-yaml.ts";
import { valueIn } from "./schema-problems.ts";
import { isContinuous } from "./tier-findings.ts";
import type { YamlDocument } from "./yaml-document.ts";

const logs = ["dovecot", "cyrus"] as const;

/** A log is of the server of its name, and only who follows changes reads it. */
export function checkHints(document: YamlDocument, add: AddFinding): void {
  const hasContinuous = document.keysOf(["lines_of_business"]).some((line) => {
    const tier = valueIn(document.value, ["lines_of_business", line, "tier"]);
    return typeof tier === "string" && isContinuous(document, tier);
  });
  for (const server of document.keysOf(["servers"])) {
    if (!document.keysOf(["servers", server]).includes("hints")) continue;
    const path = ["servers", server, "hints"];
    const written = document.keysOf(path);
    const type = valueIn(document.value, ["servers", server, "type"]);
    for (const log of logs) {
      if (!written.includes(log) || type === log) continue;
      // The mail of a Dovecot or Courier may be written down as that of a Maildir or a plain folder.
      if (log === "dovecot" && (type === "maildir" || type === "folder")) continue;
      add([...path, log], {
        code: "config.misplaced",
        message: `${quoted(log)} is the log of a server of type ${log}`,
        hint: "Take it out, or write what the server is as its type.",
      });
    }
    if (!hasContinuous)
      add(path, {
        severity: "warning",
        code: "config.combination",
        message: `"hints" is for continuous data protection, and no line of business has it`,
        hint: "Give a tier the method continuous data protection, or take the hints out.",
      });
  }
}
