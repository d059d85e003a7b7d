import { offsiteContract } from "../offsite.contract.ts";
import { memoryTapes, nsAt, shippedOffsite } from "./quick-courier.fixture.ts";
import { moveTo, tapeVaultContract } from "./tape-vault.contract.ts";

tapeVaultContract("memoryTapeVault()", async () => memoryTapes());

offsiteContract("shipTapes() with tapes in memory", async () => {
  const made = memoryTapes();
  return shippedOffsite(made, {
    now: () => nsAt(100),
    recoverAt: async () => {
      const { tapes } = await made.vault.report({ nowNs: nsAt(100) });
      for (const { barcode } of tapes)
        await moveTo(made, { barcode, states: ["recalled", "onsite"], atNs: nsAt(100) });
      return made.vault;
    },
  });
});
