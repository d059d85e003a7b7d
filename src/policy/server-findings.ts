import type { AddFinding } from "./checked-yaml.ts";
import { valueIn } from "./schema-problems.ts";
import type { YamlDocument } from "./yaml-document.ts";

/** What of a server goes only with one of its data sources. */
export function checkServers(document: YamlDocument, add: AddFinding): void {
  for (const server of document.keysOf(["servers"])) {
    checkCommands(document, { server, add });
    checkHotSplit(document, { server, add });
  }
}

type ServerPlace = { readonly server: string; readonly add: AddFinding };

function checkCommands(document: YamlDocument, { server, add }: ServerPlace): void {
  const keys = document.keysOf(["servers", server]);
  for (const [has, lacks] of [["stop", "start"] as const, ["start", "stop"] as const]) {
    if (!keys.includes(has) || keys.includes(lacks)) continue;
    const message = `"${has}" stands here without "${lacks}"`;
    add(["servers", server, has], {
      code: "config.command",
      message,
      hint: "Give both, or neither and stop the server yourself.",
    });
  }
  const source = valueIn(document.value, ["servers", server, "data_source"]);
  if (keys.includes("stop") && source !== "offline") {
    const message = '"stop" is used only with data_source: offline';
    add(["servers", server, "stop"], {
      severity: "warning",
      code: "config.command",
      message,
      hint: "Add data_source: offline, or take stop and start out.",
    });
  }
}

const hotSplitKeys = ["snapshots", "validate", "repeat"] as const;

function checkHotSplit(document: YamlDocument, { server, add }: ServerPlace): void {
  const keys = document.keysOf(["servers", server]);
  const source = valueIn(document.value, ["servers", server, "data_source"]);
  // Of a word that is none, what was meant is not known.
  if (source !== undefined && source !== "offline" && source !== "live application") return;
  for (const key of hotSplitKeys) {
    if (!keys.includes(key)) continue;
    add(["servers", server, key], {
      severity: "warning",
      code: "config.misplaced",
      message: `"${key}" is used only with data_source: hot split snapshot`,
      hint: `Add data_source: hot split snapshot, or take ${key} out.`,
    });
  }
}
