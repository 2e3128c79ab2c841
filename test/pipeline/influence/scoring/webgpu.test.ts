/**
 * The same scoring graph on WebGPU. Where no GPU is, Chromium's software renderer stands in for one: slow,
 * but it runs the same shaders. Rankings are equal to the last bit, because they are decided in float64;
 * totals are float32's and are not the same bits, which shows that it was not the CPU that answered twice.
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

type Result = { readonly helped: unknown; readonly hurt: unknown; readonly totals: readonly number[] };

// The package brings its own libvulkan.so.1.
const libraries = [process.env.LD_LIBRARY_PATH, CHROMIUM].filter(Boolean).join(":");
const env = { VK_ICD_FILENAMES: DRIVER, ...process.env, LD_LIBRARY_PATH: libraries };

async function run(provider: string): Promise<readonly Result[]> {
  const script = join(import.meta.dirname, "webgpu-run.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [script, provider], { env });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Result[];
}

describe("WebGPU", () => {
  it.skipIf(!ready)(`scores as the CPU does (needs ${PACKAGES})`, async () => {
    const [cpu, webgpu] = [await run("cpu"), await run("webgpu")];
    expect(webgpu).toHaveLength(2);
    for (const [i, { helped, hurt, totals }] of webgpu.entries()) {
      expect(helped).toEqual(cpu[i]?.helped);
      expect(hurt).toEqual(cpu[i]?.hurt);
      const [total = 0, expected = 0] = [totals[0], cpu[i]?.totals[0]];
      expect(Math.abs(total - expected)).toBeLessThan(1e-4 * Math.abs(expected));
      expect(total).not.toBe(expected);
    }
  });

  it.skipIf(!ready)(`is taken by auto only where it keeps up with the CPU (needs ${PACKAGES})`, async () => {
    const probe = join(import.meta.dirname, "../../../../pipeline/engine/probe.ts");
    const { stdout } = await promisify(execFile)(process.execPath, [probe, "webgpu"], { env });
    if (process.env.VK_ICD_FILENAMES === undefined)
      expect(stdout).toMatch(/^it is \d+ times slower than the CPU$/);
    else expect(stdout).toMatch(/^works$|times slower than the CPU$/);
  });
});
