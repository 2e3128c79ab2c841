// An operator's day at the tiny profile, each command a process of its own, some of them killed half-way.
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EpochBundle, readBundle } from "../../../pipeline/bundle.ts";
import { parseReceipt, type Receipt, receiptText } from "../../../pipeline/receipts.ts";
import { encoderFile } from "../backbone/networks.ts";
import { digitFolder, killed, quittance } from "./fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "quittance-cli-"));
const shop = join(folder, "shop");
const data = join(folder, "digits");
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(() => {
  digitFolder(data, 70, 9);
});

type Json<T> = { readonly ok: boolean; readonly result: T; readonly error?: string };
const json = <T>(text: string): Json<T> => JSON.parse(text) as Json<T>;

/** A receipt's text with another opening. */
function readReceiptWith(path: string, opening: Partial<Receipt["opening"]>): string {
  const receipt = parseReceipt(readFileSync(path, "utf8"), path);
  return receiptText({ ...receipt, opening: { ...receipt.opening, ...opening } });
}

describe("an operator's day", () => {
  it("trains with writers as contributors, also after a kill between batches", async () => {
    const args = ["train", "--json", "--profile", "tiny", "--project", shop, "--data", data];
    await killed(args, /Features of/);
    const run = quittance(args);
    expect(run.err).toMatch(/INSECURE: local proving keys/);
    expect(run.code, run.err).toBe(0);
    const { result } = json<{ samples: number; contributors: { name: string; samples: number }[] }>(run.out);
    expect(result.samples).toBe(70);
    expect(result.contributors.map(({ name, samples }) => [name, samples])).toEqual([
      ["writer-11", 10],
      ["writer-22", 20],
      ["writer-33", 10],
      ["writer-44", 10],
      ["writer-55", 20],
    ]);
  });

  it("answers paid queries with receipts that the payer can check, and no others", () => {
    const infer = ["infer", "--json", "--project", shop, "--data", data];
    const run = quittance([...infer, "--payer", "alice", "--fee", "7", "--limit", "4"]);
    expect(run.code, run.err).toBe(0);
    const { result } = json<{ path: string; receipt: { feeUnits: number } }[]>(run.out);
    expect(result.map(({ receipt }) => receipt.feeUnits)).toEqual([7, 7, 7, 7]);
    const more = quittance([...infer, "--payer", "bob", "--fee", "30", "--offset", "4", "--limit", "4"]);
    expect(more.code, more.err).toBe(0);

    const path = result[0]?.path ?? "";
    expect(quittance(["verify", path]).code).toBe(0);
    const content = join(folder, "content");
    const pixels = readFileSync(join(data, "t10k-images-idx3-ubyte"));
    writeFileSync(content, pixels.subarray(16, 16 + 784));
    expect(quittance(["verify", path, "--content", content]).code).toBe(0);
    const [onnx = ""] = readdirSync(join(shop, "backbones")).map((name) => join(shop, "backbones", name));
    const recomputed = ["verify", path, "--content", content, "--backbone"];
    const same = quittance([...recomputed, onnx]);
    expect([same.code, same.out]).toEqual([0, expect.stringMatching(/features: recomputed .* the same/)]);
    expect(quittance([...recomputed, content]).out).toMatch(/✗ reproducible features: the file is backbone/);
    const other = readReceiptWith(path, { features: new Int8Array(4).fill(1) });
    writeFileSync(join(folder, "features.json"), other);
    expect(quittance(["verify", join(folder, "features.json"), ...recomputed.slice(2), onnx]).out).toMatch(
      /✗ reproducible features: the backbone makes other/,
    );
    expect(quittance(["verify", path, "--backbone", onnx]).code).toBe(2);
    writeFileSync(content, pixels.subarray(16 + 784, 16 + 2 * 784));
    expect(quittance(["verify", path, "--content", content]).code).toBe(1);
    const forged = join(folder, "receipt.json");
    writeFileSync(forged, readFileSync(path, "utf8").replace('"feeUnits":7', '"feeUnits":6'));
    const refused = quittance(["verify", forged]);
    expect(refused.code).toBe(1);
    expect(refused.out).toMatch(/signature is not the operator's/);
  });

  it("explains an answer with samples that open against their batches", () => {
    const path = join(shop, "receipts", readdirSync(join(shop, "receipts"))[0] ?? "", "1", "000000.json");
    const explain = ["explain", path, "--project", shop, "--top", "4"];
    type Sample = {
      influence: number;
      leaveOneOut: number;
      label: number;
      content: string;
      inclusion: { opens: boolean; contentMatches: boolean };
    };
    type Explained = {
      inOrder: boolean;
      training: string;
      answer: number;
      helped: Sample[];
      hurt: Sample[];
      contributors: { influence: number }[];
    };
    const page = join(folder, "explained.html");
    const run = quittance([...explain, "--json", "--html", page]);
    expect(run.code, run.err).toBe(0);
    const { result } = json<Explained>(run.out);
    expect([result.inOrder, result.training]).toEqual([true, "committed"]);
    expect([result.helped.length, result.hurt.length]).toEqual([4, 4]);
    for (const { influence, leaveOneOut, content, inclusion } of [...result.helped, ...result.hurt]) {
      expect(Math.abs(leaveOneOut)).toBeGreaterThan(Math.abs(influence));
      expect(content.length).toBe(2 * 784);
      expect(inclusion).toMatchObject({ opens: true, contentMatches: true });
    }
    const falling = (samples: Sample[]): number[] => samples.map(({ influence }) => influence);
    expect(falling(result.helped)).toEqual([...falling(result.helped)].sort((a, b) => b - a));
    expect(falling(result.hurt)).toEqual([...falling(result.hurt)].sort((a, b) => a - b));
    expect(result.helped[0]?.label).toBe(result.answer);
    expect(readFileSync(page, "utf8").match(/<img /g)).toHaveLength(9);
    const shown = quittance(explain, { QUITTANCE_PROVIDER: "cpu" });
    expect(shown.out).toMatch(/[▀▄█]{3}/);
    expect(shown.out).toMatch(/root ✓ content ✓/);
    expect(shown.out).toMatch(/Scored on cpu\./);

    // A content that was changed after it was committed is noticed.
    const contents = join(shop, "state", "contents");
    const kept = readdirSync(contents).map(
      (name) => [join(contents, name), readFileSync(join(contents, name), "utf8")] as const,
    );
    for (const [file, text] of kept)
      writeFileSync(file, text.replaceAll("AAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAB"));
    const doubtful = quittance([...explain, "--json"]);
    expect(doubtful.code).toBe(1);
    expect(json<Explained>(doubtful.out).result.inOrder).toBe(false);
    for (const [file, text] of kept) writeFileSync(file, text);
    expect(quittance(["explain", path, "--project", join(folder, "nowhere")]).code).toBe(2);
  });

  it("settles once, whatever was killed on the way, and pays to the wei", async () => {
    const settle = ["settle", "--json", "--project", shop];
    for (const moment of [
      /Statements of/,
      /Commit the epoch/,
      /Prove \(.*samples/,
      /\] Prove \(/,
      /Post the training/,
      /Post the proofs/,
    ]) {
      await killed(settle, moment);
    }
    const run = quittance(settle);
    // When the last kill came too late, the epoch is settled already and there is nothing more to do.
    if (run.code !== 0) expect(run.out).toMatch(/Settle\.Nothing/);
    const bundle = readBundle(join(shop, "out", "epoch-1.json"));
    expect(bundle.inference.length).toBe(3);
    expect(bundle.weights.length).toBe(3);
    const paid = bundle.settlement.payoutsWei.reduce((sum, wei) => sum + BigInt(wei), 0n);
    const { sharesWei, earningsWei, carryOutWei } = bundle.settlement;
    expect(paid + BigInt(carryOutWei)).toBe(BigInt(earningsWei));
    const shared = Object.values(sharesWei).reduce((sum, wei) => sum + BigInt(wei), 0n);
    expect(shared).toBeGreaterThan(0n);
    expect(BigInt(earningsWei) + shared).toBe(BigInt(4 * 7 + 4 * 30) * 10n ** 12n);

    const claims = json<{ name: string; paidWei: string }[]>(
      quittance(["claim", "--json", "--project", shop]).out,
    );
    expect(claims.result.reduce((sum, claim) => sum + BigInt(claim.paidWei), 0n)).toBe(paid);
    const again = json<unknown[]>(quittance(["claim", "--json", "--project", shop]).out);
    expect(again.result).toEqual([]);
    const nothing = quittance(settle);
    expect(nothing.code).toBe(2);
    expect(nothing.out).toMatch(/Settle\.Nothing.*quittance infer/s);
  });

  it("exports a bundle that verifies, and none that was changed", () => {
    const path = join(shop, "out", "epoch-1.json");
    const good = quittance(["verify", path]);
    expect(good.out).toMatch(/Nothing is in doubt/);
    expect(good.out).toMatch(/✓ proven +training/);
    expect(good.code).toBe(0);
    const bundle = readBundle(path);
    const changed = (change: (copy: EpochBundle) => void): string => {
      const copy = structuredClone(bundle);
      change(copy);
      writeFileSync(join(folder, "changed.json"), JSON.stringify(copy));
      const run = quittance(["verify", join(folder, "changed.json")]);
      expect(run.code).toBe(1);
      expect(run.out).toMatch(/NOT VERIFIED/);
      return run.out;
    };
    const swap = (list: string[], a: number, b: number): void => {
      [list[a], list[b]] = [list[b] ?? "", list[a] ?? ""];
    };
    expect(changed((copy) => swap(copy.settlement.payoutsWei, 0, 1))).toMatch(/✗ proven +payouts/);
    expect(changed((copy) => swap(copy.weights[0]?.w ?? [], 0, 1))).toMatch(/✗ proven +weights proofs/);
    expect(changed((copy) => copy.inference[0]?.receipts.pop())).toMatch(/do not hash to its root/);
    expect(changed((copy) => copy.inference.reverse())).toMatch(/✗ proven +statements fit together/);
    expect(changed((copy) => copy.model.contributors.reverse())).toMatch(/✗ proven +model identity/);
    expect(changed((copy) => Object.assign(copy, { epoch: 2 }))).toMatch(/✗/);
    expect(changed((copy) => Object.assign(copy, { chainId: 1 }))).toMatch(
      /local keys prove nothing on chain 1/,
    );
    expect(changed((copy) => Object.assign(copy, { training: null }))).toMatch(/✗ open +training/);
    expect(changed((copy) => Object.assign(copy.model, { unproven: true }))).toMatch(/✗ proven +training/);
    expect(changed((copy) => copy.training?.samples.reverse())).toMatch(/✗ proven +training/);
  });

  it("goes on with the next epoch, which carries the dust", () => {
    const run = quittance(["infer", "--project", shop, "--data", data, "--payer", "carol", "--limit", "2"]);
    expect(run.code, run.err).toBe(0);
    const settled = quittance(["settle", "--project", shop]);
    expect(settled.code, settled.err).toBe(0);
    const [first, second] = [1, 2].map((n) => readBundle(join(shop, "out", `epoch-${n}.json`)));
    expect(second?.epoch).toBe(2);
    expect(second?.settlement.carryInWei).toBe(first?.settlement.carryOutWei);
    const checked = quittance(["verify", join(shop, "out", "epoch-2.json")]);
    expect(checked.code).toBe(0);
    expect(checked.out).toMatch(/✓ governed +verifying keys: INSECURE: local keys/);
  });

  it("forgets a contributor exactly: the sums subtract, and the lineage names the parent", () => {
    const before = json<{ model: string }>(quittance(["prove", "--json", "--project", shop]).out).result;
    const run = quittance(["forget", "writer-33", "--json", "--project", shop]);
    expect(run.code, run.err).toBe(0);
    const { result } = json<{ parent: string; samples: number; contributors: number }>(run.out);
    expect(result).toMatchObject({ parent: before.model, samples: 60, contributors: 4 });
    const proven = quittance(["prove", "--json", "--project", shop]);
    expect(proven.code, proven.err).toBe(0);
    const again = quittance(["forget", "writer-33", "--project", shop]);
    expect(again.code).toBe(2);
    expect(again.err).toMatch(/Forget\.Unknown.*writer-11/s);
  });
});

describe("a model that is registered as unproven", () => {
  it("settles without a training proof, and every page says so", () => {
    const kiosk = join(folder, "kiosk");
    const small = digitFolder(join(folder, "few"), 12, 3);
    const train = ["train", "--profile", "tiny", "--project", kiosk, "--data", small, "--unproven"];
    const trained = quittance(train);
    expect(trained.code, trained.err).toBe(0);
    expect(trained.out).toMatch(/UNPROVEN/);
    const asked = quittance(["infer", "--project", kiosk, "--data", small, "--json"]);
    expect(asked.code, asked.err).toBe(0);
    const [first] = json<{ path: string }[]>(asked.out).result;
    expect(quittance(["verify", first?.path ?? ""]).out).toMatch(/UNPROVEN/);
    expect(quittance(["settle", "--project", kiosk]).code).toBe(0);
    const bundle = join(kiosk, "out", "epoch-1.json");
    const checked = quittance(["verify", bundle]);
    expect(checked.code).toBe(0);
    expect(checked.out).toMatch(/open +training: UNPROVEN MODEL/);
    const proven = quittance(["prove", "--project", kiosk]);
    expect(proven.out).toMatch(/registered as unproven/);
  });
});

describe("an encoder of one's own", () => {
  const own = join(folder, "own");
  const file = join(folder, "encoder.onnx");
  const train = ["train", "--profile", "tiny", "--project", own, "--data", data, "--backbone", file];

  it("is quantised, kept in the project and used for answers", () => {
    writeFileSync(file, encoderFile(["n", 784], [["MatMul", [[784, 8]]], ["Relu"], ["MatMul", [[8, 3]]]]));
    const run = quittance([...train, "--json", "--limit", "20"]);
    expect(run.code, run.err).toBe(0);
    expect(run.err).toMatch(/Quantised to integers, \d+\.\d % of its features' variance kept/);
    const { backbone } = json<{ backbone: string }>(run.out).result;
    const kept = readFileSync(join(own, "backbones", `${backbone}.onnx`));
    expect(createHash("sha256").update(kept).digest("hex")).toBe(backbone);
    const asked = quittance(["infer", "--json", "--project", own, "--data", data, "--limit", "1"]);
    expect(asked.code, asked.err).toBe(0);
    const [answered] = json<{ receipt: { backbone: string } }[]>(asked.out).result;
    expect(answered?.receipt.backbone).toBe(backbone);
  });

  it("is refused by the name of what has no exact form in integers", () => {
    writeFileSync(file, encoderFile(["n", 784], [["MatMul", [[784, 3]]], ["Sigmoid"]]));
    const run = quittance(train);
    expect(run.code).toBe(2);
    expect(run.err).toMatch(/Backbone\.EncoderOperatorError: Sigmoid.*cannot be quantised exactly/s);
  });
});

describe("bad calls", () => {
  it.each([
    [["settle", "--project", join(folder, "nowhere")], /Project\.Missing.*quittance train/s],
    [["train", "--project", join(folder, "x"), "--data", join(folder, "nothing")], /Corpus\.ReadError/],
    [["train", "--project", join(folder, "x"), "--data", data, "--limit", "0"], /whole number/],
    [["infer", "--project", shop, "--data", data, "--fee", "70000"], /whole number from 1 to 65535/],
    [["claim", "--project", shop, "--account", "0x1"], /Claim\.NotAContributor/],
    [["verify", join(folder, "nothing.json")], /File\.Missing/],
    [["verify", join(data, "writers-train.tsv")], /Bundle\.Format/],
    [["nonsense"], /unknown command/],
    // Both `setup` and `setup finish` have --ptau and --profile: these are the second's.
    [
      [
        ...["setup", "finish", join(folder, "no-ceremony"), "--profile", "tiny", "--beacon", "00"],
        ...["--ptau", join(folder, "no.ptau"), "--keys", join(folder, "no-keys")],
      ],
      /Ceremony\.Refused.*is not the folder of a ceremony/,
    ],
  ])("%j", (args, message) => {
    const run = quittance(args);
    expect(run.code).toBe(2);
    expect(run.err).toMatch(message);
  });

  it("teach in --help, with an example for every command", () => {
    for (const command of [
      "demo",
      "setup",
      "train",
      "prove",
      "infer",
      "settle",
      "claim",
      "forget",
      "worker",
      "jobs",
      "verify",
      "doctor",
    ]) {
      const run = quittance([command, "--help"]);
      expect(run.code).toBe(0);
      expect(run.out).toMatch(new RegExp(`quittance ${command}`));
      expect(run.out).toMatch(/Example/);
    }
  });

  it("doctor finds this machine fit, in words and in JSON", () => {
    const run = quittance(["doctor", "--json"]);
    const { findings } = JSON.parse(run.out) as { findings: { subject: string; level: string }[] };
    expect(findings.map(({ subject }) => subject)).toEqual([
      "Node",
      "memory",
      "cache",
      "onnxruntime",
      "chain engine",
      "LevelDB",
      "prover",
      "keys",
    ]);
    expect(run.code).toBe(0);
    const broken = quittance(["doctor"], { QUITTANCE_CACHE: join(data, "writers-train.tsv", "x") });
    expect(broken.code).toBe(1);
    expect(broken.out).toMatch(/✗ cache: .*QUITTANCE_CACHE/);
    const missing = quittance(["doctor"], { QUITTANCE_RAPIDSNARK: join(data, "nowhere") });
    expect(missing.code).toBe(1);
    expect(missing.out).toMatch(/✗ prover: .*QUITTANCE_RAPIDSNARK/);
    expect(quittance(["doctor"], { QUITTANCE_PROVER: "snarkjs" }).out).toMatch(/prover: snarkjs/);
  });
});
