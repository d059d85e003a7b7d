/**
 * A delivery stage before a real Dovecot, killed with SIGKILL at random for as long as one likes, under
 * the load of MTAs that come again. Then every answer is held against journal and store. Ends with one
 * line of JSON.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createRandom } from "../src/cli/demo/index.ts";
import { LmtpDovecot } from "../test/support/lmtp-dovecot.ts";
import { killStageOverAndOver } from "../test/support/lmtp-kill.ts";
import { realMail } from "../test/support/real-mail.ts";

const usage = `npm run bench:soak:lmtp -- [options]

  --rounds N     kills (default 1000)
  --clients N    deliveries at the same time (default 6)
  --seed S       of all choices (default: the clock; it is printed)
  --work DIR     where the folder is made (default: the temporary folder); kept on failure
  --help

The same seed makes the same choices; where a kill meets a delivery is the machine's own doing.
`;

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: { rounds: text, clients: text, seed: text, work: text, help: { type: "boolean" } },
});
if (values.help === true) process.stdout.write(usage);
else {
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const folder = mkdtempSync(join(values.work ?? tmpdir(), "restante-soak-lmtp-"));
  chmodSync(folder, 0o755);
  process.stderr.write(`seed ${seed}, in ${folder}\n`);
  const begin = performance.now();
  const random = createRandom(seed);
  await using dovecot = await LmtpDovecot.start(folder);
  const report = await killStageOverAndOver({
    request: {
      listen: join(folder, "stage"),
      server: join(folder, "run", "lmtp"),
      journal: join(folder, "journal"),
    },
    store: dovecot.store,
    rounds: Number(values.rounds ?? 1000),
    random: () => random.fraction(),
    mail: realMail(300).filter(({ length }) => length < 100_000),
    clients: Number(values.clients ?? 6),
  });
  const seconds = Math.round((performance.now() - begin) / 1000);
  process.stdout.write(`${JSON.stringify({ seed, seconds, ...report })}\n`);
  rmSync(folder, { recursive: true, force: true });
}
