/** A process of its own that records measurements: node measurement-writer.fixture.ts FOLDER ID COUNT LARGEST */
import type { Measurement } from "#planner";
import { addMeasurements } from "./measurements.ts";

const [folder = "", id = "", count = "0", largest = "0"] = process.argv.slice(2);
for (let number = 0; number < Number(count); number++) {
  const measurement: Measurement = {
    parameter: "capture_rate",
    low: number,
    high: number,
    kind: "bench",
    at: "2026-11-25T00:00:00Z",
    id,
    about: `number ${number} of writer ${id}`,
  };
  await addMeasurements(folder, [measurement], { largestBytes: Number(largest) });
}
