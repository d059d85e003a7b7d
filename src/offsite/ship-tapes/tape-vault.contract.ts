import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RecoveryPoint } from "#copies";
import { isRecoveryError } from "#errors";
import { type MemoryNodes, readAll, type RawPath } from "#image";
import type { TapeState, TapeStep, TapeVault, VaultTape } from "./tape-vault.ts";

export type MadeTapeVault = AsyncDisposable & {
  readonly vault: TapeVault;
  /** A moment on tapes of its own. */
  readonly addMoment: (
    nodes: MemoryNodes,
    options: { readonly second: number; readonly group?: string },
  ) => Promise<RecoveryPoint>;
  /** Nothing keeps it from now on. There is a newer moment of its group. */
  readonly expire: (point: RecoveryPoint) => Promise<void>;
  readonly remove: (point: RecoveryPoint) => Promise<void>;
  /** Takes a tape away without noting it. */
  readonly lose: (barcode: string) => Promise<void>;
  /** What the fake clock shows at a second of `addMoment`. */
  readonly nsAt: (second: number) => bigint;
  /** From a call until a tape of the vault is here. */
  readonly recallMs: number;
};

export const shippingSteps: readonly TapeStep["state"][] = ["ejected", "in-transit", "vault"];

/** What every TapeVault does. */
export function tapeVaultContract(name: string, make: () => Promise<MadeTapeVault>): void {
  const nodes: MemoryNodes = { "cur/1": "one" };

  async function scene(): Promise<MadeTapeVault & { point: RecoveryPoint; barcode: string }> {
    const made = await make();
    const point = await made.addMoment(nodes, { second: 1 });
    const [barcode] = (await tapesOf(made, point)).map((tape) => tape.barcode);
    assert.ok(barcode !== undefined);
    return { ...made, point, barcode };
  }

  describe(`${name} keeps the TapeVault contract`, () => {
    test("a tape that was written is onsite, and its moment opens", async () => {
      await using made = await scene();
      assert.deepEqual(await statesOf(made, made.point), ["onsite"]);
      await opens(made);
      const pull = await made.vault.copy.pullList(made.point, { nowNs: made.nsAt(2) });
      assert.equal(pull.atHandInMs, 0);
      assert.deepEqual((await made.vault.report({ nowNs: made.nsAt(2) })).problems, []);
    });

    test("each step is noted with its time, who and where, and the moment opens again when its tape is back", async () => {
      await using made = await scene();
      const { vault, point, barcode, nsAt } = made;
      const life = [...shippingSteps, "recalled", "in-transit", "onsite"] as const;
      for (const [index, state] of life.entries()) {
        const step = { state, atNs: nsAt(10 + index), who: "Ada", where: `place ${index}` };
        await vault.move({ ...step, barcode });
        const [tape] = await tapesOf(made, point);
        assert.deepEqual([tape?.state, tape?.step], [state, step]);
        if (state !== "onsite") await assert.rejects(vault.copy.open(point), isRecoveryError);
      }
      await opens(made);
    });

    test("the pull list says where a tape is, since when, and how long until it is here", async () => {
      await using made = await scene();
      const { vault, point, barcode, nsAt, recallMs } = made;
      await moveTo(made, { barcode, states: shippingSteps, atNs: nsAt(10) });
      const nowNs = nsAt(20);
      assert.deepEqual(await vault.copy.pullList(point, { nowNs }), {
        tapes: [
          { barcode, state: "vault", where: "shelf 7", sinceNs: nsAt(10), atHandInMs: recallMs },
        ],
        atHandInMs: recallMs,
      });
      await moveTo(made, { barcode, states: ["recalled"], atNs: nowNs });
      const later = await vault.copy.pullList(point, { nowNs: nsAt(80) });
      assert.equal(later.atHandInMs, recallMs - 60_000);
    });

    test("a step that cannot follow is refused, and nothing is noted", async () => {
      await using made = await scene();
      const { vault, point, barcode, nsAt } = made;
      for (const state of ["in-transit", "vault", "recalled"] as const) {
        const step = { barcode, state, atNs: nsAt(10), who: "Ada", where: "" };
        await assert.rejects(vault.move(step), isRecoveryError);
      }
      const [tape] = await tapesOf(made, point);
      assert.deepEqual([tape?.state, tape?.step], ["onsite", undefined]);
    });

    test("a tape in the vault is due back when everything on it has expired, not before", async () => {
      await using made = await scene();
      const { vault, barcode, nsAt } = made;
      await made.addMoment({ ...nodes, "cur/2": "two" }, { second: 2 });
      await moveTo(made, { barcode, states: shippingSteps, atNs: nsAt(10) });
      assert.deepEqual((await vault.report({ nowNs: nsAt(20) })).dueBack, []);
      await made.expire(made.point);
      const { dueBack, expired } = await vault.report({ nowNs: nsAt(20) });
      assert.deepEqual(
        dueBack.map((due) => [due.barcode, due.state, due.dueSinceNs]),
        [[barcode, "vault", nsAt(10)]],
      );
      assert.deepEqual([...expired], [made.point.id]);
    });

    test("a tape that was taken away without a note is missing, and nobody can say how far it is", async () => {
      await using made = await scene();
      const { vault, point, barcode, nsAt } = made;
      await made.lose(barcode);
      assert.deepEqual(await statesOf(made, point), ["missing"]);
      assert.match((await vault.report({ nowNs: nsAt(2) })).problems.join(), new RegExp(barcode));
      const pull = await vault.copy.pullList(point, { nowNs: nsAt(2) });
      assert.deepEqual(
        [pull.atHandInMs, pull.tapes.map(({ state }) => state)],
        [undefined, ["missing"]],
      );
      await assert.rejects(vault.copy.open(point), isRecoveryError);
    });

    test("it stops before it began where it was told to", async () => {
      await using made = await scene();
      const { vault, barcode, nsAt } = made;
      const signal = AbortSignal.abort();
      const step = { barcode, state: "ejected", atNs: nsAt(9), who: "Ada", where: "" } as const;
      await assert.rejects(vault.move({ ...step, signal }), { name: "AbortError" });
      await assert.rejects(vault.report({ nowNs: nsAt(9), signal }), { name: "AbortError" });
      assert.deepEqual(await statesOf(made, made.point), ["onsite"]);
    });
  });
}

type Scene = Pick<MadeTapeVault, "vault" | "nsAt">;

export async function moveTo(
  { vault }: Pick<Scene, "vault">,
  move: {
    readonly barcode: string;
    readonly states: readonly TapeStep["state"][];
    readonly atNs: bigint;
  },
): Promise<void> {
  const { barcode, states, atNs } = move;
  for (const state of states) {
    const where = state === "vault" ? "shelf 7" : "";
    await vault.move({ barcode, state, atNs, who: "Ada", where });
  }
}

export async function tapesOf(
  { vault, nsAt }: Scene,
  { id }: RecoveryPoint,
): Promise<readonly VaultTape[]> {
  const { tapes } = await vault.report({ nowNs: nsAt(2) });
  return tapes.filter(({ sets }) => sets.includes(id));
}

async function statesOf(scene: Scene, point: RecoveryPoint): Promise<readonly TapeState[]> {
  return (await tapesOf(scene, point)).map(({ state }) => state);
}

async function opens({ vault, point }: Scene & { readonly point: RecoveryPoint }): Promise<void> {
  await using image = await vault.copy.open(point);
  assert.equal(Buffer.from(await readAll(image, "cur/1" as RawPath)).toString(), "one");
}
