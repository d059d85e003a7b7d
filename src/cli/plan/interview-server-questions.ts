import { quoted } from "#errors";
import {
  type Equipment,
  equipmentNames,
  formatSpan,
  mailServers,
  type MailServerId,
} from "#planner";
import { isServerName, tidyPath } from "#policy";
import { countText } from "../text.ts";
import {
  hasStoreFolder,
  type InterviewAnswers,
  sizeText,
  usablePath,
} from "./interview-answers.ts";
import type { Question, Reading } from "./interview-question.ts";
import {
  type Choice,
  readChoiceAnswer,
  readChoicesAnswer,
  readCountAnswer,
  readSizeAnswer,
  readSpanAnswer,
} from "./interview-readings.ts";

/** What is asked of the mail server and of its site. */
export const serverQuestions: readonly Question[] = [
  {
    key: "name",
    label: "mail server",
    asked: "What is the mail server called?",
    explained:
      "Plans and runbooks name it so; the configuration that is made from the plan, too. Recovery is planned for each application by itself (paper §1.2).",
    found: ({ name }) => name,
    shown: ({ name }) => name,
    read: (typed) =>
      isServerName(typed)
        ? { stated: { name: typed } }
        : {
            wrong: `${quoted(typed)} cannot be a server's name: letters, digits, dots, underscores and hyphens, 63 at most. Write it like mx1.`,
          },
  },
  {
    key: "kind",
    label: "kind of server",
    asked: "Which mail server is it?",
    explained:
      "Not every way to get a stable copy works with every server: Exchange and Domino have databases, logs and a backup API; where each message is a file, the file is the object (paper §1.1.2 and §2.1). docs/methods/applicability.md has the whole table.",
    choices: (answers) => [
      ...kindChoices(answers).map(({ id, name }, index) => `${index + 1}  ${name} (${id})`),
      `or ${otherKinds(answers).join(", ")}`,
    ],
    found: ({ kind }) => kind,
    shown: ({ kind }) => kind,
    read: readKind,
  },
  {
    key: "path",
    label: "folder of the store",
    asked: "In which folder is its mail store?",
    explained:
      "The folder above all mailboxes, like /srv/mail. It is what a source of data reads (paper §2.1); nothing is written there. A folder of another machine may be named: then the next questions cannot be answered by looking.",
    found: ({ path }) => path,
    isAsked: ({ kind }) => hasStoreFolder(kind),
    shown: ({ path }) => path,
    read: (typed) => {
      const path = usablePath(typed);
      if (path !== undefined) return { stated: { path: tidyPath(path) } };
      return {
        wrong: `${quoted(typed)} is not a folder's path from the root on. Write it like /srv/mail.`,
      };
    },
  },
  {
    key: "mail",
    label: "mail in it",
    asked: "How much mail is in it?",
    explained:
      "All that must be copied and, on the worst day, brought back: sizes decide recovery times, as in the paper's example of 60 GB (§4.1, note 8). GB is a thousand million bytes, GiB 2^30.",
    found: ({ mailBytes }) => mailBytes,
    otherwise: "not found: this is the paper's example",
    shown: ({ mailBytes }) => sizeText(mailBytes),
    read: (typed) => {
      const read = readSizeAnswer(typed, { leastBytes: 1, example: "60 GB" });
      return "wrong" in read ? read : { stated: { mailBytes: read.value } };
    },
  },
  {
    key: "new",
    label: "new in a day",
    asked: "How much is new or rewritten in a day?",
    explained:
      "What arrives and what changes: copies that are made more often than daily must move this much, and it is what may be lost between two of them. The paper counts 2 GB of logs a day (§4.1, note 8).",
    found: ({ newPerDayBytes }) => newPerDayBytes,
    otherwise: "not found: as much of the mail as in the paper's example",
    shown: ({ newPerDayBytes }) => sizeText(newPerDayBytes),
    read: (typed) => {
      const daily = typed.replace(/\s*(?:\b(?:a|per|each|every)\s+day|\/\s*day)$/i, "");
      const read = readSizeAnswer(daily, { leastBytes: 0, example: "300 MB" });
      return "wrong" in read ? read : { stated: { newPerDayBytes: read.value } };
    },
  },
  {
    key: "mailboxes",
    label: "mailboxes",
    asked: "How many mailboxes has it?",
    explained:
      "Most losses are of one message, folder or mailbox and not of the whole server (paper §1.4.3): how large one mailbox is decides how soon it is back.",
    found: ({ mailboxes }) => mailboxes,
    otherwise: "not found: 100 MiB each, as is assumed for the paper's example",
    shown: ({ mailboxes }) => countText(mailboxes),
    read: (typed) => {
      const read = readCountAnswer(typed, { most: 1_000_000_000, example: "40" });
      return "wrong" in read ? read : { stated: { mailboxes: read.value } };
    },
  },
  {
    key: "stop",
    label: "may be stopped",
    asked: "For how long may it be stopped at night?",
    explained:
      '"Can the email server be taken offline in order to create backup copies? If so, then the “Offline” method below is certainly the most cost efficient" (paper §2.1). 2 hours, or never.',
    shown: ({ mayStopMs }) => (mayStopMs === 0 ? "never" : formatSpan(mayStopMs)),
    read: (typed) => {
      const nightly = typed.replace(/\s*(?:\b(?:a|per|each|every)\s+(?:day|night)|\/\s*day)$/i, "");
      const mostMs = 24 * 3_600_000;
      const read = readSpanAnswer(nightly, { mayBeNothing: true, mostMs, example: "2 hours" });
      return "wrong" in read ? read : { stated: { mayStopMs: read.value } };
    },
  },
];

