/** What a project keeps of its backbones, and what the cache keeps of the standard one. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { backboneHash } from "../../pipeline/backbone/backbone.ts";
import { openUi } from "../../pipeline/cli/ui.ts";
import { openProject, type Project } from "../../pipeline/project.ts";
import {
  BackboneMissingError,
  backbonePath,
  EncoderFileError,
  keptBackbone,
  shareBackbone,
  trainingBackbone,
} from "../../pipeline/project-backbone.ts";
import { standardBackbone } from "../../pipeline/standard-backbone.ts";
import { contents, encoderFile } from "./backbone/networks.ts";

const folder = mkdtempSync(join(tmpdir(), "quittance-backbone-"));
const ui = openUi(process.stderr, true);
const cache = process.env.QUITTANCE_CACHE;
let project: Project;
let count = 0;

beforeEach(() => {
  process.env.QUITTANCE_CACHE = join(folder, "cache");
  project = openProject({ folder: join(folder, `project-${count++}`), create: { profile: "tiny" } });
});
afterEach(() => {
  project.close();
  if (cache === undefined) delete process.env.QUITTANCE_CACHE;
  else process.env.QUITTANCE_CACHE = cache;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the standard backbone", () => {
  it("is trained once, then taken from the cache; a damaged copy is made again", async () => {
    let reports = 0;
    const report = (): void => void reports++;
    const first = await standardBackbone(4, report);
    expect(reports).toBeGreaterThan(0);
    reports = 0;
    expect(backboneHash(await standardBackbone(4, report))).toBe(backboneHash(first));
    expect(reports).toBe(0);
    const files = readdirSync(join(folder, "cache", "backbones"));
    const file = files.find((name) => name.endsWith(".onnx")) ?? "";
    writeFileSync(join(folder, "cache", "backbones", file), first.subarray(1));
    expect(backboneHash(await standardBackbone(4, report))).toBe(backboneHash(first));
    expect(reports).toBeGreaterThan(0);
  });
});

describe("a project's backbone", () => {
  const path = join(folder, "encoder.onnx");

  it("may be brought, is kept under its hash, and used again without being named", async () => {
    writeFileSync(path, encoderFile(["n", 20], [["MatMul", [[20, 12]]], ["Relu"], ["MatMul", [[12, 3]]]]));
    const brought = { path, contents: contents(160, 20) };
    const onnx = await trainingBackbone({ project, d: 4, ui, brought });
    const hash = backboneHash(onnx);
    expect(backboneHash(readFileSync(backbonePath(project, hash)))).toBe(hash);
    rmSync(path);
    expect(backboneHash(await trainingBackbone({ project, d: 4, ui }))).toBe(hash);
    expect(backboneHash(keptBackbone(project, hash))).toBe(hash);
    const copy = shareBackbone(project, hash, join(folder, "shared"));
    expect(backboneHash(readFileSync(copy))).toBe(hash);
  });

  it("is refused when it is gone or altered, and when a brought file cannot be read", async () => {
    const standard = await trainingBackbone({ project, d: 4, ui });
    const hash = backboneHash(standard);
    writeFileSync(backbonePath(project, hash), standard.subarray(1));
    expect(() => keptBackbone(project, hash)).toThrow(/another hash/);
    expect(() => keptBackbone(project, "0".repeat(64))).toThrow(BackboneMissingError);
    await expect(
      trainingBackbone({ project, d: 4, ui, brought: { path: join(folder, "nothing.onnx") } }),
    ).rejects.toThrow(EncoderFileError);
  });
});
