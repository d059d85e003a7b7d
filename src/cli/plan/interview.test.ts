/** The whole interview, as a person at a terminal sees it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Equipment, type MailServerId, parseRequirements, type Requirements } from "#planner";
import { exitCodeOf, exitCodes, isInterruption } from "../exit-codes.ts";
import { interview } from "./interview.ts";
import { bareFacts, testSitting, type TestSittingOptions } from "./interview.fixture.ts";
import { fact } from "./site-fact.ts";
import type { SiteFacts } from "./site-facts.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

const foundFacts: SiteFacts = {
  ...bareFacts,
  path: fact("/srv/mail", "found in /srv/mail"),
  kind: fact<MailServerId>("dovecot-maildir", "/srv/mail looks like Dovecot with Maildir"),
  mailBytes: fact(12_345_678_901, "found in /srv/mail: 40 mailboxes, 12.3 GB"),
  newPerDayBytes: fact(300_123_456, "of the last 30 days"),
  mailboxes: fact(40, "found in /srv/mail: 40 mailboxes, 12.3 GB"),
  has: [fact<Equipment>("snapshots", "the store lies on btrfs")],
};

/** The requirements that a file has, without any problem but that nobody said what an hour without mail costs. */
function read(text: string): Requirements {
  const { requirements, problems } = parseRequirements(text, { fileName: "answers" });
  assert.deepEqual(
    problems.filter(({ code }) => code !== "planner.no-value"),
    [],
    text,
  );
  assert.ok(requirements !== undefined);
  return requirements;
}

/** Answers by a word of the question; every other one gets Enter. */
async function sit(
  byWord: Readonly<Record<string, string | readonly string[]>>,
  { facts = bareFacts, ...options }: TestSittingOptions & { readonly facts?: SiteFacts } = {},
): Promise<{ readonly text: string; readonly messages: string }> {
  const sitting = testSitting({ ...options, answers: [], enters: 1 });
  const left = new Map(
    Object.entries(byWord).map(([word, answers]) => [
      word,
      typeof answers === "string" ? [answers] : [...answers],
    ]),
  );
  const { terminal } = sitting.context.surroundings;
  const context = {
    ...sitting.context,
    surroundings: {
      ...sitting.context.surroundings,
      terminal: {
        ...terminal,
        ask: async (question: string) => {
          terminal.say(question);
          const [word] = [...left.keys()].filter((one) => question.includes(one));
          return (word === undefined ? undefined : left.get(word)?.shift()) ?? "";
        },
      },
    },
  };
  const text = await interview(context, facts, { lookAgain: async () => facts });
  assert.deepEqual([...left.values()].flat(), [], "every answer was asked for");
  return { text, messages: sitting.messages() };
}

test("Enter at every question gives requirements without problems, from what is usual", async () => {
  const { text } = await sit({});
  const { server, linesOfBusiness, parameters, currency, timeZone, has } = read(text);
  assert.deepEqual(
    [server.name, server.kind, server.path, server.mayStopHours],
    ["mx1", "maildir", "/var/mail", 0],
  );
  assert.deepEqual([currency, timeZone, has], ["EUR", "Europe/Berlin", []]);
  // The paper's example: 60 GB, 2 GB a day.
  assert.equal(parameters.mail.low, 60 * 1024 ** 3);
  assert.equal(parameters.logs_per_day.low, 2 * 1024 ** 3);
  const [everyone] = linesOfBusiness;
  assert.deepEqual(everyone?.mailboxes, ["*"]);
  assert.ok(everyone?.disaster !== undefined, "the site's loss is never accepted by default");
  assert.equal(everyone?.downtimePerHour, 0);
  assert.equal(everyone?.budgetPerYear, undefined);
});

test("Enter at every question takes what was found, and the table says so", async () => {
  const { text, messages } = await sit({}, { facts: foundFacts });
  const { server, parameters, has } = read(text);
  assert.deepEqual(
    [server.kind, server.path, has],
    ["dovecot-maildir", "/srv/mail", ["snapshots"]],
  );
  // What stands in the brackets, and not a byte more.
  assert.equal(parameters.mail.low, 12_300_000_000);
  assert.equal(parameters.logs_per_day.low, 300_000_000);
  assert.equal(parameters.mailboxes.low, 40);
  assert.match(messages, /How much mail is in it\? \[12\.3 GB\]/);
  assert.match(messages, /\(found in \/srv\/mail: 40 mailboxes, 12\.3 GB\)/);
  assert.match(messages, /mail in it +12\.3 GB +found/);
});

