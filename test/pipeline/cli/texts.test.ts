// An operator's day with texts whose classes have names, at the tiny-codes profile: five classes, three
// outputs.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLASSES, ticketCsv, tickets } from "../text/texts.ts";
import { quittance } from "./fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "quittance-texts-"));
const desk = join(folder, "desk");
const at = (name: string): string => join(folder, name);
const asked = tickets("cli/asked", 4);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(() => {
  writeFileSync(at("public.csv"), ticketCsv(tickets("cli/public", 200)));
  writeFileSync(at("tickets.csv"), ticketCsv(tickets("cli/contributed", 20), ["ada", "bo", "ada", "cy"]));
  const questions = asked.map(({ text }) => JSON.stringify({ text })).join("\n");
  writeFileSync(at("questions.jsonl"), questions);
});

type Json<T> = { readonly ok: boolean; readonly result: T; readonly error?: string };
const json = <T>(text: string): Json<T> => JSON.parse(text) as Json<T>;
const train = (...more: string[]) =>
  quittance(["train", "--json", "--profile", "tiny-codes", "--project", desk, ...more]);

describe("an operator's day with texts", () => {
  it("asks for public texts when it has nothing that reads texts", () => {
    const run = train("--data", at("tickets.csv"));
    expect(run.code).not.toBe(0);
    expect(run.err + run.out).toMatch(/--public FILE/);
  });

  it("trains the backbone on public texts, and the head on contributed ones", () => {
    const run = train("--data", at("tickets.csv"), "--public", at("public.csv"));
    expect(run.code, run.err).toBe(0);
    const { result } = json<{ samples: number; contributors: { name: string; samples: number }[] }>(run.out);
    expect(result.contributors.map(({ name, samples }) => [name, samples])).toEqual([
      ["ada", 10],
      ["bo", 5],
      ["cy", 5],
    ]);
  });

  it("refuses a class that the public texts do not have, by its line", () => {
    const rows = tickets("cli/contributed", 3).map((row, i) =>
      i === 1 ? { ...row, category: "mispelt" as (typeof CLASSES)[number] } : row,
    );
    writeFileSync(at("wrong.csv"), ticketCsv(rows, ["ada"]));
    const run = train("--data", at("wrong.csv"));
    expect(run.code).not.toBe(0);
    expect(run.err + run.out).toMatch(/line 3: the class .*mispelt.* is none of the 5/);
  });

  it("answers questions with the names of classes, and each receipt checks", () => {
    const run = quittance([
      "infer",
      "--json",
      "--project",
      desk,
      "--data",
      at("questions.jsonl"),
      "--fee",
      "9",
    ]);
    expect(run.code, run.err).toBe(0);
    const { result } = json<{ path: string; answer: string; receipt: { profile: string } }[]>(run.out);
    // Three outputs for five classes and few features: right more often than not is what is asked.
    const right = result.filter(({ answer }, i) => answer === asked[i]?.category).length;
    expect(right).toBeGreaterThanOrEqual(3);
    for (const { answer } of result) expect(CLASSES).toContain(answer);
    const path = result[0]?.path ?? "";
    writeFileSync(at("content"), asked[0]?.text ?? "");
    expect(quittance(["verify", path, "--content", at("content")]).code).toBe(0);
    writeFileSync(at("content"), asked[1]?.text ?? "");
    expect(quittance(["verify", path, "--content", at("content")]).code).toBe(1);
  });

  it("settles with real proofs, and the bundle verifies; changed, it does not", () => {
    const settled = quittance(["settle", "--json", "--project", desk]);
    expect(settled.code, settled.err).toBe(0);
    const { result } = json<{ bundle: string }>(settled.out);
    const verified = quittance(["verify", result.bundle]);
    expect(verified.code, verified.out).toBe(0);
    expect(verified.out).toMatch(/inference proofs: 2 of 2 hold/);
    const text = readFileSync(result.bundle, "utf8");
    writeFileSync(at("changed.json"), text.replace('"profile": "tiny-codes"', '"profile": "tiny"'));
    expect(readFileSync(at("changed.json"), "utf8")).not.toBe(text);
    expect(quittance(["verify", at("changed.json")]).code).not.toBe(0);
  });

  it("refuses pixels, in training and in questions", () => {
    writeFileSync(at("pixels.csv"), "label,p0,p1\n0,1,2\n1,3,4\n");
    const run = train("--data", at("pixels.csv"));
    expect(run.err + run.out).toMatch(/backbone reads texts/);
    const infer = quittance(["infer", "--json", "--project", desk, "--data", at("pixels.csv")]);
    expect(infer.err + infer.out).toMatch(/This model reads texts/);
  });
});
