// Runs before each file: properties draw their cases from the run's seed (`test/seed.ts`).

import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env["QUITTANCE_SEED"]) | 0 });
