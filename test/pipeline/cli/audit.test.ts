// An auditor with a copy of a project: all is in order, and whatever is changed in the copy is named.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readBundle, writeBundle } from "../../../pipeline/bundle.ts";
import { sha256 } from "../../../pipeline/store.ts";
import { digitFolder, quittance } from "./fixtures.ts";

type Line = {
  readonly name: string;
  readonly assurance: string;
  readonly ok: boolean;
  readonly detail: string;
};

const folder = mkdtempSync(join(tmpdir(), "quittance-audit-"));
const shop = join(folder, "shop");
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(() => {
  const data = digitFolder(join(folder, "digits"), 70, 6);
  const done = (...args: string[]): void => {
    const run = quittance([...args, "--project", shop]);
    expect(run.code, run.err).toBe(0);
  };
  done("train", "--profile", "tiny", "--data", data);
  done("infer", "--data", data, "--payer", "alice", "--fee", "7", "--limit", "5");
  done("settle");
});

function audit(project: string, ...more: string[]): { code: number | null; checks: Line[]; err: string } {
  const run = quittance(["audit", "--json", "--project", project, ...more]);
  const { checks = [] } = JSON.parse(run.out) as { checks?: Line[] };
  return { code: run.code, checks, err: run.out };
}

/** A copy of the project in which one file of a folder is rewritten. */
function altered(name: string, part: string, change: (text: string) => string): string {
  const copy = join(folder, name);
  cpSync(shop, copy, { recursive: true });
  const at = join(copy, part);
  const [file = ""] = readdirSync(at).sort();
  const before = readFileSync(join(at, file), "utf8");
  const after = change(before);
  expect(after).not.toBe(before);
  writeFileSync(join(at, file), after);
  return copy;
}

const doubts = (checks: readonly Line[]): string[] =>
  checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`);

describe("an audit", () => {
  it("computes everything again and finds it as committed", () => {
    const { code, checks } = audit(shop);
    expect(doubts(checks)).toEqual([]);
    expect(code).toBe(0);
    const words = Object.fromEntries(checks.map(({ name, assurance }) => [name, assurance]));
    expect(words).toMatchObject({
      "features of samples": "reproducible",
      "features of questions": "reproducible",
      gradients: "reproducible",
      influence: "reproducible",
      "weights proofs": "proven",
    });
    expect(checks.find(({ name }) => name === "features of samples")?.detail).toMatch(/^70 of 70 /);
  });

  it("names a content that is another one", () => {
    const copy = altered("content", "state/contents", (text) => text.replace("AAAAAAAA", "AAAAAAAB"));
    const { code, checks } = audit(copy);
    expect(code).toBe(1);
    expect(doubts(checks)).toEqual([expect.stringMatching(/^features of samples: sample \d+ of .* another/)]);
  });

  it("needs no secret, and says how many contents it could not look at", () => {
    const copy = join(folder, "gone");
    cpSync(shop, copy, { recursive: true });
    rmSync(join(copy, "state", "contents"), { recursive: true });
    rmSync(join(copy, "secrets.json"));
    const { code, checks } = audit(copy);
    expect(code).toBe(0);
    const line = checks.find(({ name }) => name === "features of samples");
    expect([line?.assurance, line?.detail.slice(0, 7)]).toEqual(["open", "0 of 70"]);
  });

  it("names a sample whose class was changed after it was signed", () => {
    const copy = altered("class", "state/batches", (text) =>
      text.replace(/"klass":\[(\d)/, (_, klass: string) => `"klass":[${(Number(klass) + 1) % 3}`),
    );
    const { code, checks } = audit(copy);
    expect(code).toBe(1);
    const wrong = doubts(checks).map((text) => text.split(":")[0]);
    expect(wrong).toEqual(["batches", "weights of the model", "gradients", "influence"]);
  });

  it("names an answer whose receipt says something else, and a weight that nobody has", () => {
    const copy = join(folder, "weights");
    cpSync(shop, copy, { recursive: true });
    const path = join(copy, "out", "epoch-1.json");
    const bundle = readBundle(path);
    const [group] = bundle.weights;
    group?.w.splice(0, 1, String(BigInt(group.w[0] ?? "") + 1n));
    writeBundle(path, bundle);
    const { code, checks } = audit(copy);
    expect(code).toBe(1);
    expect(doubts(checks)[0]).toMatch(/^influence: writer-11 has influence \d+, the bundle pays by \d+$/);

    // A line of the journal with a class that nobody answered, and the checksum that such a line has.
    const model = readdirSync(join(shop, "receipts"))[0] ?? "";
    const journal = join(shop, "receipts", model, "1", "answers.jsonl");
    const [line = "", ...more] = readFileSync(journal, "utf8").split("\n");
    const text = line.slice(17).replace(/"answer":(\d)/, (_, k: string) => `"answer":${(Number(k) + 1) % 3}`);
    expect(text).not.toBe(line.slice(17));
    writeFileSync(
      join(copy, "receipts", model, "1", "answers.jsonl"),
      [`${sha256(text).slice(0, 16)} ${text}`, ...more].join("\n"),
    );
    expect(doubts(audit(copy).checks)[0]).toMatch(/^answers: receipt 0: the opening/);
  });

  it("asks for the right project and epoch", () => {
    expect(audit(shop, "--epoch", "2").err).toMatch(/Audit\.NotSettled/);
    expect(audit(join(folder, "nowhere")).err).toMatch(/Project\.Missing/);
  });
});
