import type { Catalog, FoundMessage } from "./catalog.ts";

/** Everything a catalog answers, comparable whatever its rows are like. */
export async function dumpOf(catalog: Catalog): Promise<string> {
  const answers: Record<string, unknown> = {
    moments: (await catalog.moments()).map(without("order")),
    accounts: (await catalog.accounts()).map(without("id")),
  };
  for (const state of ["missing", "present", "seen", "flagged"] as const) {
    const condition = { kind: "is", state, isNot: false } as const;
    const { messages } = await catalog.find({ conditions: [condition] }, { limit: 10_000 });
    answers[state] = messages.map(({ identity }) => identity);
  }
  const { messages } = await catalog.find({ conditions: [] }, { limit: 10_000 });
  answers["messages"] = messages.map(plain);
  answers["mailboxes"] = (await catalog.mailboxes()).map((mailbox) => ({
    ...mailbox,
    account: without("id")(mailbox.account),
    since: mailbox.since.id,
  }));
  answers["count"] = (await catalog.status()).messages;
  return JSON.stringify(
    answers,
    (key, value: unknown) =>
      typeof value === "bigint" ? String(value) : key === "order" ? undefined : value,
    1,
  );
}

function plain({ placements, ...message }: FoundMessage): object {
  return {
    ...message,
    placements: placements.map((placement) => ({
      ...placement,
      account: without("id")(placement.account),
    })),
  };
}

/** Numbers of rows say nothing. */
function without(left: string): (value: object) => object {
  return (value) => Object.fromEntries(Object.entries(value).filter(([key]) => key !== left));
}
