// Wrong calls as people make them, without --json: each says what is wrong, once.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { inProcess } from "./fixtures.ts";

describe("a wrong call", () => {
  it.each([
    ["what the parser finds", ["train", "--data", "digits"], /required option '-p, --project/],
    ["what the command finds", ["deposit", "--amount", "1"], /Say where: --project FOLDER/],
    ["what the command finds later", ["ask", "somewhere", "--budget", "1"], /"somewhere" is no address/],
  ])("says %s", async (_, args, what) => {
    const run = await inProcess(args);
    expect(run.code).toBe(2);
    expect(run.out).toBe("");
    expect(run.err).toMatch(what);
    expect(run.err.match(/error:/g)).toHaveLength(1);
    expect(run.err).toContain("add --help");
  });

  it("is told to programs as a document, and on standard error not at all", async () => {
    const run = await inProcess(["--json", "deposit", "--amount", "1"]);
    expect([run.code, run.err]).toEqual([2, ""]);
    expect(JSON.parse(run.out)).toMatchObject({ ok: false, message: expect.stringMatching(/Say where/) });
  });
});

describe("the help", () => {
  it("names every key that the documents ask for", async () => {
    const { out } = await inProcess(["--help"]);
    const documents = ["README.md", "docs/agent.md", "docs/contributor.md", "docs/prover.md"];
    const asked = new Set(
      documents.flatMap((file) => readFileSync(file, "utf8").match(/QUITTANCE(_[A-Z]+_KEY)(?==|\b)/g) ?? []),
    );
    expect(asked.size).toBeGreaterThan(5);
    for (const key of asked) expect(out).toContain(key.slice("QUITTANCE".length));
  });
});