const equipmentChoices: readonly Choice<Equipment>[] = equipmentNames.map((name) => ({
  id: name,
  name,
}));

/** Asked last of the site: what need not be bought. */
export const equipmentQuestion: Question = {
  key: "has",
  label: "what is there",
  asked: "What is there already? (several with commas, or none)",
  explained:
    "What the site has costs nothing more; what a combination needs besides is counted as a purchase (paper §4.1 and §4.2, cost). Disk for copies is disk on another device than the mail.",
  choices: () => equipmentChoices.map(({ name }, index) => `${index + 1}  ${name}`),
  found: ({ has }) => {
    if (has.length === 0) return undefined;
    return {
      value: has,
      basis: has.map(({ value, basis }) => `${value}: ${basis}`).join("; "),
      complete: has.every(({ complete }) => complete),
    };
  },
  otherwise: "nothing was found by looking",
  shown: ({ has }) => (has.length === 0 ? "none" : has.join(", ")),
  read: (typed) => {
    const read = readChoicesAnswer(typed, equipmentChoices);
    return "wrong" in read ? read : { stated: { has: read.value } };
  },
};

/** What most sites have, in the order of the list. */
const shortList: readonly MailServerId[] = [
  "dovecot-maildir",
  "dovecot-dbox",
  "courier",
  "cyrus",
  "maildir",
  "mbox",
  "exchange",
  "domino",
];
const allKinds = Object.keys(mailServers) as readonly MailServerId[];

/** What is numbered: the answer in brackets first. */
function kindChoices({ kind }: InterviewAnswers): readonly Choice<MailServerId>[] {
  return [kind, ...shortList.filter((id) => id !== kind)].map(choiceOf);
}

function otherKinds({ kind }: InterviewAnswers): readonly MailServerId[] {
  return allKinds.filter((id) => id !== kind && !shortList.includes(id));
}

function choiceOf(id: MailServerId): Choice<MailServerId> {
  return { id, name: mailServers[id].name };
}

function readKind(typed: string, answers: InterviewAnswers): Reading {
  const numbered = kindChoices(answers);
  // Only what has a number on the screen can be chosen by one.
  const choices = /^\d+$/.test(typed) ? numbered : allKinds.map(choiceOf);
  const read = readChoiceAnswer(typed, choices);
  return "wrong" in read ? read : { stated: { kind: read.value } };
}
