import { copyContract } from "../../copies/copy.contract.ts";
import { replicaGround, replicaLosses } from "../replicas/replicas.fixture.ts";
import { clones, initClones } from "./clones.ts";

copyContract("rotation of clones", {
  make: () => replicaGround(clones, { init: initClones }),
  losses: replicaLosses,
});
