/**
 * The same training graph on WebGPU. Where no GPU is, Chromium's software renderer stands in for one: slow,
 * but it runs the same shaders. The two agree to float32's rounding, and are not the same bits, which shows
 * that it was not the CPU that answered twice.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const CHROMIUM = "/usr/lib/chromium";
const DRIVER = join(CHROMIUM, "vk_swiftshader_icd.json");
const PACKAGES = "Debian's chromium-common, or a driver named in VK_ICD_FILENAMES";
const ready = existsSync(DRIVER) || process.env.VK_ICD_FILENAMES !== undefined;

type Result = { readonly losses: readonly number[]; readonly parameters: readonly number[] };

async function run(provider: string, loop: boolean): Promise<Result> {
  const script = join(import.meta.dirname, "webgpu-run.ts");
  // The package brings its own libvulkan.so.1.
  const libraries = [process.env.LD_LIBRARY_PATH, CHROMIUM].filter(Boolean).join(":");
  const env = { VK_ICD_FILENAMES: DRIVER, ...process.env, LD_LIBRARY_PATH: libraries };
  const { stdout } = await promisify(execFile)(process.execPath, [script, provider, String(loop)], { env });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Result;
}

describe("WebGPU", () => {
  it.skipIf(!ready)(`trains as the CPU does (needs ${PACKAGES})`, async () => {
    const cpu = await run("cpu", true);
    const [looped, single] = [await run("webgpu", true), await run("webgpu", false)];
    for (const result of [looped, single]) {
      expect(result.losses).toHaveLength(6);
      for (const [i, loss] of result.losses.entries()) expect(loss).toBeCloseTo(cpu.losses[i] as number, 4);
      for (const [i, value] of result.parameters.entries())
        expect(value).toBeCloseTo(cpu.parameters[i] as number, 4);
    }
    expect(looped.parameters).not.toEqual(cpu.parameters);
  });
});
