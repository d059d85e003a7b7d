import type { ServerRecipe } from "./recipe.ts";

/** HCL Domino by commands of its console, which its server program takes with -c. */
export const dominoRecipe: ServerRecipe = {
  name: "domino",
  title: "HCL Domino, by its console",
  isTried: false,
  about:
    "Each mailbox is a database file (NSF). The router and the access from outside stand still, open databases are closed, the filesystem freezes the data folder, and all go on.",
  configuration: `  domino:
    type: generic
    path: /local/notesdata
    volumes:
      - {path: /local/notesdata/mail, role: database}
      - {path: /local/notesdata/translog, role: log}
    data_source: hot split snapshot
    quiesce: /usr/local/sbin/domino-quiesce
    resume: /usr/local/sbin/domino-resume
    quiesce_time_limit: 2 minutes
    validate: [/usr/local/sbin/domino-check, "{path}"]
    validate_time_limit: 1 hour
`,
  files: [
    {
      name: "domino-quiesce",
      text: `#!/bin/sh -e
cd /local/notesdata
/opt/hcl/domino/bin/server -c "tell router quit"
/opt/hcl/domino/bin/server -c "set config SERVER_RESTRICTED=1"
/opt/hcl/domino/bin/server -c "drop all"
/opt/hcl/domino/bin/server -c "dbcache flush"
`,
    },
    {
      name: "domino-resume",
      text: `#!/bin/sh
cd /local/notesdata
/opt/hcl/domino/bin/server -c "set config SERVER_RESTRICTED=0"
/opt/hcl/domino/bin/server -c "load router"
`,
    },
    {
      name: "domino-check",
      text: `#!/bin/sh
# On a copy, with a Notes configuration of its own: fixup reports, and repairs nothing with -n.
cd "$1" && /opt/hcl/domino/bin/fixup -l -n mail
`,
    },
  ],
  validation: ["fixup -l -n mail      on a copy: every database opens and is consistent"],
  putBack: [
    "put the NSF beside the living one under another name, and copy documents with a client or an agent",
    "or stop the server, put the NSF back, and run fixup and updall on it",
  ],
  cautions: [
    "With archived transaction logging a database that is put back gets a new DBIID: take a backup of it next.",
    "Domino has a backup task of its own since version 12 (load backup), which quiesces each database alone.",
    "The folder is read as files: mailboxes in an NSF are not listed by Restante.",
  ],
};