test("every answer arrives in the file as it was meant", async () => {
  const { text, messages } = await sit(
    {
      "server called": "mx7",
      "Which mail server": "cyrus",
      "which folder": "/data/mail/",
      "How much mail is": "1.5 TB",
      "new or rewritten": "2 GB a day",
      "How many mailboxes": "1,200",
      "stopped at night": "2 hours a night",
      "may be lost, in time": "nothing",
      "until mail is back": "1h30m",
      "able to go? ": "1 year 6 months",
      "whole site is lost": "4 hours",
      "take then": "1 day",
      "what is elsewhere": "2 years",
      "in an hour": "12,000 CHF",
      "stands still": "28.7 %",
      "cost in a year": "500 per month",
      "there already": "disk, 5, object storage",
    },
    { facts: bareFacts },
  );
  const { server, parameters, has, currency, linesOfBusiness } = read(text);
  assert.deepEqual(
    [server.name, server.kind, server.path, server.mayStopHours],
    ["mx7", "cyrus", "/data/mail", 2],
  );
  assert.deepEqual(
    [parameters.mail.low, parameters.logs_per_day.low, parameters.mailboxes.low],
    [1.5e12, 2e9, 1200],
  );
  assert.deepEqual(has, ["disk for copies", "second site", "object storage"]);
  assert.equal(currency, "CHF");
  const [everyone] = linesOfBusiness;
  assert.deepEqual(everyone?.operational, {
    loseAtMostMs: 0,
    backWithinMs: 1.5 * hourMs,
    reachBackMs: (365 + 180) * dayMs,
  });
  assert.deepEqual(everyone?.disaster, {
    loseAtMostMs: 4 * hourMs,
    backWithinMs: dayMs,
    reachBackMs: 730 * dayMs,
  });
  assert.ok(Math.abs((everyone?.downtimePerHour ?? 0) - 3444) < 1e-6);
  assert.equal(everyone?.budgetPerYear, 6000);
  assert.match(messages, /Amounts are in CHF/);
});

test("whoever accepts the loss of the site is not asked what follows from it", async () => {
  const { text, messages } = await sit({ "whole site is lost": "accepted" });
  assert.equal(read(text).linesOfBusiness[0]?.disaster, undefined);
  assert.doesNotMatch(messages, /take then|elsewhere/);
});

