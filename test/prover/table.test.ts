import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildCircuit } from "../../prover/artifacts.ts";
import { CIRCUIT_NAMES } from "../../prover/profile.ts";
import {
  constraintTable,
  groth16Rows,
  MAX_DOMAIN_BITS,
  TableMarkersError,
  withTable,
} from "../../prover/table.ts";
import { CACHE, ROOT } from "../circuits/harness.ts";

describe("table of constraints", () => {
  it("in circuits/README.md is the one that the sources give (else: node prover/table.ts)", async () => {
    const document = await readFile(join(ROOT, "circuits/README.md"), "utf8");
    expect(withTable(document, await constraintTable(CACHE))).toBe(document);
  });

  it("keeps every circuit of the profiles for use within 2^17 rows", async () => {
    for (const profile of ["default", "tickets32"] as const) {
      for (const circuit of CIRCUIT_NAMES) {
        const built = await buildCircuit({ profile, circuit, cacheDir: CACHE });
        expect(groth16Rows(built), `${profile} ${circuit}`).toBeLessThanOrEqual(2 ** MAX_DOMAIN_BITS);
      }
    }
  });

  it("refuses a document without its markers", () => {
    expect(() => withTable("# no table here", "")).toThrow(TableMarkersError);
  });
});
