import assert from "node:assert/strict";
import { test } from "node:test";
import { Budget } from "./budget.ts";

test("who comes first gets it first, and nobody overtakes who waits", async () => {
  const budget = new Budget(10);
  const order: string[] = [];
  const take = async (name: string, amount: number): Promise<Disposable> => {
    const taken = await budget.take(amount);
    order.push(name);
    return taken;
  };
  const first = await take("first", 6);
  const large = take("large", 8);
  const small = take("small", 1);
  await new Promise(setImmediate);
  assert.deepEqual(order, ["first"]);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  await Promise.all([large, small]);
  assert.deepEqual(order, ["first", "large", "small"]);
});

test("what is larger than everything goes alone", async () => {
  const budget = new Budget(10);
  const all = await budget.take(1000);
  let isTaken = false;
  const next = budget.take(1).then((taken) => {
    isTaken = true;
    return taken;
  });
  await new Promise(setImmediate);
  assert.equal(isTaken, false);
  all[Symbol.dispose]();
  (await next)[Symbol.dispose]();
});

test("who gives up waiting lets the others by", async () => {
  const budget = new Budget(2);
  const held = await budget.take(1);
  const controller = new AbortController();
  const large = budget.take(2, controller.signal);
  const small = budget.take(1);
  controller.abort(new Error("enough"));
  await assert.rejects(large, /enough/);
  (await small)[Symbol.dispose]();
  held[Symbol.dispose]();
  await assert.rejects(budget.take(1, controller.signal), /enough/);
});
