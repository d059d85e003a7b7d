import type { ServerRecipe } from "./recipe.ts";

/**
 * Exchange Server by its VSS writer ({76fe1ac4-15f7-4bcd-987e-8e1acb462fb7}) and diskshadow, which
 * come with Windows. The volumes' shadow copies are exposed as drives, and those are what is read.
 */
export const exchangeRecipe: ServerRecipe = {
  name: "exchange",
  title: "Microsoft Exchange Server, by VSS",
  isTried: false,
  about:
    "Databases and logs lie on volumes of their own. VSS freezes both at one instant after Exchange has flushed what it holds; Restante reads the shadow copies where the host that it runs on sees them (a share that is mounted).",
  configuration: `  exchange:
    type: generic
    path: /mnt/exchange # the exposed shadow copies, mounted from the server
    volumes:
      - {path: /mnt/exchange/db, role: database}
      - {path: /mnt/exchange/log, role: log}
    data_source: offline
    stop: [ssh, ADMIN@SERVER, diskshadow, /s, "C:\\\\restante\\\\freeze.dsh"]
    start: [ssh, ADMIN@SERVER, diskshadow, /s, "C:\\\\restante\\\\thaw.dsh"]
    stop_time_limit: 10 minutes
`,
  files: [
    {
      name: "freeze.dsh",
      text: `set verbose on
set context persistent
writer verify {76fe1ac4-15f7-4bcd-987e-8e1acb462fb7}
begin backup
add volume E: alias db
add volume L: alias log
create
expose %db% X:
expose %log% Y:
end backup
`,
    },
    {
      name: "thaw.dsh",
      text: `delete shadows exposed X:
delete shadows exposed Y:
`,
    },
  ],
  validation: [
    "eseutil /k DATABASE.edb      checksums of every page",
    "eseutil /ml LOGS\\E00         the chain of logs",
    "eseutil /mh DATABASE.edb     Dirty Shutdown: its logs must be played back before it mounts",
  ],
  putBack: [
    "eseutil /r E00 /l LOGS /d DATABASES     on a copy: play the logs back until Clean Shutdown",
    "New-MailboxDatabase -Recovery, mount it, New-MailboxRestoreRequest for a mailbox",
  ],
  cautions: [
    "end backup tells Exchange that a full backup is done: it truncates its logs. Leave begin backup and end backup out while another program takes full backups.",
    "The folder is read as files: mailboxes in an Exchange database are not listed by Restante.",
  ],
};
