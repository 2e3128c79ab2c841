/** Keys whose secret is known: the benchmarks' own, under the name that these tests know. */
export * from "../../benchmarks/trapdoor.ts";
