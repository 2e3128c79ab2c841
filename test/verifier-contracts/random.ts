/** The benchmarks' seeded numbers, under the name that these tests know. */
export * from "../../benchmarks/seeded.ts";
