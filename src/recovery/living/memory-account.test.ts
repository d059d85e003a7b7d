import { livingAccountContract } from "./living-account.contract.ts";
import { MemoryAccount } from "./memory-account.fixture.ts";

livingAccountContract("an account in memory", {
  open: async () => new MemoryAccount(),
  separator: "/",
});

livingAccountContract("an account in memory that tells no UIDs and separates by dots", {
  open: async () => new MemoryAccount({ separator: ".", tellsUids: false }),
  separator: ".",
});
