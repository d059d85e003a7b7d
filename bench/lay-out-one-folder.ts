import { createRandom, openSampleMail } from "../src/cli/demo/index.ts";
import { MaildirServer, spreadArrivals } from "./maildir-server.ts";
import { keptStore, type LayOutStoreOptions, type Store } from "./store.ts";

const MESSAGES = 100_000;
/** A message's own text beside what makes it unique: the folder's size is measured, not its bytes. */
const LONGEST_BYTES = 1200;

/** One mailbox whose INBOX holds 100,000 short messages, with Dovecot's UID list. */
export function layOutOneFolder(options: LayOutStoreOptions): Store {
  return keptStore("one-folder", options, (root) => {
    const random = createRandom(5);
    const mail = openSampleMail({ seed: 1 });
    const folders = [{ name: "", share: 1 }];
    const server = new MaildirServer({ root, random, mailboxes: 1, folders });
    const count = Math.round(MESSAGES * options.scale);
    for (const [index, timeMs] of spreadArrivals(random, { count, days: 730 }).entries()) {
      const message = mail.read(index % mail.count);
      const own = Buffer.from(`X-Number: ${index}\n`);
      server.deliver({
        sender: mail.sender(message),
        message: Buffer.concat([own, message.subarray(0, LONGEST_BYTES)]),
        timeMs,
        recipients: [0],
      });
    }
    server.commit();
    return { folders: server.folders, about: `${count} short messages in one folder` };
  });
}
