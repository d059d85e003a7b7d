import type { CommandSpec } from "./command.ts";
import { at, from, group, targetText, zone } from "./command-options.ts";

export const findMessagesCommand: CommandSpec = {
  name: "find",
  summary: "find messages of any moment by their words, people, dates and folders",
  usage: ["QUERY [TARGET] --copy REPO [--at T]"],
  about: [
    "Finds messages in all moments of a copy, the newest first, and says in which folders each was, from when to when, and whether it is there now. What each line begins with names the message for other verbs.",
    'QUERY is words and "phrases" (in subject, addresses, names of attachments and text; the end of a word may be *), and fields: from: to: cc: subject: filename: body: has:attachment before: after: in:FOLDER larger: smaller: keyword: is:missing is:present is:seen is:unseen is:flagged is:answered is:draft is:deleted. All must hold; a minus in front means that it must not.',
    "is:missing finds what was there once and is in no folder of its owner now. Where a folder is missing, cannot be read, or is empty after it was full, nobody knows whether its mail was deleted: it is found, too, and said to be unknown. What came and went between two copies is found where a journal saw it.",
    "With --at, exactly that moment answers where a journal covers it, else the copy's moment before; without, also how it is now by the journal. Which moment that is, how exact, and what is unknown is said.",
    "The catalog that this takes is filled first with the moments that it does not know (see `restante help catalog`).",
    targetText,
  ],
  options: [
    { ...at, about: `only what was there at that moment: ${at.about.replace("the moment: ", "")}` },
    {
      name: "sort",
      value: "ORDER",
      about: "newest (the default), or relevance, of the newest 20,000 that match",
      complete: ["newest", "relevance"],
    },
    { name: "limit", value: "N", about: "so many at most (default: 50)" },
    {
      name: "after-page",
      value: "CURSOR",
      about: "go on where a page ended, by its cursor (in JSON: next)",
    },
    { name: "no-fill", about: "use the catalog as it is, and no journal" },
    from,
    group,
    zone,
  ],
  examples: [
    {
      command: `restante find "from:bank has:attachment is:missing" support@example.org`,
      about: "what the bank sent and somebody deleted",
    },
    {
      command: `restante find 'subject:"annual report" after:2026-10-01' --copy /srv/recovery`,
      about: "in every mailbox of a copy",
    },
  ],
  positionals: { least: 1, most: 2 },
  load: () => import("./commands/find.ts"),
};
