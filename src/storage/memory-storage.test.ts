import { memoryStorage } from "./memory-storage.ts";
import { storageContract } from "./storage.contract.ts";

storageContract("memory", async () => {
  const storage = memoryStorage();
  return { storage, [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose]() };
});
