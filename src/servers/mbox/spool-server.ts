import type { HostLook } from "../look/host-look.ts";
import { accountsInFolders } from "../look/accounts-in-folders.ts";
import { serviceCommands } from "../look/service-commands.ts";
import type { MailServer, ProtectedItem, PutBackWay, ServerVolume } from "../mail-server.ts";
import { serverFromFacts } from "../server-from-facts.ts";
import { maildirPutBack } from "../maildir/maildir-recipes.ts";
import { storeValidator } from "../validate/store-validator.ts";
import type { MailTransfer } from "./mail-transfer.ts";

export type SpoolServerOptions = {
  readonly nameOfPlace?: Parameters<typeof accountsInFolders>[1]["nameOfPlace"];
};

const units: Readonly<Record<MailTransfer["name"], readonly string[]>> = {
  Postfix: ["postfix"],
  Exim: ["exim4", "exim"],
  sendmail: ["sendmail"],
};

/** Homes of people on Debian and most others. */
const homes = "/home";

/** The mail that a transfer agent files by itself, where no server does. */
export async function spoolServer(
  look: HostLook,
  transfer: MailTransfer,
  { nameOfPlace }: SpoolServerOptions = {},
): Promise<MailServer> {
  const volumes = volumesOf(transfer);
  const layouts = [...new Set(transfer.deliveries.map(({ layout }) => layout))];
  const { name, isRunning, evidence, queue, configuration } = transfer;
  return serverFromFacts(look, {
    kind: layouts.includes("mbox") ? "mbox" : "maildir",
    title: `${layouts.map((layout) => (layout === "mbox" ? "mbox spool" : "Maildirs")).join(" and ")} of ${name}`,
    evidence,
    isRunning,
    layouts,
    tools: [],
    remarks: [],
    volumes,
    commands: await serviceCommands(look, units[name]),
    listAccounts: async (signal) =>
      await accountsInFolders(look, {
        folders: volumes.map(({ path }) => path),
        nameOfPlace,
        signal,
      }),
    listProtected: async () => await protectedBy(look, { queue, configuration }),
    validator: storeValidator(),
    putBack: layouts.includes("mbox") ? mboxPutBack : maildirPutBack,
    changes: [],
  });
}

function volumesOf({ deliveries }: MailTransfer): readonly ServerVolume[] {
  return deliveries.map(({ written }) => ({
    place: "mail",
    role: "mixed",
    path: written.startsWith("~") ? homes : written,
    written,
  }));
}

async function protectedBy(
  look: HostLook,
  { queue, configuration }: { readonly queue: string; readonly configuration: string },
): Promise<readonly ProtectedItem[]> {
  const items: readonly Omit<ProtectedItem, "isThere" | "written">[] = [
    {
      kind: "configuration",
      path: configuration,
      why: "Without it nobody knows whose mail was taken and where it was filed.",
    },
    {
      kind: "users",
      path: "/etc/aliases",
      why: "Which address is whose is listed there.",
    },
    {
      kind: "queue",
      path: queue,
      why: "Mail that was taken and not filed yet is there and nowhere else.",
    },
  ];
  return await Promise.all(
    items.map(async (item) => ({
      ...item,
      written: item.path,
      isThere: await look.isThere(item.path),
    })),
  );
}

const mboxPutBack: readonly PutBackWay[] = [
  {
    name: "append to the mbox through the delivery agent",
    server: "runs",
    keeps: [],
    steps: [
      "formail -s sendmail -oi USER < MBOX, or IMAP APPEND where an IMAP server reads the spool",
    ],
    cautions: ["Delivered mail is new mail: it is not read, and gets the date of its delivery."],
    isTried: false,
  },
  {
    name: "the mbox file as a whole",
    server: "is stopped",
    keeps: ["flags", "keywords", "INTERNALDATE", "UID", "UIDVALIDITY"],
    steps: [
      "stop delivery and the IMAP server",
      "put the file back with owner, group and mode, then start both",
    ],
    cautions: ["Mail that arrived since the moment is in the file that is replaced: keep it."],
    isTried: false,
  },
];
