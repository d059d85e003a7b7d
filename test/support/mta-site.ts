/** An MTA, the delivery stage and a mail server in one row, with the lines of the stage's page. */
import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Journal, memoryJournal, type MemoryJournal } from "#journal";
import {
  type DeliveryStage,
  type DeliveryStageOptions,
  parseEndpoint,
  startDeliveryStage,
  systemStageClock,
} from "#lmtp";
import { Exim, eximGroup, withoutExim } from "./exim.ts";
import { documentedLines } from "./mta.ts";
import { Postfix, postfixGroup, preparePostfixQueue, withoutPostfix } from "./postfix.ts";

/** An MTA, and how it reaches the stage. */
export type Way = {
  readonly name: string;
  /** Why it cannot be tried; false where it can. */
  readonly skip: string | false;
  /** Where the stage is to listen. */
  readonly listen: (folder: string) => string;
  /** `address`: where it listens. */
  readonly start: (
    folder: string,
    address: string,
    further?: readonly string[],
  ) => Promise<Postfix | Exim>;
};

const anyPort = (): string => "127.0.0.1:0";

export const postfixOverTcp: Way = {
  name: "Postfix over TCP",
  skip: withoutPostfix,
  listen: anyPort,
  start: async (folder, address, further = []) =>
    await Postfix.start(folder, {
      lines: documentedLines("Postfix in front", "virtual_transport = lmtp:inet:").replace(
        "127.0.0.1:2424",
        address,
      ),
      further,
    }),
};

/** Users of the machine instead of virtual mailboxes. */
export const postfixForLocalUsers: Way = {
  ...postfixOverTcp,
  name: "Postfix with local users",
  start: async (folder, address, further = []) =>
    await Postfix.start(folder, {
      lines: documentedLines("Postfix in front", "virtual_transport = lmtp:inet:")
        .replace("virtual_transport", "mailbox_transport")
        .replace("127.0.0.1:2424", address),
      further: [
        "virtual_mailbox_domains =",
        "mydestination = example.test",
        "local_recipient_maps =",
        ...further,
      ],
    }),
};

export const postfixOverSocket: Way = {
  name: "Postfix over a Unix socket, in its chroot",
  skip: withoutPostfix,
  listen: (folder) => {
    const place = join(preparePostfixQueue(folder), "restante");
    ownFolder(place, postfixGroup);
    return join(place, "lmtp");
  },
  start: async (folder, _address, further = []) =>
    await Postfix.start(folder, {
      lines: documentedLines("Postfix in front", "virtual_transport = lmtp:unix:"),
      further,
    }),
};

export const eximOverTcp: Way = {
  name: "Exim over TCP",
  skip: withoutExim,
  listen: anyPort,
  start: async (folder, address, further = []) =>
    await Exim.start(folder, {
      lines: documentedLines("Exim in front", "restante:\n  driver = smtp").replace(
        "port = 2424",
        `port = ${address.split(":").at(-1)}`,
      ),
      further,
    }),
};

export const eximOverSocket: Way = {
  name: "Exim over a Unix socket",
  skip: withoutExim,
  listen: (folder) => {
    const place = join(folder, "stage");
    ownFolder(place, eximGroup);
    return join(place, "lmtp");
  },
  start: async (folder, address, further = []) =>
    await Exim.start(folder, {
      lines: documentedLines("Exim in front", "restante:\n  driver = lmtp").replace(
        "/run/restante/lmtp",
        address.replace("unix:", ""),
      ),
      further,
    }),
};

/** A folder that only its owner writes to, in which sockets get the group. */
function ownFolder(path: string, group: number): void {
  mkdirSync(path, { recursive: true });
  chownSync(path, process.getuid?.() ?? 0, group);
  chmodSync(path, 0o2750);
}

export type MtaSiteOptions = {
  readonly server: string;
  readonly stage?: Partial<DeliveryStageOptions>;
  /** Further lines of the MTA's configuration; of Exim's, those of its transport when they begin with a blank. */
  readonly further?: readonly string[];
};

export class MtaSite implements AsyncDisposable {
  readonly mta: Postfix | Exim;
  /** The next one, if the stage asks for one. */
  journal: MemoryJournal;
  readonly #stage: DeliveryStage;

  private constructor(mta: Postfix | Exim, stage: DeliveryStage, journal: MemoryJournal) {
    this.mta = mta;
    this.#stage = stage;
    this.journal = journal;
  }

  static async start(way: Way, folder: string, options: MtaSiteOptions): Promise<MtaSite> {
    mkdirSync(folder, { recursive: true });
    let site: MtaSite | undefined;
    const journal = memoryJournal();
    const stage = await startDeliveryStage({
      listen: [parseEndpoint(way.listen(folder))],
      server: parseEndpoint(options.server),
      name: "stage.example.org",
      openJournal: async (): Promise<Journal> => site?.journal ?? journal,
      clock: systemStageClock(() => 0n),
      limits: { journalRetryMs: 0 },
      ...options.stage,
    });
    try {
      const mta = await way.start(folder, stage.addresses[0] ?? "", options.further);
      return (site = new MtaSite(mta, stage, journal));
    } catch (error) {
      await stage.stop();
      throw error;
    }
  }

  /** `arrived a,b 250`, `outcome a 250`, … without what stands only for bytes. */
  said(): readonly string[] {
    return this.journal.records.flatMap(({ event }) =>
      event.type === "arrived"
        ? [`arrived ${event.recipients.toSorted().join(" ")}`]
        : event.type === "outcome"
          ? [`outcome ${event.recipient} ${event.reply.code}`]
          : [],
    );
  }

  get status(): DeliveryStage["status"] {
    return this.#stage.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mta[Symbol.asyncDispose]();
    await this.#stage.stop();
  }
}
