import type { AddFinding } from "./checked-yaml.ts";
import { valueIn } from "./schema-problems.ts";
import { checkPlaces, checkVolumes } from "./server-place-findings.ts";
import type { WrittenServer } from "./server-schema.ts";
import type { YamlDocument } from "./yaml-document.ts";

/** What of a server goes only with one of its data sources. */
export function checkServers(document: YamlDocument, add: AddFinding): void {
  for (const server of document.keysOf(["servers"])) {
    checkCommands(document, { server, add });
    checkHotSplit(document, { server, add });
    checkMailboxes(document, { server, add });
    checkVolumes(document, { server, add });
    checkPlaces(document, { server, add });
  }
}

type ServerPlace = { readonly server: string; readonly add: AddFinding };

const stopItYourself = "Give both, or neither and stop the server yourself.";
const neverHalf = "Give both, or neither: a server that was quiesced must be resumed.";
const pairs = [
  ["stop", "start", stopItYourself],
  ["start", "stop", stopItYourself],
  ["quiesce", "resume", neverHalf],
  ["resume", "quiesce", neverHalf],
] as const;

function checkCommands(document: YamlDocument, { server, add }: ServerPlace): void {
  const keys = document.keysOf(["servers", server]);
  for (const [has, lacks, hint] of pairs) {
    if (!keys.includes(has) || keys.includes(lacks)) continue;
    const message = `"${has}" stands here without "${lacks}"`;
    add(["servers", server, has], { code: "config.command", message, hint });
  }
  const source = valueIn(document.value, ["servers", server, "data_source"]);
  if (source === "offline" && !keys.includes("stop") && !keys.includes("start")) {
    const message = "offline says that the server is stopped, and not how";
    const hint = "Add stop and start: the commands that stop the mail server and start it again.";
    add(["servers", server, "data_source"], { code: "config.command", message, hint });
  }
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

const hotSplitKeys = [
  "snapshots",
  "validate",
  "validate_time_limit",
  "repeat",
  "quiesce",
  "resume",
  "quiesce_time_limit",
] as const;

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

/** Only a Dovecot is asked by doveadm. */
function checkMailboxes(document: YamlDocument, { server, add }: ServerPlace): void {
  const written = valueIn(document.value, ["servers", server]) as Partial<WrittenServer> | null;
  if (written?.mailboxes !== "from doveadm" || written.type === "dovecot") return;
  add(["servers", server, "mailboxes"], {
    code: "config.misplaced",
    message: '"mailboxes: from doveadm" is for a server of type dovecot',
    hint: "Write mailboxes: from the store, or take it out.",
  });
}