test("a wrong answer is explained with an example and asked again", async () => {
  for (const [word, wrong, explained] of [
    ["server called", "mail server", /cannot be a server's name.*like mx1/s],
    ["Which mail server", "dovecto-maildir", /Did you mean dovecot-maildir\?/],
    ["Which mail server", "exchange-2", /exchange-2000 or exchange-2003/],
    ["Which mail server", "77", /none of the list/],
    ["which folder", "mail", /from the root on.*\/srv\/mail/s],
    ["which folder", "/", /from the root on/],
    ["How much mail is", "40", /lacks a unit.*60 GB/s],
    ["How much mail is", "0", /too little/],
    ["How many mailboxes", "some", /like 40/],
    ["stopped at night", "25 hours", /too long/],
    ["may be lost, in time", "15", /lacks a unit.*15 minutes/s],
    ["may be lost, in time", "2 huors", /Did you mean 2 hours\?/],
    ["until mail is back", "0", /no time at all/],
    ["able to go? [", "1 hour", /asks for nothing/],
    ["whole site is lost", "perhaps", /Or\s+write:\s+accepted/],
    ["in an hour", "a lot", /EUR per\s+hour/],
    ["in an hour", "100 EUR per day", /is not an amount per\s+hour/],
    ["cost in a year", "€5000 per week", /EUR per\s+year/],
    ["there already", "tape robot", /none of the list/],
    ["there already", "second", /second site or second\s+array/],
    ["Add another", "perhaps", /yes or no/],
    ["Go on", "99", /a number from 1 to/],
  ] as const) {
    const { text, messages } = await sit({ [word]: wrong });
    assert.match(messages.replace(/\n +/g, " "), explained, `${word}: ${wrong}`);
    read(text);
  }
});

test("the fifth answer that is not understood ends the interview, with what to do instead", async () => {
  const { context, questions } = testSitting({ answers: Array.from({ length: 5 }, () => "a b") });
  await assert.rejects(interview(context, bareFacts), (error: Error & { hint?: string }) => {
    assert.equal(exitCodeOf(error), exitCodes.usage);
    assert.match(error.hint ?? "", /requirements\.example\.yaml/);
    return true;
  });
  assert.equal(questions.length, 5);
});

test('"?" explains a question with its section of the paper, and is no wrong answer', async () => {
  const asked = Array.from({ length: 9 }, () => "?");
  const { messages } = await sit({ "may be lost, in time": asked });
  assert.match(messages.replace(/\s+/g, " "), /paper §1\.4\.1/);
});

test("every question is explained with a section of the paper", async () => {
  const sitting = testSitting({ enters: 60 });
  const { terminal } = sitting.context.surroundings;
  const unexplained: string[] = [];
  let before = "";
  const ask = async (question: string): Promise<string> => {
    if (question === before || !/^ ?\d+\. /.test(question)) return "";
    before = question;
    return "?";
  };
  let said = "";
  const context = {
    ...sitting.context,
    surroundings: {
      ...sitting.context.surroundings,
      terminal: {
        ...terminal,
        ask: async (question: string) => {
          if (question === before && !/§\d/.test(said)) unexplained.push(question);
          said = "";
          return await ask(question);
        },
        say: (text: string) => void (said += text),
      },
    },
  };
  await interview(context, foundFacts);
  assert.deepEqual(unexplained, []);
  assert.notEqual(before, "");
});

test("ctrl-c at any question ends the interview with an interruption", async () => {
  const all = testSitting({ enters: 60 });
  await interview(all.context, bareFacts);
  for (let number = 0; number < all.questions.length; number++) {
    const { context } = testSitting({ answers: Array.from({ length: number }, () => "") });
    await assert.rejects(interview(context, bareFacts), isInterruption);
  }
});

test("no at the end writes nothing and ends as an interruption does", async () => {
  await assert.rejects(sit({ "Go on": "no" }), isInterruption);
});

test("the number of an answer asks it again, and what follows from it changes, too", async () => {
  const { text } = await sit({
    "Go on": ["4", "11"],
    "How much mail is": ["", "3 GB"],
    "whole site is lost": ["", "accepted"],
  });
  const { parameters, linesOfBusiness } = read(text);
  assert.deepEqual([parameters.mail.low, parameters.logs_per_day.low], [3e9, 1e8]);
  assert.equal(linesOfBusiness[0]?.disaster, undefined);
});

test("another line of business stands before everyone, with its share, needs and budget", async () => {
  const { text } = await sit({
    " 9. How long may it take": "3 hours",
    "Add another": ["yes", "no"],
    "What is it called": ["everyone", "sales & co"],
    "mailboxes are theirs": ["*", "*@sales.example.org, ada@example.org"],
    "theirs? (or skip)": ["100%", "40%"],
    "sales & co: How much mail may be lost": "5 minutes",
    "sales & co: And when the whole site": "accepted",
    "sales & co: What do the people": "12000",
    "sales & co: What may protection": "5000",
  });
  const [sales, everyone] = read(text).linesOfBusiness;
  assert.deepEqual(
    [sales?.name, sales?.mailboxes, sales?.mailShare, sales?.budgetPerYear],
    ["sales & co", ["*@sales.example.org", "ada@example.org"], 0.4, 5000],
  );
  assert.equal(sales?.operational.loseAtMostMs, 5 * 60_000);
  assert.equal(sales?.operational.backWithinMs, 3 * hourMs, "as everyone's until said otherwise");
  assert.equal(sales?.disaster, undefined);
  assert.equal(sales?.downtimePerHour, 3600);
  assert.deepEqual([everyone?.name, everyone?.mailShare], ["everyone", 0.6]);
  assert.ok(everyone?.disaster !== undefined);
});

test("a second currency is refused once an amount was said", async () => {
  const { text, messages } = await sit({
    "in an hour": "100 USD",
    "cost in a year": ["7 EUR per year", "9 USD"],
  });
  assert.match(messages, /the other amounts are in\s+USD/);
  const { currency, linesOfBusiness } = read(text);
  assert.deepEqual([currency, linesOfBusiness[0]?.budgetPerYear], ["USD", 9]);
});

test("a folder that was named is looked at, and what is found there holds from then on", async () => {
  const sitting = testSitting({ answers: ["", "", "/data/mail"], enters: 60 });
  const looked: string[] = [];
  const text = await interview(sitting.context, bareFacts, {
    lookAgain: async (folder) => {
      looked.push(folder);
      return { ...foundFacts, path: fact(folder, "as it was named") };
    },
  });
  assert.deepEqual(looked, ["/data/mail"]);
  const { server, parameters } = read(text);
  assert.deepEqual([server.kind, server.path], ["dovecot-maildir", "/data/mail"]);
  assert.equal(parameters.mail.low, 12_300_000_000);
});

test("servers without a folder of mail are not asked for one", async () => {
  const { text, messages } = await sit({ "Which mail server": "exchange" });
  assert.doesNotMatch(messages, /which folder/);
  assert.equal(read(text).server.kind, "exchange");
});

test("copies never lie in the store or around it", async () => {
  for (const folder of ["/srv", "/srv/recovery", "/srv/recovery/mail", "/var", "/mnt"]) {
    const { text } = await sit({ "which folder": folder });
    const { server, copyPath } = read(text);
    assert.equal(server.path, folder);
    assert.ok(!`${copyPath}/`.startsWith(`${folder}/`) && !`${folder}/`.startsWith(`${copyPath}/`));
  }
});

test("warnings of the planner are shown before a person goes on", async () => {
  const { messages } = await sit({
    "may be lost, in time": ["2 days", "1 hour"],
    "Go on": ["8"],
  });
  assert.match(
    messages.replace(/\s+/g, " "),
    /! an everyday loss may .{1,40} than the loss of the site/,
  );
});

test("without a person, or with --json, the error names the file to give", async () => {
  for (const { context } of [testSitting(), testSitting({ enters: 9, json: true })]) {
    await assert.rejects(interview(context, bareFacts), (error: Error & { hint?: string }) => {
      assert.equal(exitCodeOf(error), exitCodes.usage);
      assert.match(error.hint ?? "", /restante plan requirements\.yaml/);
      assert.match(error.hint ?? "", /requirements\.example\.yaml/);
      return true;
    });
  }
});

test("what was found and what is typed cannot move the cursor, and lines fit the terminal", async () => {
  const hostile = "\u001b[2J\u202e\u009b";
  const facts: SiteFacts = {
    ...foundFacts,
    name: fact(`mx${hostile}`, "x"),
    path: fact(`/srv/${hostile}`, "x"),
    timeZone: fact("UTC", "x"),
  };
  const sitting = testSitting({
    answers: [hostile, "", hostile, "", "/srv/mail"],
    enters: 60,
    columns: 50,
  });
  const text = await interview(sitting.context, facts, { lookAgain: async () => facts });
  read(text);
  // Beside line ends and what the person typed, nothing controls the terminal.
  const shown = sitting.messages().replaceAll(`${hostile}\n`, "\n");
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(shown, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  const own = shown.split("\n").filter((line) => !/^ ?\d+[. ] |\?|\[/.test(line));
  assert.deepEqual(
    own.filter((line) => line.length > 50 && line.includes(" ")),
    [],
  );
  assert.equal(sitting.output(), "", "stdout is for the plan");
});

test("whatever is typed, the interview ends with a good file or an error for people", async () => {
  const word = fc.oneof(
    fc.constantFrom(
      ..."|?|no|yes|skip|none|accepted|0|1|2|3|7|40|-1|1e9|15 minutes|1 year|2 days|1000 years|9999 years|5 GB|1 B|0.1 ms|30%|100%|0%|12000 EUR|9 USD per month|/srv|/srv/../x|sales|*@a.b|tape, disk|cdp".split(
        "|",
      ),
    ),
    fc.string({ unit: "binary", maxLength: 30 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 60 }), async (answers) => {
      const { context } = testSitting({ answers, enters: 400 });
      const facts = { ...foundFacts };
      let text: string;
      try {
        text = await interview(context, facts, { lookAgain: async () => facts });
      } catch (error) {
        assert.ok([exitCodes.usage, exitCodes.interrupted].includes(exitCodeOf(error) as 2));
        return;
      }
      const { requirements } = parseRequirements(text, { fileName: "answers" });
      assert.ok(requirements !== undefined, text);
    }),
    { numRuns: 150 },
  );
});
